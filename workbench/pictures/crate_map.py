"""Maps of crates as pictures: topology, blast radius, and what is seen laid over what is declared."""

from typing import Any, Final

from workbench.dashboards.charts.crate_map import CrateMap
from workbench.dashboards.theme import CARD, QUIET, TEXT
from workbench.pictures.picture import Picture

_COLUMN: Final = 1.55
_ROW: Final = 0.36
_LEGEND_ENTRY: Final = 1.9
_LONGEST_NAME: Final = 24


def map_picture(drawn: CrateMap) -> Picture:
    """Return the picture of a map."""

    def interactive() -> Any:
        from workbench.dashboards.charts.crate_map_figure import crate_map_figure

        return crate_map_figure(drawn)

    size = _size(drawn)
    return Picture(drawn.title, drawn.said, size, lambda figure: _draw(figure, drawn), interactive)


def _size(drawn: CrateMap) -> tuple[float, float]:
    return max(6.0, drawn.columns * _COLUMN + 0.8), max(2.5, drawn.rows * _ROW + 1.2)


def _draw(figure: Any, drawn: CrateMap) -> None:
    from matplotlib.lines import Line2D

    axes = figure.add_subplot()
    axes.axis("off")
    xs, ys = zip(*drawn.positions.values(), strict=True) if drawn.positions else ((0,), (0,))
    axes.set_xlim(min(xs) - 0.2, max(xs) + 1.1)
    axes.set_ylim(max(ys) + 0.7, min(ys) - 0.7)
    _draw_links(axes, drawn)
    _draw_nodes(axes, drawn)
    rings = {drawn.colors[key] for key in drawn.hollow}
    dots = [
        Line2D([], [], marker="o", linestyle="", color=color, label=_short(name),
               markerfacecolor=CARD if color in rings else color)
        for name, color in drawn.legend.items()
    ]  # fmt: skip
    lines = [
        Line2D([], [], color=line.color, linestyle="--" if line.is_dashed else "-", label=kind.replace("-", " and "))
        for kind, line in drawn.lines.items()
        if kind in drawn.links
    ]
    if dots or lines:
        columns = min(4, int(_size(drawn)[0] / _LEGEND_ENTRY))
        figure.legend(handles=[*dots, *lines], loc="outside lower left", ncols=columns, frameon=False, labelcolor=QUIET)


def _draw_links(axes: Any, drawn: CrateMap) -> None:
    from matplotlib.patches import FancyArrowPatch

    for kind, pairs in drawn.links.items():
        line = drawn.lines[kind]
        for source, target in pairs:
            arrow = FancyArrowPatch(
                drawn.positions[source], drawn.positions[target], arrowstyle="-|>", mutation_scale=7,
                connectionstyle="arc3,rad=0.08", shrinkA=4, shrinkB=5, linewidth=0.7,
                linestyle="--" if line.is_dashed else "-", color=line.color, alpha=line.alpha, zorder=1,
            )  # fmt: skip
            axes.add_patch(arrow)


def _draw_nodes(axes: Any, drawn: CrateMap) -> None:
    behind = {"facecolor": CARD, "edgecolor": "none", "alpha": 0.6, "pad": 0.5}
    for key, (x, y) in drawn.positions.items():
        color = drawn.colors[key]
        inside, edge, width = (CARD, color, 1.2) if key in drawn.hollow else (color, CARD, 1.0)
        axes.plot([x], [y], "o", markersize=7, color=inside, markeredgecolor=edge, markeredgewidth=width, zorder=2)
        axes.text(x + 0.07, y, _short(drawn.names[key]), va="center", fontsize=7.5, color=TEXT, zorder=3, bbox=behind)


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
