"""The audit log: who changed what, when, from where, and with which outcome; what was refused, too."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal, Protocol, get_args

from workbench.errors import StoreError
from workbench.fleet.wire import iso

logger = logging.getLogger(__name__)

Outcome = Literal["done", "refused", "failed"]
"""`refused`: the caller may not. `failed`: it may, and it did not work."""

OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
LONGEST_ANSWER: Final = 1_000
_KEPT: Final = 2_000
_WAITING: Final = 5_000
_DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that was tried. `id` rises with time; `at` is in seconds since the epoch."""

    id: int
    at: float
    actor: str
    means: str
    action: str
    subject: str
    outcome: Outcome
    status: int
    code: str
    address: str
    origin: str
    request_id: str


FIELDS: Final = tuple(item.name for item in fields(AuditEntry))


def audit_model(entry: AuditEntry) -> dict[str, Any]:
    """Return an entry as JSON."""
    model: dict[str, Any] = {name: getattr(entry, name) or None for name in FIELDS}
    return model | {"at": iso(entry.at)}


@dataclass(frozen=True)
class AuditQuery:
    """Which entries are wanted: not older than `since`, older than the entry `before`, of an actor, action, outcome."""

    since: float | None = None
    before: int | None = None
    actor: str | None = None
    action: str | None = None
    outcome: Outcome | None = None
    limit: int = 100

    def accepts(self, entry: AuditEntry) -> bool:
        """Whether an entry is one of them, `limit` aside."""
        return (
            (self.since is None or entry.at >= self.since)
            and (self.before is None or entry.id < self.before)
            and self.actor in (None, entry.actor)
            and self.action in (None, entry.action)
            and self.outcome in (None, entry.outcome)
        )


@dataclass(frozen=True)
class AuditRetention:
    """How long entries are kept: all of them `days`, and of the refused ones the newest `refused`.

    What was done is never pushed out by what was refused, so that nobody can flood it away.
    """

    days: float = 365.0
    refused: int = 100_000


class AuditJournal(Protocol):
    """Where entries are written down; the store is one."""

    def commit_audit(self, entries: Sequence[AuditEntry]) -> None:
        """Write entries in one transaction, durable before this returns, or raise StoreError."""

    def audit(self, query: AuditQuery) -> list[AuditEntry]:
        """Return the entries wanted, newest first, or raise StoreError. Any thread may ask."""

    def compact_audit(self, oldest: float, refused: int) -> None:
        """Remove entries before `oldest` and refused ones beyond the newest `refused`, or raise StoreError."""


@dataclass
class AuditLog:
    """Takes entries from any thread, and has one thread, the hub's, write them down soon after.

    The newest are in memory too, which is all there is without a state file. `wake` asks for `write`.
    """

    journal: AuditJournal | None = None
    retention: AuditRetention = field(default_factory=AuditRetention)
    wake: Callable[[], None] = lambda: None
    clock: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        # Apart, so that a flood of refusals does not push out of memory either what was done.
        self._newest: dict[bool, deque[AuditEntry]] = {kind: deque(maxlen=_KEPT) for kind in (False, True)}
        self._waiting: list[AuditEntry] = []
        self._lost = 0
        self._last_id = 0
        self._compact_at = 0.0
        self._listeners: list[Callable[[Sequence[Any]], None]] = []

    def record(self, **known: Any) -> None:
        """Take an entry; its fields but `id` and `at`. Never fails and never waits for a disk."""
        with self._lock:
            now = round(self.clock(), 6)
            self._last_id = max(self._last_id + 1, int(now * 1e6))
            entry = AuditEntry(id=self._last_id, at=now, **known)
            self._newest[entry.outcome == "refused"].append(entry)
            is_first = not self._waiting
            if len(self._waiting) < _WAITING:
                self._waiting.append(entry)
            else:
                self._lost += 1
            listeners = list(self._listeners)
        if is_first:
            self.wake()
        for listener in listeners:
            listener(())

    def write(self) -> None:
        """Write down what came since the last time; once a day, remove what is too old. Raises StoreError."""
        with self._lock:
            entries, lost, self._lost = tuple(self._waiting), self._lost, 0
        if lost:
            logger.error("%d entries of the audit log came faster than they could be written, and are lost", lost)
        if self.journal is None:
            self._written(len(entries))
            return
        if entries:
            self.journal.commit_audit(entries)
            self._written(len(entries))
        if self.clock() >= self._compact_at:
            self._compact_at = self.clock() + _DAY
            self.journal.compact_audit(self.clock() - self.retention.days * _DAY, self.retention.refused)

    def _written(self, count: int) -> None:
        with self._lock:
            del self._waiting[:count]

    def drop(self) -> None:
        """Give up what was not written: there is no state file any more. Memory keeps the newest."""
        with self._lock:
            self._waiting.clear()

    def entries(self, query: AuditQuery | None = None) -> list[AuditEntry]:
        """Return the entries wanted, newest first. Reads the state file, so not for the event loop."""
        wanted = query or AuditQuery()
        found = {entry.id: entry for entry in self._stored(wanted)}
        with self._lock:
            recent = [entry for kind in self._newest.values() for entry in kind if wanted.accepts(entry)]
        found.update((entry.id, entry) for entry in recent)
        return sorted(found.values(), key=lambda entry: -entry.id)[: wanted.limit]

    def _stored(self, query: AuditQuery) -> list[AuditEntry]:
        if self.journal is None:
            return []
        try:
            return self.journal.audit(query)
        except StoreError as error:
            logger.warning("the audit log shows only what is in memory: %s", error.message)
            return []

    def subscribe(self, listener: Callable[[Sequence[Any]], None]) -> Callable[[], None]:
        """Call `listener` after each entry, on the thread that made it; returns the function that ends it."""
        with self._lock:
            self._listeners.append(listener)

        def end() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return end
