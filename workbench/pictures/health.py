"""The health of crates over time as a picture: a bar for each, in the colours of its states."""

from datetime import UTC, datetime
from typing import Any

from workbench.dashboards.charts.health_rows import STATE_COLORS, HealthRows
from workbench.dashboards.theme import QUIET, TEXT
from workbench.pictures.picture import Picture

_ROW = 0.27


def health_picture(found: HealthRows) -> Picture:
    """Return the picture of some rows; time is UTC, and the availability stands right of each bar."""

    def interactive() -> Any:
        from workbench.dashboards.charts.health_figure import health_figure

        return health_figure(found)

    size = (10.0, max(2.0, _ROW * len(found.rows) + 1.4))
    return Picture("Health over time", found.explanation, size, lambda figure: _draw(figure, found), interactive)


def _draw(figure: Any, found: HealthRows) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
    from matplotlib.patches import Patch

    axes = figure.add_subplot()
    start, end = (date2num(datetime.fromtimestamp(moment, UTC)) for moment in (found.start, found.end))
    day = 86_400.0
    for place, row in enumerate(found.rows):
        pieces = [(start + (span.start - found.start) / day, (span.end - span.start) / day) for span in row.spans]
        colors = [STATE_COLORS[span.state] for span in row.spans]
        axes.broken_barh(pieces, (place - 0.33, 0.66), facecolors=colors)
        axes.text(end, place, f"  {row.note}", va="center", color=QUIET, fontsize=8)
    axes.set_xlim(start, end)
    axes.set_ylim(max(len(found.rows), 1) - 0.4, -0.6)
    axes.set_yticks(range(len(found.rows)), [row.crate for row in found.rows])
    axes.tick_params(length=0, labelcolor=TEXT)
    axes.spines[:].set_visible(False)
    locator = AutoDateLocator(tz=UTC)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=UTC))
    axes.tick_params(axis="x", labelcolor=QUIET)
    handles = [Patch(facecolor=STATE_COLORS[state], label=state) for state in found.states]
    if handles:
        figure.legend(handles=handles, loc="outside lower left", ncols=len(handles), frameon=False)
