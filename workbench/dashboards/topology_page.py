"""The topology page: the slot graph as it is asked for, and the neighbours of the node that is selected."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from markupsafe import Markup
from panel.viewable import Viewable

from workbench.dashboards.address import Address
from workbench.dashboards.cartography import Cartographer
from workbench.dashboards.coloring import COLORINGS, Colors, Scene, colored
from workbench.dashboards.figure_pane import FigurePane
from workbench.dashboards.graph_export import GraphExport
from workbench.dashboards.graph_figure import GraphFigure
from workbench.dashboards.graph_marks import marks_of
from workbench.dashboards.graph_paint import Paint
from workbench.dashboards.group_details import group_details
from workbench.dashboards.links import Links
from workbench.dashboards.live import Feed, Prepare
from workbench.dashboards.node_details import graph_overview, legend_markup, node_details, shown_markup
from workbench.dashboards.page import Page
from workbench.dashboards.panes import column, html_pane, show
from workbench.dashboards.reach_details import reach_details
from workbench.dashboards.session import served_document
from workbench.dashboards.slot_view import SlotView
from workbench.dashboards.states import no_match_state
from workbench.dashboards.topology_controls import TopologyControls
from workbench.fleet.graph import slot_sketch
from workbench.fleet.snapshot import Snapshot
from workbench.workbench import Workbench

_BEAT_MS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Drawing:
    """All that is slow to make for the page: the painted chart, and what its colours mean."""

    snapshot: Snapshot
    paint: Paint
    coloring: str
    colors: Colors


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
        self._asked_for: object = None
        super().__init__(wb, feed, address)

    @classmethod
    def prepare(cls, snapshot: Snapshot) -> object:
        return slot_sketch(snapshot)

    def build(self) -> Viewable:
        self.controls = TopologyControls(self.snapshot, self._asked, is_live=self.pinned is None)
        self.selected: str | None = None
        self.figure = GraphFigure(self.select)
        self.drawing: Drawing | None = None
        self.export = GraphExport(self.figure.plot, self._drawn)
        self._legend, self._details = html_pane(), html_pane()
        self._shown = html_pane()
        self._nothing = html_pane(visible=False)
        self._canvas = column("canvas", FigurePane(self.figure.plot))
        filters = self.controls.layout()
        board = column("card", filters, self._shown, self._nothing, self._canvas, self._legend, self.export.layout())
        document = served_document()
        if document is not None:
            document.add_periodic_callback(self._tick, _BEAT_MS)
        return column("split", board, column("side", self._details))

    def _tick(self) -> None:
        """Follow the ages of what the colours rest on: what is seen again as it was makes no event."""
        drawing = self.drawing
        if drawing is None or not COLORINGS[drawing.coloring].is_live:
            return
        colors = colored(drawing.paint.chart, Scene(drawing.snapshot, self.wb.vitals.board), drawing.coloring)
        if colors.of != drawing.colors.of:
            self.show_fleet(self.snapshot)
        else:
            show(self._legend, legend_markup(drawing.paint.chart, colors, drawing.paint.marks))

    def read_address(self) -> None:
        self.controls.read(self.address, self.snapshot)
        node = self.address.text("node")
        self.selected = node if _is_node(node, self.snapshot) else None

    @property
    def preparation(self) -> Prepare:
        return self.cartographer.prepare

    def show_fleet(self, snapshot: Snapshot) -> None:
        self.controls.follow(snapshot)
        view = self.view
        coloring, highlight, selected = self.controls.coloring.value, self.controls.highlight.value, self.selected
        board = self.wb.vitals.board
        asked = self._asked_for = object()

        def draw() -> Drawing:
            chart = self.cartographer.chart(snapshot, view)
            colors = colored(chart, Scene(snapshot, board), coloring)
            said = colors.names if COLORINGS[coloring].is_live else {}
            return Drawing(
                snapshot, Paint(chart, colors.of, selected, marks_of(chart, highlight), said), coloring, colors
            )

        def put(drawing: Drawing) -> None:
            # What was asked for since then is on its way.
            if self._asked_for is asked:
                self._put(drawing)

        self._session.compute(draw, put)

    def _put(self, drawing: Drawing) -> None:
        self.drawing = drawing
        paint, snapshot = drawing.paint, drawing.snapshot
        chart = paint.chart
        self.figure.draw(paint)
        show(self._legend, legend_markup(chart, drawing.colors, paint.marks))
        show(self._shown, shown_markup(chart, self.controls.trouble(snapshot)))
        is_nothing = not chart.slice.nodes
        show(self._nothing, no_match_state(_nothing_words(chart.slice.note)) if is_nothing else Markup())
        self._nothing.visible = is_nothing
        self._canvas.visible = not is_nothing
        links = self.links
        reach = reach_details(chart, snapshot, links)
        if self.selected is None:
            show(self._details, reach or graph_overview(chart, snapshot, links))
        elif "size" in chart.slice.nodes.get(self.selected, {}):
            show(self._details, group_details(self.selected, chart, links))
        else:
            show(self._details, node_details(self.selected, snapshot, links) + reach)

    @property
    def links(self) -> Links:
        """Links that keep what is asked where they lead to another node."""
        kept = {key: str(value) for key, value in self.controls.query().items() if value}
        return Links(self.is_linked, kept, self.pinned)

    @property
    def view(self) -> SlotView:
        """What is asked of the graph."""
        return self.controls.view(self.snapshot)

    def select(self, node: str | None) -> None:
        """Highlight a node and show its neighbours; None for no node. It becomes an end that is still wanted."""
        if node != self.selected:
            self.selected = node
            if node is not None:
                self.controls.take(node)
            self.show_fleet(self.snapshot)
            self._write_address()

    def _asked(self, is_kept: bool) -> None:
        if self.selected is not None:
            self.controls.take(self.selected)
        self.show_fleet(self.snapshot)
        if is_kept:
            self._write_address()

    def _drawn(self) -> tuple[Paint, Mapping[str, str]]:
        assert self.drawing is not None
        return self.drawing.paint, self.drawing.colors.told

    def _write_address(self) -> None:
        values: dict[str, Any] = {"node": self.selected, **self.controls.query()}
        self.address.write(**values)


def _is_node(node: str, snapshot: Snapshot) -> bool:
    return node in slot_sketch(snapshot).nodes or node.startswith("group:")


def _nothing_words(note: str) -> str:
    return f"{note[:1].upper()}{note[1:]}." if note else "No node has this name and type. Clear the name or add types."
