"""A table that is refilled while somebody reads it: selection, page, sorting and column filters stay."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
import panel as pn
from bokeh.models.widgets.tables import HTMLTemplateFormatter

from workbench.dashboards.table_view import AS_USUAL, TableView
from workbench.dashboards.theme import sheet


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column: `template` is an underscore template in which `<%-` escapes; without one the text is shown as it is."""

    name: str
    title: str
    width: int | None = None
    template: str = "<%- value %>"
    has_filter: bool = False
    min_width: int = 0
    align: str = "left"
    meaning: str = ""
    """What the column's name means, said to who points at it."""


_FILL_FIELDS: Final = """
const view = Bokeh.index.find_one(cb_obj);
if (view && view.tabulator && view.tabulator.initialized) {
  const wanted = new Map(cb_obj.filters.map((filter) => [filter.field, filter.value]));
  for (const column of view.tabulator.getColumns()) {
    const [field, filter] = [column.getField(), column.getDefinition().headerFilter];
    const text = wanted.get(field) || "";
    if (filter && (view.tabulator.getHeaderFilterValue(field) || "") !== text) column.setHeaderFilterValue(text);
  }
}
"""
"""Fills in the fields above the columns, which Panel reads and never writes."""


class LiveTable:
    """A Tabulator over a frame whose index holds the rows' keys; only the page that is seen is sent."""

    def __init__(
        self,
        columns: Sequence[TableColumn],
        on_select: Callable[[Any], None],
        page_size: int = 15,
        frozen: Sequence[str] = (),
        view: TableView = AS_USUAL,
        on_look: Callable[[], None] = lambda: None,
    ) -> None:
        self._columns = columns
        self._on_select = on_select
        self._on_look = on_look
        self._page = view.page
        self._frame = pd.DataFrame({column.name: pd.Series(dtype=object) for column in columns})
        self._is_filling = False
        self._lock = threading.RLock()
        self._page_size = page_size
        self.widget = pn.widgets.Tabulator(
            self._frame,
            pagination="remote",
            page_size=page_size,
            show_index=False,
            disabled=True,
            selectable=1,
            layout="fit_columns",
            theme="simple",
            sizing_mode="stretch_width",
            margin=0,
            row_height=38,
            frozen_columns=list(frozen),
            titles={column.name: column.title for column in columns},
            widths={column.name: column.width for column in columns if column.width},
            text_align={column.name: column.align for column in columns},
            header_align={column.name: column.align for column in columns},
            header_tooltips={column.name: column.meaning for column in columns if column.meaning},
            formatters={column.name: HTMLTemplateFormatter(template=column.template) for column in columns},
            header_filters={
                column.name: {"type": "input", "func": "like", "placeholder": "filter"}
                for column in columns
                if column.has_filter
            },
            filters=self._filters(view.typed),
            sorters=self._sorters(view.order),
            configuration={
                # The third click on a column's name brings the usual order back.
                "columnDefaults": {"headerTooltip": True, "headerSortTristate": True, "minWidth": 60},
                "placeholder": "No row has what is typed above the columns.",
                "initialHeaderFilter": self._filters(view.typed),
            },
            stylesheets=[sheet("table"), *_least_widths(columns)],
        )
        self.widget.jscallback(filters=_FILL_FIELDS)
        self.widget.param.watch(self._selected, "selection")
        self.widget.param.watch(self._rearranged, ["filters", "sorters"])
        self.widget.param.watch(self._turned, "page")

    @property
    def view(self) -> TableView:
        """How the table is looked at."""
        found = {item["field"]: str(item["value"]) for item in self.widget.filters}
        typed = {column.name: found[column.name] for column in self._columns if found.get(column.name)}
        order = tuple(("-" if item["dir"] == "desc" else "") + item["field"] for item in self.widget.sorters)
        with self._lock:
            page = self._wanted_page
            return TableView(typed, order, None if page == self._home else page)

    def look(self, view: TableView) -> None:
        """Look at the table so, from when it is filled next; of a view what the table does not have is left out."""
        self._page = view.page
        with self._filling():
            filters, sorters, now = self._filters(view.typed), self._sorters(view.order), self.view
            if filters != self._filters(now.typed):
                self.widget.filters = filters
            if sorters != self._sorters(now.order):
                self.widget.sorters = sorters

    def _filters(self, wanted: Mapping[str, str]) -> list[dict[str, str]]:
        typed = ((column.name, wanted.get(column.name)) for column in self._columns if column.has_filter)
        return [{"field": name, "type": "like", "value": text} for name, text in typed if text]

    def _sorters(self, order: Sequence[str]) -> list[dict[str, str]]:
        fields = {column.name for column in self._columns}
        named = ((word.removeprefix("-"), "desc" if word.startswith("-") else "asc") for word in order)
        return [{"field": field, "dir": direction} for field, direction in named if field in fields]

    @property
    def frame(self) -> pd.DataFrame:
        """The rows that are shown, before column filters."""
        return self._frame

    @property
    def selected(self) -> Any:
        """The key of the selected row; None if there is none."""
        chosen = self.widget.selection
        return self._frame.index[chosen[0]] if chosen and chosen[0] < len(self._frame) else None

    def fill(self, frame: pd.DataFrame, selected: Any = None) -> None:
        """Show other rows, with the row of key `selected` selected if it is there; equal rows are not sent again."""
        rows = frame[[column.name for column in self._columns]]
        selection = [list(rows.index).index(selected)] if selected is not None and selected in rows.index else []
        with self._filling():
            if not rows.equals(self._frame) or not rows.index.equals(self._frame.index):
                self._frame = rows.copy()
                self.widget.value = self._frame
            if self.widget.selection != selection:
                self.widget.selection = selection
            self._dress()
            if self._wanted_page != self.widget.page:
                # A page that is asked for before the table is built is shown under the number of the first.
                pn.state.onload(self._turn)

    @contextmanager
    def _filling(self) -> Iterator[None]:
        """Change the widget without hearing of it as if a reader had; in a notebook one thread after the other."""
        with self._lock:
            before, self._is_filling = self._is_filling, True
            try:
                yield
            finally:
                self._is_filling = before

    @property
    def _home(self) -> int:
        """The page that holds the selected row, or else the first."""
        key = self.selected
        place = -1 if key is None else int(self.widget.current_view.index.get_indexer_for(pd.Index([key]))[0])
        return max(place, 0) // self._page_size + 1

    @property
    def _wanted_page(self) -> int:
        last = max(-(-len(self.widget.current_view) // self._page_size), 1)
        return min(self._page or self._home, last)

    def _dress(self) -> None:
        """Show the buttons of pages where there are several, and no empty table where the page says why it is."""
        rows = len(self.widget.current_view)
        classes = ["wb-void"] * (not len(self._frame)) + ["wb-single"] * (rows <= self._page_size)
        if self.widget.css_classes != classes:
            self.widget.css_classes = classes

    def _turn(self) -> None:
        with self._filling():
            self.widget.page = self._wanted_page

    def _selected(self, _: Any) -> None:
        if not self._is_filling:
            self._page = None if self.selected is not None else self.widget.page
            self._on_select(self.selected)

    def _turned(self, event: Any) -> None:
        if not self._is_filling:
            self._page = event.new
            self._on_look()

    def _rearranged(self, *_: Any) -> None:
        """Show the first of the rows as they now are."""
        if not self._is_filling:
            self._page = 1
            self._turn()
            self._dress()
            self._on_look()


def _least_widths(columns: Sequence[TableColumn]) -> list[str]:
    """Return the rules that keep flexible columns readable in a narrow window, where the table then scrolls."""
    rule = ':host .tabulator [tabulator-field="{}"] {{ min-width: {}px !important; }}'
    return [rule.format(column.name, column.min_width) for column in columns if column.min_width]
