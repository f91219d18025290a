"""A table that is refilled while somebody reads it: selection, page, sorting and column filters stay."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import pandas as pd
import panel as pn
from bokeh.models.widgets.tables import HTMLTemplateFormatter

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


_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
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
        typed: Mapping[str, str] = _NOTHING,
    ) -> None:
        self._columns = columns
        self._on_select = on_select
        self._frame = pd.DataFrame({column.name: pd.Series(dtype=object) for column in columns})
        self._is_filling = False
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
            formatters={column.name: HTMLTemplateFormatter(template=column.template) for column in columns},
            header_filters={
                column.name: {"type": "input", "func": "like", "placeholder": "filter"}
                for column in columns
                if column.has_filter
            },
            filters=self._filters(typed),
            configuration={
                "columnDefaults": {"headerTooltip": True, "minWidth": 60},
                "placeholder": "no rows",
                "initialHeaderFilter": self._filters(typed),
            },
            stylesheets=[sheet("table"), *_least_widths(columns)],
        )
        self.widget.jscallback(filters=_FILL_FIELDS)
        self.widget.param.watch(self._selected, "selection")

    @property
    def wanted(self) -> dict[str, str]:
        """What is typed above the columns, by column."""
        found = {item["field"]: str(item["value"]) for item in self.widget.filters}
        return {column.name: found[column.name] for column in self._columns if found.get(column.name)}

    def want(self, wanted: Mapping[str, str]) -> None:
        """Type texts above columns; those of columns that have no filter are left out."""
        filters = self._filters(wanted)
        if filters != self._filters(self.wanted):
            self.widget.filters = filters

    def _filters(self, wanted: Mapping[str, str]) -> list[dict[str, str]]:
        typed = ((column.name, wanted.get(column.name)) for column in self._columns if column.has_filter)
        return [{"field": name, "type": "like", "value": text} for name, text in typed if text]

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
        self._is_filling = True
        try:
            if not rows.equals(self._frame) or not rows.index.equals(self._frame.index):
                self._frame = rows.copy()
                self.widget.value = self._frame
            if self.widget.selection != selection:
                self.widget.selection = selection
                if selection and selection[0] >= self._page_size:
                    # A page that is asked for before the table is built is shown under the number of the first.
                    pn.state.onload(self._turn_to_selection)
        finally:
            self._is_filling = False

    def _turn_to_selection(self) -> None:
        if self.widget.selection:
            self.widget.page = self.widget.selection[0] // self._page_size + 1

    def _selected(self, _: Any) -> None:
        if not self._is_filling:
            self._on_select(self.selected)


def where(table: LiveTable, word: str = "where") -> dict[str, str]:
    """Return the words of the URL for what is typed above a table's columns."""
    return {f"{word}.{name}": text for name, text in table.wanted.items()}


def _least_widths(columns: Sequence[TableColumn]) -> list[str]:
    """Return the rules that keep flexible columns readable in a narrow window, where the table then scrolls."""
    rule = ':host .tabulator [tabulator-field="{}"] {{ min-width: {}px !important; }}'
    return [rule.format(column.name, column.min_width) for column in columns if column.min_width]
