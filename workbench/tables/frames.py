"""The fleet's tables as Arrow tables and as pandas DataFrames with Arrow types."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import pandas as pd
import pyarrow as pa

from workbench.events import Event
from workbench.fleet.model import Site, locate_sites
from workbench.fleet.snapshot import Record, Snapshot
from workbench.fleet.tables import (
    SNAPSHOT_TABLES,
    Column,
    ColumnType,
    Row,
    record_sites,
    source_rows,
    table_sources,
)
from workbench.tables.pieces import Pieces

_ARROW: Final[Mapping[ColumnType, pa.DataType]] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "flag": pa.bool_(),
    "time": pa.timestamp("us", tz="UTC"),
    "texts": pa.list_(pa.string()),
    "integers": pa.list_(pa.int64()),
}

_LOCATED_AT_ONCE: Final = 500

EVENT_COLUMNS: Final = (
    Column("seq", "integer", "sequence number"),
    Column("revision", "integer", "revision that the event belongs to"),
    Column("ts", "time", "when, UTC"),
    Column("type", "text", "event type, such as crate.changed"),
    Column("topic", "text", "topic"),
    Column("data", "text", "the event's data as JSON"),
)


def schema_of(columns: Sequence[Column]) -> pa.Schema:
    """Return the declared columns as an Arrow schema."""
    return pa.schema([pa.field(c.name, _ARROW[c.type], metadata={"meaning": c.meaning}) for c in columns])


def arrow_of(columns: Sequence[Column], rows: Sequence[Row]) -> pa.Table:
    """Return rows as an Arrow table with the declared columns."""
    return pa.Table.from_batches([_batch(schema_of(columns), rows)])


def _batch(schema: pa.Schema, rows: Sequence[Row]) -> pa.RecordBatch:
    values = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    arrays = [pa.array(value, type=field.type) for value, field in zip(values, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def arrow_table(name: str, snapshot: Snapshot) -> pa.Table:
    """Return a table of a snapshot as Arrow; made once for each revision, out of what the one before has in common."""
    return snapshot.derive(("arrow", name), lambda s: pa.ipc.open_file(pa.py_buffer(arrow_bytes(name, s))).read_all())


def arrow_bytes(name: str, snapshot: Snapshot) -> bytes:
    """Return a table of a snapshot as an Arrow file; `arrow_table` lies in the same bytes."""
    return snapshot.derive(("arrow file", name), lambda s: _arrow_file(name, s))


def tables_made(snapshot: Snapshot) -> Iterator[None]:
    """Make all tables of a snapshot, in steps of a fraction of a second each on a large fleet."""
    yield from _located(snapshot)
    for name in SNAPSHOT_TABLES:
        arrow_bytes(name, snapshot)
        yield
    pa.default_memory_pool().release_unused()


def _arrow_file(name: str, snapshot: Snapshot) -> bytes:
    for _ in _located(snapshot):
        pass
    schema = schema_of(SNAPSHOT_TABLES[name].columns)
    pieces = snapshot.lasting(("pieces", name), Pieces)
    sources = table_sources(name, snapshot)
    return pieces.file(schema, sources, lambda some: _batch(schema, source_rows(name, some, snapshot)))


class _Located:
    """The records whose places were all found last."""

    def __init__(self) -> None:
        self.records: Mapping[str, Record] = {}


def _sites(record: Record, snapshot: Snapshot) -> Iterator[Site]:
    """Yield what the tables name of a record, and where what was found in its file alone stands."""
    yield from record_sites(record)
    for item in snapshot.finding_groups().get(("file", record.manifest.path), ()):
        yield from item.sites[:1]


def _located(snapshot: Snapshot) -> Iterator[None]:
    """Find the places of all records that are new, in steps; each text is read once for all tables."""
    located = snapshot.lasting("located", _Located)
    known = located.records
    new = [record for path, record in snapshot.records.items() if known.get(path) is not record]
    for start in range(0, len(new), _LOCATED_AT_ONCE):
        locate_sites(site for record in new[start : start + _LOCATED_AT_ONCE] for site in _sites(record, snapshot))
        yield
    located.records = snapshot.records


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
