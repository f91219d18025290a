"""The port map drawn as a Bokeh figure: one cell a port, a strip a block."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from bokeh.core.properties import value
from bokeh.models import ColumnDataSource, HoverTool, Range1d, Rect, TapTool, Text

from workbench.dashboards.port_map import ROW_LENGTH, PortMap, PortState
from workbench.dashboards.theme import ACCENT, LINE, MONO, QUIET, SANS, TEXT, TOOLTIP_STYLE, WARN, card_figure
from workbench.fleet.snapshot import Snapshot

FILLS: Final[Mapping[PortState, str]] = {
    "owned": ACCENT,
    "reference": "#a78bfa",
    "assigned": "#4ade80",
    "observed": "#f9a8d4",
    "sister": "#155e75",
    "reserved": "#713f12",
    "decoy": "#701a75",
    "conflict": "#fb8b8b",
    "free": "#263449",
}
INKS: Final[Mapping[PortState, str]] = {
    "owned": "#083344",
    "reference": "#1e1b4b",
    "assigned": "#052e16",
    "observed": "#500724",
    "sister": "#cffafe",
    "reserved": WARN,
    "decoy": "#f5d0fe",
    "conflict": "#450a0a",
    "free": QUIET,
}
MEANINGS: Final[Mapping[PortState, str]] = {
    "owned": "owned",
    "reference": "reference only",
    "assigned": "assigned",
    "observed": "in use, undeclared",
    "sister": "sister or mirror",
    "reserved": "reserved",
    "decoy": "decoy",
    "conflict": "conflict",
    "free": "free",
}

_GUTTER: Final = 2.4
_ROW_PX: Final = 30
_LEAST_PX: Final = 744
"""Narrower, the numbers would touch: the map then scrolls within its card."""
_TOOLTIP: Final = (
    f'<div style="{TOOLTIP_STYLE}"><b style="font-family:{MONO};color:{ACCENT}">@port{{0}}</b> @meaning<br>'
    'owner: @owner<br>labels: @labels<br><span style="color:#94a3b8">@reason<br>@block</span></div>'
)


class PortFigure:
    """Draws a port map and tells which port was tapped."""

    def __init__(self, on_tap: Callable[[int], None]) -> None:
        self._on_tap = on_tap
        self._drawn: PortMap | None = None
        self.cells = ColumnDataSource(_cell_columns(None))
        self.headings = ColumnDataSource({"y": [], "title": [], "note": []})
        self.inner = ColumnDataSource({"y": [], "name": []})
        self.ring = ColumnDataSource({"x": [], "y": []})
        self._rows = Range1d(start=10, end=0)
        self.plot = card_figure(
            name="port-map",
            height=_ROW_PX * 10,
            sizing_mode="stretch_width",
            min_width=_LEAST_PX,
            x_range=Range1d(start=-_GUTTER, end=ROW_LENGTH),
            y_range=self._rows,
            tools="",
        )
        self.plot.toolbar_location = None
        self.plot.min_border = 0
        self._add_cells()
        self._add_texts()
        self.cells.selected.on_change("indices", self._tapped)

    def _add_cells(self) -> None:
        cell = Rect(x="x", y="y", width=0.92, height=0.86, fill_color="fill", line_color="line", line_width=1)
        cells = self.plot.add_glyph(self.cells, cell, selection_glyph=cell, nonselection_glyph=cell)
        ring = Rect(x="x", y="y", width=0.96, height=0.94, fill_alpha=0, line_color=TEXT, line_width=2.5)
        self.plot.add_glyph(self.ring, ring)
        self.plot.add_tools(HoverTool(renderers=[cells], tooltips=_TOOLTIP), TapTool(renderers=[cells]))

    def _add_texts(self) -> None:
        middle: dict[str, Any] = {"text_baseline": "middle"}
        number = Text(
            x="x",
            y="y",
            text="number",
            text_align="center",
            text_font=value(MONO),
            text_font_size="10px",
            text_color="ink",
            **middle,
        )
        # Texts must not take the taps that are meant for the cells beneath them.
        self.plot.add_glyph(self.cells, number, selection_glyph=number, nonselection_glyph=number)
        title = Text(
            x=-_GUTTER,
            y="y",
            text="title",
            text_font=value(SANS),
            text_font_size="13px",
            text_font_style="bold",
            text_color=TEXT,
            **middle,
        )
        note = Text(x=4.6, y="y", text="note", text_font=value(SANS), text_font_size="12px", text_color=QUIET, **middle)
        name = Text(
            x=-_GUTTER, y="y", text="name", text_font=value(SANS), text_font_size="11.5px", text_color=QUIET, **middle
        )
        self.plot.add_glyph(self.headings, title)
        self.plot.add_glyph(self.headings, note)
        self.plot.add_glyph(self.inner, name)

    def draw(self, drawing: PortMap, snapshot: Snapshot) -> None:
        """Draw a map, unless it is the one that is drawn."""
        if drawing is self._drawn or (self._drawn is not None and drawing == self._drawn):
            return
        self._drawn = drawing
        self._rows.start, self.plot.height = drawing.rows, drawing.rows * _ROW_PX
        self.cells.data = _cell_columns(drawing)
        self.headings.data = {
            "y": [heading.row + 0.58 for heading in drawing.headings],
            "title": [heading.title for heading in drawing.headings],
            "note": [heading.note for heading in drawing.headings],
        }
        self.inner.data = _inner_names(drawing, {block.name for block in snapshot.plan.blocks})

    def mark(self, port: int | None) -> None:
        """Ring the cell of a port, if it is on the map."""
        found = [cell for cell in (self._drawn.cells if self._drawn else ()) if cell.port == port]
        self.ring.data = {"x": [cell.column + 0.5 for cell in found], "y": [cell.row + 0.5 for cell in found]}

    def _tapped(self, _attr: str, _old: list[int], new: list[int]) -> None:
        if new and self._drawn is not None:
            self._on_tap(self._drawn.cells[new[0]].port)


def _cell_columns(drawing: PortMap | None) -> dict[str, Any]:
    cells = drawing.cells if drawing else ()
    return {
        "x": [cell.column + 0.5 for cell in cells],
        "y": [cell.row + 0.5 for cell in cells],
        "port": [cell.port for cell in cells],
        "number": [str(cell.port) for cell in cells],
        "fill": [FILLS[cell.state] for cell in cells],
        "ink": [INKS[cell.state] for cell in cells],
        "line": ["#fecaca" if cell.state == "conflict" else LINE for cell in cells],
        "meaning": [MEANINGS[cell.state] for cell in cells],
        "block": [cell.block for cell in cells],
        "owner": [cell.owner for cell in cells],
        "labels": [cell.labels for cell in cells],
        "reason": [cell.reason for cell in cells],
    }


def _inner_names(drawing: PortMap, blocks: set[str]) -> dict[str, Any]:
    """Return the names of blocks within blocks, once for each run of rows."""
    headed = {heading.title for heading in drawing.headings}
    rows: dict[str, float] = {}
    for cell in drawing.cells:
        if cell.block in blocks and cell.block not in headed:
            rows.setdefault(cell.block, cell.row + 0.5)
    return {"y": list(rows.values()), "name": list(rows)}
