"""The port map as a picture: a cell for each port, a strip for each block."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from workbench.dashboards.port_figure import FILLS, INKS, MEANINGS, PortFigure
from workbench.dashboards.port_map import ROW_LENGTH, STATES, PortMap, port_map
from workbench.dashboards.theme import CARD, QUIET, TEXT
from workbench.fleet.snapshot import Snapshot
from workbench.pictures.picture import Picture

if TYPE_CHECKING:
    from workbench.desks.assignments import Assignment

_WIDTH: Final = 11.0
_ROW: Final = 0.24


def port_map_picture(snapshot: Snapshot, assignments: "Iterable[Assignment]" = ()) -> Picture:
    """Return the port map of a snapshot, with the ports that are assigned."""
    held = frozenset((item.port, item.crate_name) for item in assignments)
    drawn = port_map(snapshot, held)

    def interactive() -> Any:
        figure = PortFigure(lambda _: None)
        figure.draw(drawn, snapshot)
        return figure.plot

    used = {state: sum(cell.state == state for cell in drawn.cells) for state in STATES}
    said = ", ".join(f"{count:,} {MEANINGS[state]}" for state, count in used.items() if count)
    return Picture(
        "Port map",
        f"Every port of the plan and every port spoken of: {said}.",
        (_WIDTH, _ROW * (drawn.rows + 4)),
        lambda figure: _draw(figure, drawn),
        interactive,
    )


def _draw(figure: Any, drawn: PortMap) -> None:
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Patch, Rectangle

    axes = figure.add_subplot()
    axes.axis("off")
    axes.set_xlim(0, ROW_LENGTH)
    axes.set_ylim(drawn.rows, 0)
    cells = [Rectangle((cell.column + 0.04, cell.row + 0.07), 0.92, 0.86) for cell in drawn.cells]
    colors = [FILLS[cell.state] for cell in drawn.cells]
    axes.add_collection(PatchCollection(cells, facecolors=colors, edgecolors=CARD, linewidths=0.3))
    for cell in drawn.cells:
        axes.text(
            cell.column + 0.5, cell.row + 0.53, str(cell.port), color=INKS[cell.state],
            ha="center", va="center", fontsize=6.5, family="DejaVu Sans Mono",
        )  # fmt: skip
    for heading in drawn.headings:
        axes.text(0.04, heading.row + 0.62, heading.title, color=TEXT, va="center", fontweight="bold")
        axes.text(ROW_LENGTH - 0.04, heading.row + 0.62, heading.note, color=QUIET, va="center", ha="right", fontsize=8)
    shown = [state for state in STATES if any(cell.state == state for cell in drawn.cells)]
    handles = [Patch(facecolor=FILLS[state], label=MEANINGS[state]) for state in shown]
    if handles:
        figure.legend(handles=handles, loc="outside lower left", ncols=len(handles), frameon=False)
