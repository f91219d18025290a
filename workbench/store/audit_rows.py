"""Entries of the audit log as rows of its table, and back."""

from collections.abc import Sequence
from typing import Any, Final

import duckdb
import pyarrow as pa

from workbench.desks.audit import AuditEntry, AuditQuery
from workbench.fleet.tables import Column
from workbench.store.moments import micros, selected
from workbench.tables.frames import arrow_of

AUDIT_COLUMNS: Final = (
    Column("id", "integer", "rises with time"),
    Column("happened_at", "time", "when, UTC"),
    Column("actor", "text", "who: the name of a token or of a person; empty if that is not known"),
    Column("means", "text", "how the actor said so: token, sign-in, loopback or nothing"),
    Column("action", "text", "what was tried"),
    Column("subject", "text", "with what"),
    Column("outcome", "text", "done, refused or failed"),
    Column("status", "integer", "HTTP status of the answer"),
    Column("code", "text", "code of the error"),
    Column("address", "text", "address that the request came from"),
    Column("origin", "text", "page that the request came from"),
    Column("request_id", "text", "id of the request, as the log and the answer have it"),
)
_SELECT: Final = selected(AUDIT_COLUMNS)


def audit_table(entries: Sequence[AuditEntry]) -> pa.Table:
    """Return entries as an Arrow table."""
    rows = [
        tuple(micros(entry.at) if column.type == "time" else getattr(entry, column.name) for column in AUDIT_COLUMNS)
        for entry in entries
    ]
    return arrow_of(AUDIT_COLUMNS, rows)


def stored_audit(connection: duckdb.DuckDBPyConnection, query: AuditQuery) -> list[AuditEntry]:
    """Return the entries wanted, newest first."""
    conditions: list[str] = []
    values: list[Any] = []
    for condition, value in (
        ("epoch_us(happened_at) >= ?", micros(query.since)),
        ("id < ?", query.before),
        ("actor = ?", query.actor),
        ("action = ?", query.action),
        ("outcome = ?", query.outcome),
    ):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
    rows = connection.execute(f"SELECT {_SELECT} FROM audit {where}ORDER BY id DESC LIMIT ?", [*values, query.limit])
    return [AuditEntry(*row) for row in rows.fetchall()]


def compact(connection: duckdb.DuckDBPyConnection, oldest: float, refused: int) -> None:
    """Remove entries before `oldest`, in seconds since the epoch, and refused ones beyond the newest `refused`."""
    connection.execute("DELETE FROM audit WHERE epoch_us(happened_at) < ?", [micros(oldest)])
    connection.execute(
        "DELETE FROM audit WHERE outcome = 'refused' AND id <= "
        "(SELECT id FROM audit WHERE outcome = 'refused' ORDER BY id DESC LIMIT 1 OFFSET ?)",
        [refused],
    )
