"""Entries of the registrations' journal as rows of its table, and back."""

from collections.abc import Sequence
from typing import Final

import duckdb
import pyarrow as pa

from workbench.desks.registrations import ServiceEntry
from workbench.fleet.observed import Registration
from workbench.fleet.tables import Column, Row
from workbench.store.moments import micros, selected
from workbench.tables.frames import arrow_of

SERVICE_COLUMNS: Final = (
    Column("happened_at", "time", "when, UTC"),
    Column("action", "text", "registered, live, stale, gone or forgotten"),
    Column("seen_at", "time", "when the service was last heard of"),
    Column("service_name", "text", "the name under which it registered"),
    Column("port", "integer", "its port"),
    Column("protocol", "text", "what it speaks there"),
    Column("health_endpoint", "text", "where it tells of its health"),
    Column("metrics_endpoint", "text", "where it tells of its figures"),
    Column("role", "text", "what it is, in its own words"),
    Column("pid", "integer", "its process, if it says so"),
    Column("host", "text", "the address it called from; empty for this host"),
    Column("registered_at", "time", "when it registered so"),
    Column("state", "text", "live, stale or gone"),
    Column("status", "text", "what it said of itself"),
)
_SELECT: Final = selected(SERVICE_COLUMNS)


def service_table(entries: Sequence[ServiceEntry]) -> pa.Table:
    """Return entries as an Arrow table."""
    return arrow_of(SERVICE_COLUMNS, [_row(entry) for entry in entries])


def stored_services(connection: duckdb.DuckDBPyConnection) -> list[ServiceEntry]:
    """Return all entries in the order in which they were written."""
    rows = connection.execute(f"SELECT {_SELECT} FROM registrations ORDER BY rowid").fetchall()
    return [ServiceEntry(action, at, seen_at, Registration(*fields)) for at, action, seen_at, *fields in rows]


def _row(entry: ServiceEntry) -> Row:
    fields = [micros(value) if name == "registered_at" else value for name, value in entry.service._asdict().items()]
    return (micros(entry.at), entry.action, micros(entry.seen_at), *fields)
