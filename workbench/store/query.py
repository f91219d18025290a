"""Read-only SQL over one snapshot, in the process of whoever asks: for notebooks and pages."""

import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import duckdb
import pyarrow as pa

from workbench.errors import QueryError
from workbench.events import Event
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.tables import TABLES
from workbench.store.sandbox import asked, relation_of, sandbox
from workbench.tables.frames import arrow_table, event_table

ROW_LIMIT: Final = 1_000_000
TIME_LIMIT: Final = 30.0
_MEMORY_BYTES: Final = 1_000_000_000


def query_tables(snapshot: Snapshot, events: Sequence[Event]) -> dict[str, pa.Table]:
    """Return all that can be queried by name: the tables of a snapshot, and `events`."""
    return {**{name: arrow_table(name, snapshot) for name in TABLES}, "events": event_table(events)}


def query_snapshot(
    snapshot: Snapshot,
    query: str,
    parameters: Mapping[str, Any],
    newest_events: Callable[[], Sequence[Event]],
    *,
    row_limit: int = ROW_LIMIT,
    time_limit: float = TIME_LIMIT,
) -> pa.Table:
    """Return the result of one SELECT over the tables of a snapshot.

    Raises QueryError for a query that is wrong, is no single SELECT, runs longer than `time_limit` seconds
    or returns more than `row_limit` rows.
    """
    database = snapshot.derive("sql", lambda s: TableDatabase(lambda: query_tables(s, newest_events())))
    return database.query(query, parameters, row_limit=row_limit, time_limit=time_limit)


class TableDatabase:
    """A database of a few tables, made at the first query and released with this object or when Python ends."""

    def __init__(self, tables: Callable[[], Mapping[str, pa.Table]]) -> None:
        held: list[duckdb.DuckDBPyConnection] = []
        self._held = held
        self._tables: Callable[[], Mapping[str, pa.Table]] | None = tables
        self._lock = threading.Lock()
        weakref.finalize(self, held.clear)

    def query(
        self, query: str, parameters: Mapping[str, Any], *, row_limit: int = ROW_LIMIT, time_limit: float = TIME_LIMIT
    ) -> pa.Table:
        """Return the result of one SELECT; raises QueryError, as `query_snapshot` does."""
        cursor = self._cursor()
        try:
            with asked(cursor, query, time_limit):
                table = relation_of(cursor, query, parameters).limit(row_limit + 1).to_arrow_table()
        finally:
            cursor.close()
        if table.num_rows > row_limit:
            raise QueryError(f"the query returns more than {row_limit} rows: add a LIMIT")
        return table

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a connection of the calling thread's own to the database."""
        with self._lock:
            if self._tables is not None:
                self._held.append(sandbox(self._tables(), _MEMORY_BYTES))
                self._tables = None
        return self._held[0].cursor()
