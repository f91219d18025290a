"""The state file: journal of revisions and events, and a mirror of the newest snapshot, in one DuckDB database."""

import logging
import os
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar

import duckdb
import pyarrow as pa

from workbench.deploy.model import Deployment
from workbench.desks.assignments import Entry
from workbench.desks.audit import AuditEntry, AuditQuery
from workbench.desks.registrations import ServiceEntry
from workbench.errors import StoreError
from workbench.events import Event
from workbench.fleet.model import Finding, locate_sites
from workbench.fleet.ranking import Subject
from workbench.fleet.rebuild import Kept, rebuilt
from workbench.fleet.snapshot import Record, Snapshot
from workbench.fleet.tables import FINDINGS, TABLES, Column, Row, finding_row, record_sites
from workbench.fleet.wire import summary_model
from workbench.store.assignment_rows import ENTRY_COLUMNS, entry_table, stored_entries
from workbench.store.audit_rows import AUDIT_COLUMNS, audit_table, compact, stored_audit
from workbench.store.deployment_rows import DEPLOYMENT_COLUMNS, deployment_table, stored_deployments
from workbench.store.history_rows import (
    HistoryBounds,
    HistoryRows,
    kept_at,
    plan_at,
    plan_changes,
    prune_history,
    revision_rows,
    revisions_of,
    undone_page,
)
from workbench.store.registration_rows import SERVICE_COLUMNS, service_table, stored_services
from workbench.store.schema import MIGRATIONS, mirror_ddl
from workbench.tables.frames import EVENT_COLUMNS, arrow_of, event_table

logger = logging.getLogger(__name__)

STATE_FILE: Final = "workbench.duckdb"
KEPT_EVENTS: Final = 100_000
"""The newest events, which are kept however old they are."""
MOST_EVENTS: Final = 1_000_000
"""As many are kept of a busy day."""
_KEPT_SECONDS: Final = 86_400
_PRUNE_EVERY: Final = 5_000
T = TypeVar("T")
_PART: Final = Column("part", "text", "record or group that the row came from")
_BATCH: Final = 200


class Store:
    """The state file of one workbench. One thread writes; no other process can open it meanwhile.

    A file that cannot be opened because it is damaged is set aside under another name, and said so; the
    fleet itself can always be read again from disk.
    """

    def __init__(self, folder: Path, bounds: HistoryBounds | None = None) -> None:
        self.bounds = bounds or HistoryBounds()
        self.path = folder / STATE_FILE
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._mirrored_records: dict[str, Record] = {}
        self._mirrored_groups: dict[Subject, tuple[Finding, ...]] = {}
        self._begun: tuple[Snapshot, Iterator[None]] | None = None
        """The snapshot to which the mirror is being brought, and what is still to do for it."""
        self._history = HistoryRows()
        self._pruned_at = 0
        self._last_seq = 0
        self._reads = threading.Lock()
        """Held by one reader at a time, and to close: DuckDB refuses to close a file that is being read."""

    def open(self) -> None:
        """Open or create the file. Raises StoreError if it cannot be written or another process holds it."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._connection = self._opened()
        except (OSError, duckdb.Error) as error:
            raise StoreError(f"{self.path}: {_first_line(error)}", path=str(self.path)) from error

    def _opened(self) -> duckdb.DuckDBPyConnection:
        try:
            return self._migrated(duckdb.connect(self.path))
        except duckdb.Error as error:
            if not self.path.exists() or _is_locked(error) or not os.access(self.path, os.W_OK):
                raise
            aside = self.path.with_name(f"{STATE_FILE}.damaged-{datetime.now(UTC):%Y%m%d-%H%M%S}")
            self.path.rename(aside)
            with suppress(FileNotFoundError):
                self.path.with_name(f"{STATE_FILE}.wal").rename(f"{aside}.wal")
            logger.error("the state file is damaged (%s); set aside as %s", _first_line(error), aside)
            return self._migrated(duckdb.connect(self.path))

    @staticmethod
    def _migrated(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("CREATE TABLE IF NOT EXISTS versions (version BIGINT)")
        (version,) = connection.execute("SELECT coalesce(max(version), 0) FROM versions").fetchone() or (0,)
        if version > len(MIGRATIONS):
            connection.close()
            raise StoreError("the state file was written by a newer workbench; use that, or another --state folder")
        with _transaction(connection):
            for number, step in enumerate(MIGRATIONS[version:], version + 1):
                connection.execute(step)
                connection.execute("INSERT INTO versions VALUES (?)", [number])
            for name in TABLES:
                connection.execute(f"DROP TABLE IF EXISTS {name}")
            connection.execute(mirror_ddl())
        return connection

    def close(self) -> None:
        """Close the file; harmless if it is not open."""
        with self._reads:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The writer's connection. Raises StoreError if the file is not open."""
        if self._connection is None:
            raise StoreError(f"{self.path} is not open")
        return self._connection

    def restore(self) -> tuple[int, list[Event]]:
        """Return (last revision, the newest kept events, oldest first)."""
        self.prune_events()
        try:
            self._history.restore(self.connection)
            (revision,) = self.connection.execute("SELECT coalesce(max(revision), 0) FROM revisions").fetchone() or (0,)
            rows = self.connection.execute(
                "SELECT seq, revision, epoch(ts), type, topic, data FROM events ORDER BY seq DESC LIMIT ?",
                [KEPT_EVENTS],
            ).fetchall()
        except duckdb.Error as error:
            raise StoreError(f"{self.path}: {_first_line(error)}", path=str(self.path)) from error
        events = [
            Event.kept(seq, rev, ts, kind, topic, data.encode()) for seq, rev, ts, kind, topic, data in reversed(rows)
        ]
        return revision, events

    def commit(self, snapshot: Snapshot, events: Sequence[Event]) -> None:
        """Write one revision and its events in one transaction, durable before this returns."""
        figures = snapshot.derive("summary", summary_model)
        row = [
            snapshot.revision,
            datetime.fromtimestamp(snapshot.taken_at, UTC),
            *(figures[key] for key in ("crates", "manifests", "findings", "errors", "warnings")),
            self._history.plan_text(snapshot.plan),
        ]
        with self._guarded():
            # All rows of it: a result that is not read to its end stands in the way of registering a table.
            known = self.connection.execute("SELECT 1 FROM revisions WHERE revision = ?", row[:1]).fetchall()
            if not known:
                self.connection.execute("INSERT INTO revisions VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            self._history.write(self.connection, snapshot)
            self._insert("events", event_table(events), [column.name for column in EVENT_COLUMNS])
        self._last_seq = max([self._last_seq, *(event.seq for event in events)])

    def assignments(self) -> list[Entry]:
        """Return the journal of the assignments, oldest entry first."""
        try:
            return stored_entries(self.connection)
        except duckdb.Error as error:
            raise StoreError(f"{self.path}: {_first_line(error)}", path=str(self.path)) from error

    def commit_assignments(self, entries: Sequence[Entry], events: Sequence[Event]) -> None:
        """Write entries and their events in one transaction, durable before this returns."""
        with self._guarded():
            self._insert("assignments", entry_table(entries), [column.name for column in ENTRY_COLUMNS])
            self._insert("events", event_table(events), [column.name for column in EVENT_COLUMNS])

    def revisions(self) -> list[dict[str, Any]]:
        """Return every revision that can be had again, oldest first: revision, taken_at, figures, changed manifests."""
        with self._reading() as cursor:
            return revision_rows(cursor)

    def revisions_of(self, paths: Collection[str]) -> set[int]:
        """Return the kept revisions that changed one of some manifests; any thread may ask."""
        with self._reading() as cursor:
            return revisions_of(cursor, paths)

    def plan_changes(self) -> set[int]:
        """Return the kept revisions whose port plan is another than that of the revision before."""
        with self._reading() as cursor:
            return plan_changes(cursor)

    def undone(self, oldest: int) -> Iterator[tuple[int, dict[str, Kept | None]]]:
        """Return what the manifests were before each revision after `oldest`, newest first; any thread may ask."""
        below = 2**63 - 1
        while True:
            # The file is held while a page is read, and not while somebody looks at it.
            with self._reading() as cursor:
                page = undone_page(cursor, oldest, below)
            if not page:
                return
            yield from page
            below = page[-1][0]

    def snapshot_at(self, revision: int, taken_at: float, near: Snapshot) -> Snapshot:
        """Return the snapshot of a kept revision; any thread may ask."""
        with self._reading() as cursor:
            kept, plan = kept_at(cursor, revision), plan_at(cursor, revision)
        return rebuilt(kept, plan, revision, taken_at, near)

    @contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        try:
            with self._reads, self.connection.cursor() as cursor:
                yield cursor
        except duckdb.Error as error:
            raise StoreError(f"{self.path}: {_first_line(error)}", path=str(self.path)) from error

    def prune_events(self, kept: int = KEPT_EVENTS, most: int = MOST_EVENTS, seconds: float = _KEPT_SECONDS) -> None:
        """Delete events that are neither among the newest `kept` nor younger than `seconds`, and all beyond `most`.

        The newest one always stays: numbers go on from there.
        """
        oldest = datetime.fromtimestamp(time.time() - seconds, UTC)
        with self._guarded():
            (last,) = self.connection.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone() or (0,)
            self.connection.execute(
                "DELETE FROM events WHERE seq <= ? AND (ts < ? OR seq <= ?)", [last - kept, oldest, last - most]
            )
            prune_history(self.connection, self.bounds.revisions, self.bounds.changes)
        self._pruned_at = last

    def commit_audit(self, entries: Sequence[AuditEntry]) -> None:
        """Write entries of the audit log in one transaction, durable before this returns."""
        with self._guarded():
            self._insert("audit", audit_table(entries), [column.name for column in AUDIT_COLUMNS])

    def audit(self, query: AuditQuery) -> list[AuditEntry]:
        """Return entries of the audit log, newest first; any thread may ask."""
        with self._reading() as cursor:
            return stored_audit(cursor, query)

    def compact_audit(self, oldest: float, refused: int) -> None:
        """Remove entries of the audit log before `oldest`, and refused ones beyond the newest `refused`."""
        with self._guarded():
            compact(self.connection, oldest, refused)

    def registrations(self) -> list[ServiceEntry]:
        """Return the journal of the registrations, oldest entry first."""
        try:
            return stored_services(self.connection)
        except duckdb.Error as error:
            raise StoreError(f"{self.path}: {_first_line(error)}", path=str(self.path)) from error

    def commit_registrations(self, entries: Sequence[ServiceEntry]) -> None:
        """Write entries in one transaction, durable before this returns."""
        with self._guarded():
            self._insert("registrations", service_table(entries), [column.name for column in SERVICE_COLUMNS])

    def deployments(self) -> list[Deployment]:
        """Return each deployment as it was written last, in the order of that."""
        with self._reading() as cursor:
            return stored_deployments(cursor)

    def commit_deployments(self, items: Sequence[Deployment], events: Sequence[Event]) -> None:
        """Write deployments and events in one transaction, durable before this returns."""
        with self._guarded():
            if items:
                self._insert("deployments", deployment_table(items), [column.name for column in DEPLOYMENT_COLUMNS])
            self._insert("events", event_table(events), [column.name for column in EVENT_COLUMNS])

    def mirror(self, snapshot: Snapshot, budget: float = 0.1) -> bool:
        """Bring the mirror tables nearer to a snapshot for about `budget` seconds; True when they are equal to it."""
        deadline = time.monotonic() + budget
        if self._last_seq > self._pruned_at + _PRUNE_EVERY:
            self.prune_events()
        begun, self._begun = self._begun, None  # what fails on the way is begun anew
        steps = begun[1] if begun is not None and begun[0] is snapshot else self._mirroring(snapshot)
        for _ in steps:
            if time.monotonic() > deadline:
                self._begun = snapshot, steps
                return False
        return True

    def _mirroring(self, snapshot: Snapshot) -> Iterator[None]:
        """Bring the mirror tables to a snapshot, a batch at a time."""
        stale = [p for p, r in snapshot.records.items() if self._mirrored_records.get(p) is not r]
        stale += [path for path in self._mirrored_records if path not in snapshot.records]
        groups = snapshot.finding_groups()
        stale_groups = [s for s, found in groups.items() if self._mirrored_groups.get(s) is not found]
        stale_groups += [subject for subject in self._mirrored_groups if subject not in groups]
        for paths in _batches(stale):
            self._mirror_records(snapshot, paths)
            yield
        for subjects in _batches(stale_groups):
            self._mirror_groups(groups, subjects)
            yield

    def _mirror_records(self, snapshot: Snapshot, paths: list[str]) -> None:
        present = {path: snapshot.records[path] for path in paths if path in snapshot.records}
        locate_sites(site for record in present.values() for site in record_sites(record))
        with self._guarded():
            for spec in TABLES.values():
                if spec is not FINDINGS:
                    rows = [(path, *row) for path, record in present.items() for row in spec.rows(record, snapshot)]
                    old = [path for path in paths if path in self._mirrored_records]
                    self._replace(spec.name, old, (_PART, *spec.columns), rows)
        for path in paths:
            self._mirrored_records.pop(path, None)
        self._mirrored_records.update(present)

    def _mirror_groups(self, groups: Mapping[Subject, tuple[Finding, ...]], subjects: list[Subject]) -> None:
        locate_sites(site for s in subjects for item in groups.get(s, ()) for site in item.sites[:1])
        rows: list[Row] = [(_name(s), *finding_row(item)) for s in subjects for item in groups.get(s, ())]
        with self._guarded():
            old = [_name(subject) for subject in subjects if subject in self._mirrored_groups]
            self._replace("findings", old, (_PART, *FINDINGS.columns), rows)
        for subject in subjects:
            self._mirrored_groups.pop(subject, None)
            if subject in groups:
                self._mirrored_groups[subject] = groups[subject]

    def _replace(self, table: str, parts: list[str], columns: Sequence[Column], rows: list[Row]) -> None:
        if parts:
            self.connection.execute(f"DELETE FROM {table} WHERE part IN (SELECT unnest(?))", [parts])
        if rows:
            self._insert(table, arrow_of(columns, rows), [column.name for column in columns])

    def _insert(self, table: str, rows: pa.Table, columns: list[str]) -> None:
        names = ", ".join(f'"{name}"' for name in columns)
        self.connection.register("incoming", rows)
        try:
            self.connection.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM incoming")
        finally:
            self.connection.unregister("incoming")

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            with _transaction(self.connection):
                yield
        except (duckdb.Error, OSError) as error:
            raise StoreError(f"{self.path}: {_first_line(error)}", path=str(self.path)) from error


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.execute("BEGIN")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _batches(items: list[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


def _name(subject: Subject) -> str:
    return f"{subject[0]}:{subject[1]}"


def _is_locked(error: duckdb.Error) -> bool:
    return "lock" in str(error).lower()


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
