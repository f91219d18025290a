"""Read-only SQL over one snapshot, in a sandbox that can reach neither files nor the network nor our state."""

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
from workbench.frames import arrow_table, event_table

ROW_LIMIT: Final = 1_000_000
TIME_LIMIT: Final = 30.0
_MEMORY_LIMIT: Final = "1GB"


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
    database = snapshot.derive("sql", lambda s: _sandbox(s, newest_events()))
    cursor = database.cursor()
    timer = threading.Timer(time_limit, cursor.interrupt)
    timer.daemon = True
    timer.start()
    try:
        _check(cursor, query)
        relation = cursor.sql(query, params=dict(parameters) or None)
        table = relation.limit(row_limit + 1).to_arrow_table()
    except duckdb.InterruptException:
        raise QueryError(f"the query took longer than {time_limit:g} s and was stopped") from None
    except duckdb.Error as error:
        raise QueryError(str(error).strip()) from None
    finally:
        timer.cancel()
        cursor.close()
    if table.num_rows > row_limit:
        raise QueryError(f"the query returns more than {row_limit} rows: add a LIMIT")
    return table


def _check(cursor: duckdb.DuckDBPyConnection, query: str) -> None:
    statements = cursor.extract_statements(query)
    if len(statements) != 1:
        raise QueryError(f"expected one SELECT, found {len(statements)} statements")
    if statements[0].type != duckdb.StatementType.SELECT:
        raise QueryError(f"only SELECT is allowed, not {statements[0].type.name}")


class _Sandbox:
    """An in-memory database of one snapshot, released with it or, at the latest, when Python ends."""

    def __init__(self, database: duckdb.DuckDBPyConnection) -> None:
        held = [database]
        self._held = held
        weakref.finalize(self, held.clear)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a connection of the calling thread's own to the database."""
        return self._held[0].cursor()


def _sandbox(snapshot: Snapshot, events: Sequence[Event]) -> _Sandbox:
    database = duckdb.connect(":memory:")
    for name in TABLES:
        _load(database, name, arrow_table(name, snapshot))
    _load(database, "events", event_table(events))
    for setting in (
        "TimeZone = 'UTC'",
        f"memory_limit = '{_MEMORY_LIMIT}'",
        "threads = 2",
        "python_enable_replacements = false",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        database.execute(f"SET {setting}")
    return _Sandbox(database)


def _load(database: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    database.register("incoming", table)
    database.execute(f"CREATE TABLE {name} AS SELECT * FROM incoming")
    database.unregister("incoming")
