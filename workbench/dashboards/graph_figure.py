"""The slot graph drawn with Bokeh on canvas: nodes, curved edges with arrowheads, and names."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from bokeh.models import ColumnDataSource, CustomJS, HoverTool, Range1d, StaticLayoutProvider, TapTool

from workbench.dashboards.cartography import Chart
from workbench.dashboards.figure_files import save_tool
from workbench.dashboards.graph_glyphs import arrow_glyph, graph_renderer, name_glyph
from workbench.dashboards.graph_paint import Columns, Paint, label_ranks, paint_edges, paint_nodes
from workbench.dashboards.theme import ACCENT, TOOLTIP_STYLE, card_figure

_NODE_PX_PER_COLUMN: Final = 48
"""Below so many pixels a column, only the foremost names are shown."""
_NAME_PX_PER_ROW: Final = 33
"""Rows of neighbouring columns are a third of this apart, which is what a name needs."""

_LEFT: Final = 0.62
"""Room left of the first column: edges between nodes of one column swing out as far."""
_NAME_PX: Final = 140
"""Room for the names right of the last column."""

_TOOLTIP: Final = (
    f'<div style="{TOOLTIP_STYLE}"><b style="color:{ACCENT}">@label</b> <span style="color:#94a3b8">@kind</span><br>'
    '@known<br><span style="color:#94a3b8">@incoming edges lead here, @outgoing lead away</span></div>'
)

_SHOW_NAMES: Final = f"""
if (xr.tags.length === 2 && xr.end === xr.reset_end && plot.inner_width > {2 * _NAME_PX}) {{
  const [left, right] = xr.tags;
  const end = right + (right - left) * {_NAME_PX} / (plot.inner_width - {_NAME_PX});
  if (Math.abs(end - xr.end) > 1e-3) {{ xr.reset_end = end; xr.end = end; }}
}}
const px_column = plot.inner_width / Math.abs(xr.end - xr.start);
const px_row = plot.inner_height / Math.abs(yr.end - yr.start);
const roomy = px_column > {_NODE_PX_PER_COLUMN} && px_row > {_NAME_PX_PER_ROW};
if (minor.visible !== roomy) minor.visible = roomy;
"""


class GraphFigure:
    """Draws charts and tells which node was tapped (None for the empty canvas)."""

    def __init__(self, on_tap: Callable[[str | None], None]) -> None:
        self._on_tap = on_tap
        self._chart: Chart | None = None
        self._names: list[str] = []
        self._is_drawing = False
        self.plot = card_figure(
            name="slot-graph",
            height=620, sizing_mode="stretch_width", x_range=Range1d(start=0, end=1), y_range=Range1d(start=1, end=0),
            tools="pan,wheel_zoom,zoom_in,zoom_out,reset", active_scroll=None, active_drag="pan",
        )  # fmt: skip
        self.plot.min_border = 0
        self.nodes = ColumnDataSource(paint_nodes(None))
        self.edges = ColumnDataSource(paint_edges(None)[0])
        self._layout = StaticLayoutProvider(graph_layout={})
        self.graph = graph_renderer(self.nodes, self.edges, self._layout)
        self.arrows = ColumnDataSource({"x": [], "y": [], "angle": [], "size": [], "color": [], "alpha": []})
        self.names = ColumnDataSource({"x": [], "y": [], "offset": [], "label": [], "alpha": []})
        self.foremost = ColumnDataSource({"x": [], "y": [], "offset": [], "label": [], "alpha": []})
        self._add_glyphs()
        self.nodes.selected.on_change("indices", self._tapped)

    def _add_glyphs(self) -> None:
        self.plot.renderers.append(self.graph)
        self.plot.add_glyph(self.arrows, arrow_glyph())
        minor = self.plot.add_glyph(self.names, name_glyph("normal"))
        self.plot.add_glyph(self.foremost, name_glyph("bold"))
        # Arrows and names are drawn over the nodes and must not take their taps.
        hover = HoverTool(renderers=[self.graph], tooltips=_TOOLTIP, point_policy="follow_mouse")
        self.plot.add_tools(hover, TapTool(renderers=[self.graph]), save_tool(self.plot, "slot-graph.png"))
        plot, xr, yr = self.plot, self.plot.x_range, self.plot.y_range
        show_names = CustomJS(args={"plot": plot, "xr": xr, "yr": yr, "minor": minor}, code=_SHOW_NAMES)
        xr.js_on_change("start", show_names)
        xr.js_on_change("end", show_names)
        yr.js_on_change("end", show_names)
        xr.js_on_change("tags", show_names)
        plot.js_on_change("inner_width", show_names)
        plot.js_on_change("inner_height", show_names)

    def draw(self, paint: Paint) -> None:
        """Draw a chart as it is painted, and show the whole of it if it answers another question than the last."""
        chart = paint.chart
        is_new_extent = self._chart is None or self._chart.view != chart.view
        self._chart, self._names = chart, list(chart.slice.nodes)
        self._is_drawing = True
        try:
            self._put(paint)
        finally:
            self._is_drawing = False
        if is_new_extent:
            self._fit()

    def _put(self, paint: Paint) -> None:
        chart = paint.chart
        nodes, (edges, arrows) = paint_nodes(paint), paint_edges(paint)
        places: dict[int | str, Sequence[float]] = {n: chart.positions[name] for n, name in enumerate(self._names)}
        put_columns(self.nodes, nodes)
        put_columns(self.edges, edges)
        # After the data, and in the provider that there is: the browser goes on listening to the first one alone.
        self._layout.graph_layout = places
        put_columns(self.arrows, arrows)
        ranks = label_ranks(paint)
        put_columns(self.foremost, _name_columns(nodes, places, list(ranks.foremost)))
        put_columns(self.names, _name_columns(nodes, places, list(ranks.others)))
        chosen = [n for n, name in enumerate(self._names) if name == paint.selected]
        if self.nodes.selected.indices != chosen:
            self.nodes.selected.indices = chosen

    def _fit(self) -> None:
        """Show the whole chart, with room for the names right of the last column."""
        assert self._chart is not None
        places = self._chart.positions.values()
        left, right = (min((x for x, _ in places), default=0.0), max((x for x, _ in places), default=0.0))
        top, bottom = (min((y for _, y in places), default=0.0), max((y for _, y in places), default=0.0))
        room = max(1.0, (right - left) * 0.15)
        for axis, start, end in (
            (self.plot.x_range, left - _LEFT, right + room + 0.35),
            (self.plot.y_range, max(bottom, top + 4) + 0.6, top - 0.6),
        ):
            axis.update(start=start, end=end, reset_start=start, reset_end=end)
        self.plot.x_range.tags = [left - _LEFT, right]

    def _tapped(self, _attr: str, _old: list[int], new: list[int]) -> None:
        if not self._is_drawing:
            self._on_tap(self._names[new[0]] if new else None)


def put_columns(source: ColumnDataSource, columns: Columns) -> None:
    """Put columns into a source; of rows that are still as many, only the columns that differ are sent."""
    old = source.data
    changed = {name: values for name, values in columns.items() if name not in old or list(old[name]) != values}
    if not changed:
        return
    if old.keys() != columns.keys() or any(len(old[name]) != len(values) for name, values in columns.items()):
        source.data = columns
    else:
        source.patch({name: [(slice(len(values)), values)] for name, values in changed.items()})


def _name_columns(nodes: Columns, places: Mapping[int | str, Sequence[float]], chosen: list[int]) -> Columns:
    return {
        "x": [places[n][0] for n in chosen],
        "y": [places[n][1] for n in chosen],
        "offset": [nodes["size"][n] / 2 + 3 for n in chosen],
        "label": [nodes["short"][n] for n in chosen],
        "alpha": [nodes["alpha"][n] for n in chosen],
    }
