"""One picture: a figure in the look of the pages, still or interactive, with a sentence that says what it shows."""

import base64
import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any, Final

from workbench.dashboards.theme import CARD, LINE, QUIET, TEXT
from workbench.errors import ExportError
from workbench.tables.export import write_export

Draw = Callable[[Any], None]
"""Draws on a figure of matplotlib."""
Make = Callable[[], Any]
"""Makes a figure of Bokeh."""

_STYLE: Final[Any] = {
    "axes.edgecolor": LINE,
    "axes.facecolor": CARD,
    "axes.labelcolor": QUIET,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": CARD,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "legend.facecolor": CARD,
    "legend.edgecolor": LINE,
    "legend.labelcolor": TEXT,
    "svg.hashsalt": "workbench",
    "text.color": TEXT,
    "text.parse_math": False,  # a name with two dollar signs is no formula
    "xtick.color": QUIET,
    "ytick.color": TEXT,
}
_DPI: Final = 144


class Picture:
    """A picture that shows itself in a notebook, and is interactive on request.

    The same fleet gives the same bytes of PNG and SVG each time.
    """

    def __init__(self, title: str, said: str, size: tuple[float, float], draw: Draw, make: Make) -> None:
        self.title = title
        self.said = said
        """What is to be seen, in words: the alternative text."""
        self.size = size
        """Width and height in inches."""
        self._draw = draw
        self._make = make

    def png(self) -> bytes:
        """Return the picture as PNG, at 144 dots an inch."""
        return self._png

    def svg(self) -> bytes:
        """Return the picture as SVG, its letters as outlines, so that it looks alike everywhere."""
        return self._rendered("svg", {"Date": None, "Title": self.title, "Description": self.said})

    def interactive(self) -> Any:
        """Return the picture as one that answers to the pointer, for a notebook or a Panel application."""
        from workbench.dashboards.charts.standalone import shown

        return shown(self._make(), self.title, self.said)

    def html(self) -> bytes:
        """Return the interactive picture as a page that needs no server and no network, some 1.5 MB large."""
        from workbench.dashboards.charts.standalone import standalone_page

        return standalone_page(self._make(), self.title, self.said).encode()

    def save(self, file: str | Path) -> Path:
        """Write the picture to a file that ends in `.png`, `.svg` or `.html`, whole or not at all; returns its path.

        Raises ExportError for another ending and for a place that cannot be written.
        """
        path = Path(file)
        formats = {".png": self.png, ".svg": self.svg, ".html": self.html}
        if path.suffix.lower() not in formats:
            raise ExportError(
                f'{path}: a picture cannot end in "{path.suffix}"; it can in .png, .svg, .html', file=str(path)
            )
        return write_export(path, formats[path.suffix.lower()]())

    @cached_property
    def _png(self) -> bytes:
        return self._rendered("png", {"Title": self.title, "Description": self.said})

    def _rendered(self, form: str, metadata: dict[str, Any]) -> bytes:
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine

        sink = io.BytesIO()
        with _styled():
            engine = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1)
            figure = Figure(figsize=self.size, dpi=_DPI, layout=engine)
            figure.suptitle(self.title, x=0.012, ha="left", fontsize=12, fontweight="bold")
            self._draw(figure)
            figure.savefig(sink, format=form, metadata=metadata)
        return sink.getvalue()

    def __repr__(self) -> str:
        return f"<{self.title}: {self.said}>"

    def _repr_html_(self) -> str:
        encoded = base64.b64encode(self._png).decode()
        width = round(self.size[0] * 96)
        return (
            f'<img alt="{escape(self.said)}" title="{escape(self.title)}" '
            f'style="width:{width}px;max-width:100%" src="data:image/png;base64,{encoded}">'
        )


@contextmanager
def _styled() -> Iterator[None]:
    import matplotlib as mpl

    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        # A name may have signs that the font lacks; a box is drawn for them.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")
        yield
