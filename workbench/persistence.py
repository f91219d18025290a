"""What a hub keeps beyond its own life, as it wants it to be: a journal, and a memory of the last fleet."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from workbench.desks.assignment_desk import AssignmentJournal
from workbench.desks.audit import AuditJournal
from workbench.desks.deployment_desk import DeploymentJournal
from workbench.desks.service_desk import ServiceJournal
from workbench.events import Event
from workbench.fleet.snapshot import Snapshot


class Journal(AssignmentJournal, AuditJournal, DeploymentJournal, ServiceJournal, Protocol):
    """What the hub writes down before it publishes; the store is one."""

    def open(self) -> None:
        """Open the state file, or raise StoreError."""

    def close(self) -> None:
        """Close it; harmless if it is not open."""

    def restore(self) -> tuple[int, list[Event]]:
        """Return (last revision, kept events, oldest first)."""

    def commit(self, snapshot: Snapshot, events: Sequence[Event]) -> None:
        """Write one revision and its events in one transaction, or raise StoreError."""

    def mirror(self, snapshot: Snapshot) -> bool:
        """Bring the tables on disk nearer to a snapshot for a short while; True when they are equal to it."""


class Memory(Protocol):
    """Where a hub keeps the last known fleet between two runs."""

    def save(self, snapshot: Snapshot, identities: dict[str, Any], goes_on: Callable[[], bool]) -> bool:
        """Keep a snapshot and the identities of its files; False if that failed, or no longer goes on."""

    def load(self, goes_on: Callable[[], bool]) -> tuple[Snapshot, dict[str, Any]] | None:
        """Return what was kept; None if there is nothing that fits, or it no longer goes on."""
