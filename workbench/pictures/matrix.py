"""The shared-dependency matrix as a picture: the darker a cell, the less two crates have in common."""

from collections.abc import Iterable, Sequence
from math import nan
from typing import Any, Final

from workbench.dashboards.theme import ACCENT, LINE, PAGE, TEXT
from workbench.fleet.analysis.sharing import SharedDependencies, shared_dependencies
from workbench.fleet.lookup import crate_records
from workbench.fleet.snapshot import Snapshot
from workbench.pictures.picture import Picture

_CELL: Final = 0.24
_MOST_NUMBERS: Final = 60
"""In larger matrices the cells have no room for numbers."""


def matrix_picture(
    snapshot: Snapshot, names: Sequence[str] = (), most: int = 40, without: Iterable[str] = ()
) -> Picture:
    """Return the matrix of the named crates, or of those with the most dependencies."""
    left_out = {record.crate.name for name in without for record in crate_records(name, snapshot) if record.crate}
    answer = shared_dependencies(snapshot, *names, most=most)
    targets = tuple(found - left_out for found in answer.targets)
    answer = SharedDependencies(answer.crates, answer.nodes_of, targets, answer.of)

    def interactive() -> Any:
        from workbench.dashboards.charts.matrix_figure import matrix_figure

        return matrix_figure(answer)

    edge = _CELL * len(answer.crates) + 2.6
    return Picture(
        "Dependencies in common",
        answer.explanation,
        (max(5.0, edge), max(3.5, edge)),
        lambda figure: _draw(figure, answer),
        interactive,
    )


def _draw(figure: Any, answer: SharedDependencies) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    axes = figure.add_subplot()
    matrix = answer.matrix
    count = len(matrix)
    top = max((value for y, row in enumerate(matrix) for x, value in enumerate(row) if x != y), default=0)
    shades = LinearSegmentedColormap.from_list("shared", [PAGE, "#155e75", ACCENT]).with_extremes(bad=LINE)
    if count:
        # What a crate has in common with itself would outshine all else.
        others = [[nan if x == y else value for x, value in enumerate(row)] for y, row in enumerate(matrix)]
        axes.imshow(others, cmap=shades, vmin=0, vmax=max(top, 1), aspect="equal")
    if count <= _MOST_NUMBERS:
        for y, row in enumerate(matrix):
            for x, value in enumerate(row):
                if value:
                    ink = PAGE if x != y and value > top / 2 else TEXT
                    axes.text(x, y, str(value), ha="center", va="center", fontsize=6.5, color=ink)
    axes.set_xticks(range(count), answer.crates, rotation=90)
    axes.set_yticks(range(count), answer.crates)
    axes.tick_params(length=0, labelsize=7.5, labelcolor=TEXT)
    axes.spines[:].set_color(LINE)
