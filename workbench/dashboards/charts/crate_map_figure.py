"""A map of crates as an interactive figure."""

from collections.abc import Sequence
from typing import Any, Final

from bokeh.core.properties import value
from bokeh.models import ColumnDataSource, HoverTool, Range1d
from bokeh.plotting import figure

from workbench.dashboards.charts.axes import chart_figure, dress_legend, tooltip
from workbench.dashboards.charts.crate_map import CrateMap
from workbench.dashboards.graph_glyphs import name_glyph
from workbench.dashboards.graph_paint import arrowhead, curve
from workbench.dashboards.theme import CARD

_ROW_PX: Final = 26
_POINTS: Final = 14
_BACK: Final = 0.07
"""How far before its node an arrow ends, in columns."""
_LONGEST_NAME: Final = 24


def crate_map_figure(drawn: CrateMap, **options: Any) -> figure:
    """Return the figure of a map, with options of Bokeh's; what is known of a crate is told where one points at it."""
    plot = chart_figure(
        name="crate-map",
        height=max(280, int(_ROW_PX * drawn.rows + 150)),
        x_range=Range1d(start=-0.5, end=drawn.columns + 0.35),
        y_range=Range1d(start=drawn.rows - 0.3, end=-0.7),
        **options,
    )
    plot.axis.visible = False
    for kind, pairs in drawn.links.items():
        _add_links(plot, drawn, kind, pairs)
    for label, color in drawn.legend.items():
        _add_nodes(plot, drawn, label, color)
    rest = set(drawn.colors.values()) - set(drawn.legend.values())
    for color in sorted(rest):
        _add_nodes(plot, drawn, None, color)
    _add_names(plot, drawn)
    dress_legend(plot)
    return plot


def _add_links(plot: figure, drawn: CrateMap, kind: str, pairs: Sequence[tuple[str, str]]) -> None:
    line = drawn.lines[kind]
    places = [(drawn.positions[a], drawn.positions[b]) for a, b in pairs]
    curves = [curve(source, target, _POINTS) for source, target in places]
    plot.multi_line(
        [xs for xs, _ in curves], [ys for _, ys in curves], line_color=line.color, line_alpha=line.alpha,
        line_dash="dashed" if line.is_dashed else "solid", legend_label=f"link: {kind.replace('-', ' and ')}",
    )  # fmt: skip
    heads = [arrowhead(source, target, _BACK) for source, target in places]
    plot.scatter(
        [x for x, _, _ in heads], [y for _, y, _ in heads], angle=[angle for _, _, angle in heads],
        marker="triangle", size=6, fill_color=line.color, fill_alpha=min(1.0, line.alpha * 1.5), line_color=None,
    )  # fmt: skip


def _add_nodes(plot: figure, drawn: CrateMap, label: str | None, color: str) -> None:
    keys = [key for key, own in drawn.colors.items() if own == color]
    source = ColumnDataSource({
        "x": [drawn.positions[key][0] for key in keys],
        "y": [drawn.positions[key][1] for key in keys],
        "name": [drawn.names[key] for key in keys],
        "note": [drawn.notes[key] for key in keys],
        "inside": [CARD if key in drawn.hollow else color for key in keys],
    })  # fmt: skip
    named: dict[str, Any] = {} if label is None else {"legend_label": label}
    nodes = plot.scatter("x", "y", source=source, size=11, fill_color="inside", line_color=color, line_width=2, **named)
    hover = HoverTool(renderers=[nodes], tooltips=tooltip("@name", "@note"), point_policy="follow_mouse")
    plot.add_tools(hover)


def _add_names(plot: figure, drawn: CrateMap) -> None:
    glyph = name_glyph("normal")
    glyph.update(x_offset=value(8), text_alpha=value(1.0))
    names = [name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…" for name in drawn.names.values()]
    places = [drawn.positions[key] for key in drawn.names]
    plot.add_glyph(ColumnDataSource({"x": [x for x, _ in places], "y": [y for _, y in places], "label": names}), glyph)
