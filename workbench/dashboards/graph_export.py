"""The buttons that take the drawn graph away: as a picture, as a drawing, as data for other programs."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import networkx as nx
import panel as pn
from bokeh.models import ColumnDataSource, CustomJS, Plot

from workbench.dashboards.cartography import Chart
from workbench.dashboards.figure_files import picture_script, save_script
from workbench.dashboards.graph_paint import Paint
from workbench.dashboards.graph_svg import svg_file
from workbench.dashboards.panes import action, column, control
from workbench.tables.graph_files import dot_file, graphml_file

Drawn = Callable[[], tuple[Paint, Mapping[str, str]]]
"""What is drawn just now: its paint, and the colours of its legend by name."""
FileMaker = Callable[[Paint, Mapping[str, str]], bytes]

_FILES: Final[Mapping[str, tuple[str, str, FileMaker]]] = {
    "SVG": ("slot-graph.svg", "image/svg+xml", lambda paint, legend: svg_file(paint, "The slot graph", legend)),
    "GraphML": (
        "slot-graph.graphml",
        "application/graphml+xml",
        lambda paint, _: graphml_file(drawn_graph(paint.chart)),
    ),
    "DOT": ("slot-graph.dot", "text/vnd.graphviz", lambda paint, _: dot_file(drawn_graph(paint.chart))),
}
"""By the word on the button: the file's name, its type, and who makes it."""

_PARCEL: Final = """
const [name, type, text] = ["name", "type", "text"].map((key) => Array.from(parcel.get_array(key))[0]);
if (name) {
  const content = filter && type === "image/svg+xml" ? dressedColors(text) : text;
  save(new Blob([content], {type}), name);
  parcel.data = {name: [], type: [], text: []};
}
"""
"""What has arrived is emptied on both sides: nobody keeps a file that is saved."""


def drawn_graph(chart: Chart) -> "nx.MultiDiGraph[str]":
    """Return what a chart shows as a graph: node and edge attributes, without those that have no value."""
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for node, data in chart.slice.nodes.items():
        graph.add_node(node, **_known(data))
    for edge in chart.slice.edges:
        attributes = {"type": edge.type, "path": edge.path, "line": edge.line, "label": edge.label, "count": edge.count}
        graph.add_edge(edge.source, edge.target, edge.type, **_known(attributes))
    return graph


def _known(attributes: Mapping[str, Any]) -> dict[str, Any]:
    # A group's crates are a list, which files of graphs have no place for.
    return {key: value for key, value in attributes.items() if value not in (None, "") and key != "crates"}


class GraphExport:
    """PNG from the canvas in the browser; SVG, GraphML and DOT of the same nodes and edges from the server."""

    def __init__(self, plot: Plot, drawn: Drawn) -> None:
        self._drawn = drawn
        self.parcel = ColumnDataSource({"name": [], "type": [], "text": []})
        self.parcel.js_on_change("data", CustomJS(args={"parcel": self.parcel}, code=save_script() + _PARCEL))
        self.picture = control(pn.widgets.Button, "PNG", css_classes=["wb-action"])
        # The parcel is among the arguments so that it gets into the document.
        self.picture.js_on_click(args={"plot": plot, "parcel": self.parcel}, code=picture_script("slot-graph.png"))
        self.files = {word: action(word, lambda event: self.send(event.obj.label)) for word in _FILES}

    def content(self, word: str) -> bytes:
        """Return what is drawn as the file that a button's word names."""
        return _FILES[word][2](*self._drawn())

    def send(self, word: str) -> None:
        """Have the browser save what is drawn."""
        name, kind, _ = _FILES[word]
        self.parcel.data = {"name": [name], "type": [kind], "text": [self.content(word).decode()]}

    def layout(self) -> Any:
        """Return the buttons as a row."""
        return column("filters", self.picture, *self.files.values())
