"""The desk at which the hub's thread hands out ports: in order, written down before anybody is answered."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from workbench.desks.assignments import Assignment, AssignmentRequest, Assignments, Entry, assignment_model
from workbench.errors import StoreError, WorkbenchError
from workbench.events import Draft, Event, EventLog
from workbench.fleet.snapshot import Snapshot


class AssignmentJournal(Protocol):
    """What the desk writes down before it answers; the store is one."""

    def assignments(self) -> list[Entry]:
        """Return all entries, oldest first, or raise StoreError."""

    def commit_assignments(self, entries: Sequence[Entry], events: Sequence[Event]) -> None:
        """Write entries and their events in one transaction, durable before this returns, or raise StoreError."""


@dataclass(frozen=True)
class AssignCommand:
    """Somebody wants a port. `key` makes a repetition of the request harmless."""

    request: AssignmentRequest
    key: str | None = None
    actor: str = ""
    answer: "Future[Assignment]" = field(default_factory=Future)


@dataclass(frozen=True)
class ReleaseCommand:
    """Somebody gives a port back; `expected` is the id that the assignment must have, `key` as in AssignCommand."""

    port: int
    expected: str | None = None
    actor: str = ""
    key: str | None = None
    answer: "Future[Assignment]" = field(default_factory=Future)


DeskCommand = AssignCommand | ReleaseCommand


class AssignmentDesk:
    """Who holds which port. One thread, the hub's, serves; any thread reads `book`, which is never changed again.

    Without a journal assignments are kept in memory only.
    """

    def __init__(
        self, journal: AssignmentJournal | None, log: EventLog, clock: Callable[[], float] = time.time
    ) -> None:
        self.book = Assignments()
        self._journal = journal
        self._log = log
        self._clock = clock

    @property
    def is_durable(self) -> bool:
        """Whether assignments survive a restart."""
        return self._journal is not None

    def restore(self) -> None:
        """Take up the assignments of earlier runs. Raises StoreError."""
        if self._journal is not None:
            self.book = Assignments(self._journal.assignments())

    def seconds_to_expiry(self) -> float | None:
        """Return how long it is until the first lease ends; None if there is no lease."""
        moment = self.book.next_expiry
        return None if moment is None else max(0.0, moment - self._clock())

    def serve(self, commands: Sequence[DeskCommand], snapshot: Snapshot) -> None:
        """End leases that are over, then answer the commands in order, after all of it was written in one go.

        Raises StoreError, with nothing changed and every command refused, if it could not be written.
        """
        waiting = [command for command in commands if command.answer.set_running_or_notify_cancel()]
        now = self._clock()
        first = self.book.next_expiry
        if not waiting and (first is None or first > now):
            return
        book = self.book.copy()
        entries = book.expire(now)
        outcomes: list[Assignment | WorkbenchError] = []
        for command in waiting:
            outcome, entry = _outcome(book, command, snapshot, now)
            outcomes.append(outcome)
            entries += [entry] if entry else []
        try:
            self._write(entries, snapshot.revision, book)
        except StoreError as error:
            refuse(waiting, error)
            raise
        for command, outcome in zip(waiting, outcomes, strict=True):
            _answer(command, outcome)

    def _write(self, entries: list[Entry], revision: int, book: Assignments) -> None:
        if not entries:
            return
        drafts = [
            Draft(
                f"assignment.{entry.action}",
                "assignments",
                {"assignment": assignment_model(entry.assignment, durable=self.is_durable), "by": entry.actor or None},
            )
            for entry in entries
        ]
        events = self._log.number(drafts, revision)
        if self._journal is not None:
            self._journal.commit_assignments(entries, events)
        self.book = book
        self._log.publish(events)


def _outcome(
    book: Assignments, command: DeskCommand, snapshot: Snapshot, now: float
) -> tuple[Assignment | WorkbenchError, Entry | None]:
    try:
        if isinstance(command, AssignCommand):
            return book.assign(command.request, snapshot, now, command.key, command.actor)
        return book.release(command.port, now, command.actor, command.expected, command.key)
    except WorkbenchError as error:
        return error, None


def _answer(command: DeskCommand, outcome: Assignment | WorkbenchError) -> None:
    if isinstance(outcome, Assignment):
        command.answer.set_result(outcome)
    else:
        command.answer.set_exception(outcome)


class Answerable(Protocol):
    """A command that somebody waits for."""

    @property
    def answer(self) -> "Future[Any]":
        """What they wait for."""


def refuse(commands: Sequence[Answerable], error: WorkbenchError) -> None:
    """Refuse commands that were not answered; those that nobody waits for any more are passed over."""
    for command in commands:
        with suppress(InvalidStateError):
            command.answer.set_exception(error)
