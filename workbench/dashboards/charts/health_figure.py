"""The health of crates over time as an interactive figure."""

from bokeh.models import ColumnDataSource, FactorRange, HoverTool, Range1d
from bokeh.plotting import figure

from workbench.dashboards.charts.axes import chart_figure, dress_legend, tooltip
from workbench.dashboards.charts.health_rows import STATE_COLORS, HealthRows
from workbench.fleet.health import State
from workbench.fleet.wire import iso

_ROW_PX = 26


def health_figure(found: HealthRows) -> figure:
    """Return the figure of some rows; time is UTC, and can be zoomed alone."""
    names = [row.crate for row in found.rows]
    plot = chart_figure(
        name="health-figure",
        height=140 + _ROW_PX * max(3, len(names)),
        x_axis_type="datetime",
        x_range=Range1d(start=found.start * 1000, end=found.end * 1000),
        y_range=FactorRange(factors=names[::-1]),
        tools="xpan,xwheel_zoom,reset,save",
    )
    for state in found.states:
        bars = plot.hbar(
            y="crate", left="start", right="end", height=0.66, source=_source(found, state),
            fill_color=STATE_COLORS[state], line_color=None, legend_label=state,
        )  # fmt: skip
        words = tooltip("@crate", f"{state}, by @by", "from @since, @seconds{0,0.0} s", "@detail", "there @share")
        plot.add_tools(HoverTool(renderers=[bars], tooltips=words, point_policy="follow_mouse"))
    dress_legend(plot)
    return plot


def _source(found: HealthRows, state: State) -> ColumnDataSource:
    rows = [(row, span) for row in found.rows for span in row.spans if span.state == state]
    return ColumnDataSource({
        "crate": [row.crate for row, _ in rows],
        "start": [span.start * 1000 for _, span in rows],
        "end": [span.end * 1000 for _, span in rows],
        "since": [iso(span.start) for _, span in rows],
        "seconds": [span.end - span.start for _, span in rows],
        "by": [span.source or "nobody" for _, span in rows],
        "detail": [span.detail for _, span in rows],
        "share": [row.note for row, _ in rows],
    })  # fmt: skip
