"""The fleet's tables as Arrow tables and as pandas DataFrames with Arrow types."""

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd
import pyarrow as pa

from workbench.events import Event
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.tables import SNAPSHOT_TABLES, Column, ColumnType, Row, TableSpec, table_rows

_ARROW: Final[Mapping[ColumnType, pa.DataType]] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "flag": pa.bool_(),
    "time": pa.timestamp("us", tz="UTC"),
    "texts": pa.list_(pa.string()),
    "integers": pa.list_(pa.int64()),
}

EVENT_COLUMNS: Final = (
    Column("seq", "integer", "sequence number"),
    Column("revision", "integer", "revision that the event belongs to"),
    Column("ts", "time", "when, UTC"),
    Column("type", "text", "event type, such as crate.changed"),
    Column("topic", "text", "topic"),
    Column("data", "text", "the event's data as JSON"),
)


def arrow_of(columns: Sequence[Column], rows: Sequence[Row]) -> pa.Table:
    """Return rows as an Arrow table with the declared columns."""
    schema = pa.schema([pa.field(c.name, _ARROW[c.type], metadata={"meaning": c.meaning}) for c in columns])
    values = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    arrays = [pa.array(value, type=field.type) for value, field in zip(values, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def arrow_table(name: str, snapshot: Snapshot) -> pa.Table:
    """Return a table of a snapshot as Arrow; made once for each revision."""
    spec: TableSpec = SNAPSHOT_TABLES[name]
    return snapshot.derive(("arrow", name), lambda s: arrow_of(spec.columns, table_rows(name, s)))


def frame_of(table: pa.Table) -> pd.DataFrame:
    """Return an Arrow table as a DataFrame whose columns keep their Arrow types (and their missing values)."""
    frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def event_table(events: Sequence[Event]) -> pa.Table:
    """Return events as an Arrow table."""
    rows = [
        (event.seq, event.revision, round(event.ts * 1e6), event.type, event.topic, _data(event)) for event in events
    ]
    return arrow_of(EVENT_COLUMNS, rows)


def _data(event: Event) -> str:
    frame = event.frame.decode()
    return frame[frame.index('"data":') + len('"data":') : -1]
