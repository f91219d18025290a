"""The shared-dependency matrix as an interactive figure."""

from typing import Any, Final

from bokeh.models import ColumnDataSource, FactorRange, HoverTool, LinearColorMapper
from bokeh.plotting import figure

from workbench.dashboards.charts.axes import chart_figure, tooltip
from workbench.dashboards.theme import LINE, PAGE
from workbench.fleet.analysis.sharing import SharedDependencies

SHADES: Final = (PAGE, "#0c2a3a", "#12465a", "#155e75", "#0e7490", "#0891b2", "#06b6d4", "#22d3ee")
_CELL_PX: Final = 22
_MOST_NAMED: Final = 12


def matrix_figure(answer: SharedDependencies) -> figure:
    """Return the figure of an answer: a cell for each two crates, which names what they have in common."""
    names = list(answer.crates)
    plot = chart_figure(
        name="matrix-figure",
        sizing_mode="fixed",
        width=max(420, _CELL_PX * len(names) + 220),
        height=max(360, _CELL_PX * len(names) + 220),
        x_range=FactorRange(factors=names),
        y_range=FactorRange(factors=names[::-1]),
    )
    plot.xaxis.major_label_orientation = "vertical"
    source = ColumnDataSource(_cells(answer))
    top = max((n for n, one, other in zip(*(source.data[key] for key in ("shared", "one", "other")), strict=True)
               if one != other), default=1)  # fmt: skip
    shades = LinearColorMapper(palette=SHADES, low=0, high=max(top, 1), high_color=LINE)
    cells = plot.rect(
        x="other", y="one", width=0.96, height=0.96, source=source,
        fill_color={"field": "shade", "transform": shades}, line_color=None,
    )  # fmt: skip
    words = tooltip("@one and @other", "@shared in common", "@which")
    plot.add_tools(HoverTool(renderers=[cells], tooltips=words, point_policy="follow_mouse"))
    return plot


def _cells(answer: SharedDependencies) -> dict[str, Any]:
    pairs = [
        (one, other, a & b)
        for one, a in zip(answer.crates, answer.targets, strict=True)
        for other, b in zip(answer.crates, answer.targets, strict=True)
    ]
    return {
        "one": [one for one, _, _ in pairs],
        "other": [other for _, other, _ in pairs],
        "shared": [len(common) for _, _, common in pairs],
        # What a crate has in common with itself would outshine all else: it is drawn as beyond the scale.
        "shade": [float("inf") if one == other else len(common) for one, other, common in pairs],
        "which": [_listed(common) for _, _, common in pairs],
    }


def _listed(names: frozenset[str]) -> str:
    shown = sorted(names)
    rest = f" and {len(shown) - _MOST_NAMED} more" if len(shown) > _MOST_NAMED else ""
    return ", ".join(shown[:_MOST_NAMED]) + rest
