"""The topology page: the slot graph, filtered and focused, and the neighbours of the node that is selected."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import panel as pn
from panel.viewable import Viewable

from workbench.dashboards.address import Address
from workbench.dashboards.cartography import Cartographer, Chart
from workbench.dashboards.graph_figure import GraphFigure
from workbench.dashboards.links import Links
from workbench.dashboards.live import Feed
from workbench.dashboards.node_details import graph_overview, legend_markup, node_details, shown_markup
from workbench.dashboards.page import Page
from workbench.dashboards.panes import column, control, html_pane, show
from workbench.dashboards.registry import classes
from workbench.dashboards.slot_view import DEFAULT_EDGES, DEFAULT_NODES, SlotView
from workbench.dashboards.states import no_match_state
from workbench.dashboards.theme import OTHER_COLOR, SEVERITY_COLORS, class_colors
from workbench.fleet.graph import EDGE_TYPES, NODE_TYPES, slot_graph
from workbench.fleet.snapshot import Snapshot
from workbench.workbench import Workbench

COLORINGS: Final = ("class", "worst finding")
HOPS: Final[Mapping[str, int]] = {
    "whole fleet": 0,
    "1 hop from selection": 1,
    "2 hops from selection": 2,
    "3 hops from selection": 3,
}
TYPE_COLORS: Final[Mapping[str, str]] = {
    "port": "#67e8f9", "foundation": "#fbbf24", "endpoint": "#86efac", "capability": "#f0abfc", "external": "#cbd5e1",
}  # fmt: skip


class TopologyPage(Page):
    """The slot graph; `TopologyPage(wb)` shows itself in a notebook."""

    title: ClassVar[str] = "Topology"

    def __init__(
        self,
        wb: Workbench,
        feed: Feed | None = None,
        address: Address | None = None,
        cartographer: Cartographer | None = None,
    ) -> None:
        self.cartographer = cartographer or Cartographer()
        super().__init__(wb, feed, address)
        self.feed.prepare(self.cartographer.prepare)

    def build(self) -> Viewable:
        address = self.address
        self.links = Links(self.is_linked)
        node = address.text("node")
        self.selected: str | None = node if node in slot_graph(self.snapshot) else None
        self.figure = GraphFigure(self.select)
        self._legend, self._details = html_pane(), html_pane()
        self._shown = html_pane(sizing_mode=None)
        self._nothing = html_pane(visible=False)
        self._add_controls()
        self.search.param.watch(self._asked, "value_input")
        for widget in (self.search, self.hops, self.coloring, self.node_types, self.edge_types):
            widget.param.watch(self._asked, "value")
        self._canvas = column("canvas", pn.pane.Bokeh(self.figure.plot, sizing_mode="stretch_width", margin=0))
        filters = column(
            "filters", self.search, self.hops, self.coloring, self._shown, self.node_types, self.edge_types
        )
        board = column("card", filters, self._nothing, self._canvas, self._legend)
        return column("split", board, column("side", self._details))

    def _add_controls(self) -> None:
        address = self.address
        self.search = control(
            pn.widgets.TextInput, "Name", placeholder="part of a name", value=address.text("q"), width=180
        )
        self.search.value_input = self.search.value
        hops = {number: words for words, number in HOPS.items()}[address.number("hops", 0, 3, 0) or 0]
        self.hops = control(pn.widgets.Select, "Show", options=list(HOPS), value=hops, width=200)
        coloring = address.choice("color", COLORINGS, COLORINGS[0])
        self.coloring = control(pn.widgets.Select, "Colour by", options=list(COLORINGS), value=coloring, width=130)
        nodes = address.choices("nodes", NODE_TYPES, DEFAULT_NODES)
        self.node_types = control(pn.widgets.CheckButtonGroup, "Node types", options=list(NODE_TYPES), value=nodes)
        edges = address.choices("edges", EDGE_TYPES, DEFAULT_EDGES)
        self.edge_types = control(pn.widgets.CheckButtonGroup, "Edge types", options=list(EDGE_TYPES), value=edges)

    def show_fleet(self, snapshot: Snapshot) -> None:
        chart = self.cartographer.chart(snapshot, self.view)
        colors, named = node_colors(chart, snapshot, self.coloring.value)
        self.figure.draw(chart, colors, self.selected)
        show(self._legend, legend_markup(chart, named))
        show(self._shown, shown_markup(chart))
        show(self._nothing, no_match_state("No node has this name and type. Clear the name or add node types."))
        self._nothing.visible = not chart.slice.nodes
        self._canvas.visible = bool(chart.slice.nodes)
        if self.selected is None:
            show(self._details, graph_overview(chart, snapshot, self.links))
        else:
            show(self._details, node_details(self.selected, snapshot, self.links))

    @property
    def view(self) -> SlotView:
        """What is asked of the graph."""
        hops = HOPS[self.hops.value] if self.selected else 0
        return SlotView(
            tuple(self.node_types.value), tuple(self.edge_types.value), (self.search.value_input or "").strip(),
            self.selected or "" if hops else "", hops,
        )  # fmt: skip

    def select(self, node: str | None) -> None:
        """Highlight a node and show its neighbours; None for no node."""
        if node != self.selected:
            self.selected = node
            self.show_fleet(self.snapshot)
            self._write_address()

    def _asked(self, event: Any) -> None:
        self.show_fleet(self.snapshot)
        if event.name == "value":
            self._write_address()

    def _write_address(self) -> None:
        view = self.view
        self.address.write(
            q=view.text, node=self.selected, hops=HOPS[self.hops.value],
            color="" if self.coloring.value == COLORINGS[0] else self.coloring.value,
            nodes="" if view.node_types == DEFAULT_NODES else ",".join(view.node_types) or "none",
            edges="" if set(view.edge_types) == set(DEFAULT_EDGES) else ",".join(view.edge_types) or "none",
        )  # fmt: skip


def node_colors(chart: Chart, snapshot: Snapshot, coloring: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return (a colour for each node, a colour for each name of the legend)."""
    by_class = class_colors(classes(snapshot))
    colors: dict[str, str] = {}
    named: dict[str, str] = {}
    for node, data in chart.slice.nodes.items():
        if data["type"] != "crate":
            name, color = data["type"], TYPE_COLORS[data["type"]]
        elif coloring == COLORINGS[0]:
            name = data["classification"] or "unclassified"
            color = by_class.get(name, OTHER_COLOR)
        else:
            name, color = data["severity"] or "no findings", SEVERITY_COLORS[data["severity"]]
        colors[node] = color
        named[name] = color
    return colors, dict(sorted(named.items()))
