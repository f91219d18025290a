"""The answer of a query as a frame of cells that a browser can show, and as a table."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson
import pandas as pd
import pyarrow as pa
from markupsafe import escape

from workbench.dashboards.live_table import LiveTable, TableColumn
from workbench.dashboards.table_view import TableView
from workbench.queries.query_pool import Answer

_SAFE_INTEGER: Final = 2**53 - 1
_LONGEST_CELL: Final = 2_000
_CELL: Final = (
    '<% if (value === null || value === "") { %><span class="quiet">–</span><% } else { %><%- value %><% } %>'
)


@dataclass(frozen=True)
class Result:
    """The rows of an answer, in a frame with columns c0, c1 and so on; `names` are as asked for and may repeat."""

    table: pa.Table
    frame: pd.DataFrame
    names: tuple[str, ...]
    is_truncated: bool
    revision: int

    @property
    def numeric(self) -> tuple[int, ...]:
        """Which columns hold numbers."""
        return tuple(n for n, name in enumerate(self.frame.columns) if pd.api.types.is_numeric_dtype(self.frame[name]))


def result_of(answer: Answer, revision: int) -> Result:
    """Return an answer, which is an Arrow stream, as a result."""
    table = pa.ipc.open_stream(pa.py_buffer(answer.content)).read_all()
    columns = {f"c{n}": _series(column) for n, column in enumerate(table.columns)}
    names = tuple(field.name for field in table.schema)
    frame = pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows))
    return Result(table, frame, names, answer.truncated, revision)


def result_table(result: Result, view: TableView, on_look: Callable[[], None]) -> LiveTable:
    """Return a table that shows a result, looked at so."""
    numeric = result.numeric
    columns = [
        TableColumn(
            f"c{n}",
            # Names are a query's own words, and the widget takes titles for HTML.
            str(escape(name)),
            template=_CELL,
            has_filter=len(result.frame) > 20,
            min_width=120,
            align="right" if n in numeric else "left",
        )
        for n, name in enumerate(result.names)
    ]
    table = LiveTable(columns, lambda _: None, page_size=15, view=view, on_look=on_look)
    table.widget.selectable = False
    table.fill(result.frame)
    return table


def _series(column: pa.ChunkedArray) -> pd.Series:
    """Return a column as plain numbers where they are exact in a browser, else as texts."""
    values = column.to_pylist(maps_as_pydicts="lossy") if pa.types.is_map(column.type) else column.to_pylist()
    kind = column.type
    if pa.types.is_integer(kind) and all(value is None or abs(value) <= _SAFE_INTEGER for value in values):
        return pd.Series(values, dtype="int64" if None not in values else "float64")
    if pa.types.is_floating(kind) and all(value is None or math.isfinite(value) for value in values):
        return pd.Series(values, dtype="float64")
    return pd.Series([_cell(value) for value in values], dtype=object)


def _cell(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value if value is None else _cut(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, dict)):
        return _cut(orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode())
    return _cut(value.hex() if isinstance(value, bytes) else str(value))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_CELL else f"{text[:_LONGEST_CELL]}…"
