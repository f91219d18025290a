"""Entries of the assignments' journal as rows of its table, and back."""

from collections.abc import Sequence
from typing import Final

import duckdb
import pyarrow as pa

from workbench.desks.assignments import Assignment, Entry
from workbench.fleet.tables import Column, Row
from workbench.store.moments import micros, selected
from workbench.tables.frames import arrow_of

ENTRY_COLUMNS: Final = (
    Column("happened_at", "time", "when, UTC"),
    Column("action", "text", "made, released or expired"),
    Column("by", "text", "who did it; empty for the end of a lease"),
    Column("id", "text", "the assignment"),
    Column("crate_name", "text", "the crate that holds the port"),
    Column("label", "text", "what the port is for"),
    Column("port", "integer", "the port"),
    Column("sister_port", "integer", "its sister, if it has one"),
    Column("block", "text", "the block that it was chosen from"),
    Column("assigned_at", "time", "when it was handed out"),
    Column("expires_at", "time", "when its lease ends"),
    Column("released_at", "time", "when it was given back"),
    Column("idempotency_key", "text", "the caller's key of the request"),
    Column("actor", "text", "who asked for it"),
    Column("request", "text", "what was asked for, as JSON"),
    Column("release_key", "text", "the key of the request that ended it"),
    Column("release_request", "text", "that request, as JSON"),
)
_SELECT: Final = selected(ENTRY_COLUMNS)


def entry_table(entries: Sequence[Entry]) -> pa.Table:
    """Return entries as an Arrow table."""
    return arrow_of(ENTRY_COLUMNS, [_row(entry) for entry in entries])


def stored_entries(connection: duckdb.DuckDBPyConnection) -> list[Entry]:
    """Return all entries in the order in which they were written."""
    rows = connection.execute(f"SELECT {_SELECT} FROM assignments ORDER BY rowid").fetchall()
    return [Entry(action, at, by, Assignment(*fields)) for at, action, by, *fields in rows]


def _row(entry: Entry) -> Row:
    item = entry.assignment
    return (
        micros(entry.at), entry.action, entry.actor, item.id, item.crate_name, item.label, item.port,
        item.sister_port, item.block, micros(item.assigned_at), micros(item.expires_at), micros(item.released_at),
        item.idempotency_key, item.actor, item.request, item.release_key, item.release_request,
    )  # fmt: skip
