"""The buttons that take the drawn graph away: as a picture, as a drawing, as data for other programs."""

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any, Final

import panel as pn
from bokeh.models import Plot

from workbench.dashboards.graph_files import dot_file, graphml_file
from workbench.dashboards.graph_paint import Paint
from workbench.dashboards.graph_svg import svg_file
from workbench.dashboards.panes import column, control

Drawn = Callable[[], tuple[Paint, Mapping[str, str]]]
"""What is drawn just now: its paint, and the colours of its legend by name."""

_PNG: Final = """
const view = Bokeh.index.query_one((view) => view.model === plot);
view.export("auto", true).to_blob().then((blob) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = "slot-graph.png";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
});
"""


class GraphExport:
    """PNG from the canvas in the browser; SVG, GraphML and DOT of the same nodes and edges from the server."""

    def __init__(self, plot: Plot, drawn: Drawn) -> None:
        self._drawn = drawn
        self.picture = control(pn.widgets.Button, "PNG", css_classes=["wb-action"])
        self.picture.js_on_click(args={"plot": plot}, code=_PNG)
        self.files = {
            "SVG": self._button("SVG", "svg", self.svg),
            "GraphML": self._button("GraphML", "graphml", lambda: graphml_file(self._drawn()[0].chart)),
            "DOT": self._button("DOT", "dot", lambda: dot_file(self._drawn()[0].chart)),
        }

    def svg(self) -> bytes:
        """Return what is drawn as SVG."""
        paint, legend = self._drawn()
        return svg_file(paint, "The slot graph", legend)

    def layout(self) -> pn.Column:
        """Return the buttons as a row."""
        return column("filters", self.picture, *self.files.values(), sizing_mode=None)

    def _button(self, label: str, ending: str, content: Callable[[], bytes]) -> Any:
        return control(
            pn.widgets.FileDownload, label, callback=lambda: BytesIO(content()), filename=f"slot-graph.{ending}",
            embed=False, auto=True, icon=None, css_classes=["wb-action", "wb-download"], width=90,
        )  # fmt: skip
