"""The desk of the running services: the hub's thread changes states, any thread may note a heartbeat."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Protocol

from workbench.desks.registrations import Patience, Pulse, Registrations, ServiceEntry
from workbench.errors import WorkbenchError
from workbench.fleet.observed import Registration


class ServiceJournal(Protocol):
    """What the desk writes down before it answers; the store is one."""

    def registrations(self) -> list[ServiceEntry]:
        """Return all entries, oldest first, or raise StoreError."""

    def commit_registrations(self, entries: Sequence[ServiceEntry]) -> None:
        """Write entries in one transaction, durable before this returns, or raise StoreError."""


@dataclass(frozen=True)
class RegisterCommand:
    """A service registers itself. The answer says whether its name is new."""

    service: Registration
    answer: "Future[bool]" = field(default_factory=Future)


Outcome = bool | WorkbenchError


class ServiceDesk:
    """Which services run, as far as they say so. A lock, held for microseconds, lets heartbeats pass a busy hub."""

    def __init__(
        self,
        patience: Patience | None = None,
        now: Callable[[], float] = time.time,
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        self._book = Registrations(patience=patience)
        self._now = now
        self._tick = tick
        self._lock = threading.Lock()

    @property
    def patience(self) -> Patience:
        """How long silence is borne."""
        return self._book.patience

    def restore(self, entries: Sequence[ServiceEntry]) -> None:
        """Take up the services of earlier runs: stale until they are heard again."""
        with self._lock:
            self._book = Registrations(entries, self.patience, self._tick())

    def services(self) -> tuple[Registration, ...]:
        """Return all services, by name."""
        with self._lock:
            return self._book.services

    def known(self) -> list[tuple[Registration, Pulse]]:
        """Return all services with their newest sign of life, by name."""
        with self._lock:
            return [(item, self._book.pulse(item.service_name)) for item in self._book.services]

    def find(self, service_name: str) -> tuple[Registration, Pulse]:
        """Return a service with its newest sign of life; raises UnknownService."""
        with self._lock:
            return self._book.service(service_name), self._book.pulse(service_name)

    def beat(self, service_name: str, status: str, metrics: Mapping[str, Any]) -> bool:
        """Note a heartbeat at once; True if it changes more than the time. Raises UnknownService."""
        with self._lock:
            service = self._book.service(service_name)
            self._book.beat(service_name, self._now(), self._tick(), metrics)
            self._book.report(service_name, status)
            return service.state != "live" or service.status != status

    def seconds_to_change(self) -> float | None:
        """Return how long it is until a service changes its state by its silence; None if none can."""
        with self._lock:
            return self._book.seconds_to_change(self._tick())

    def serve(self, commands: Sequence[RegisterCommand]) -> tuple[list[ServiceEntry], list[Outcome]]:
        """Bring all states up to date and take up those who register; returns what to write down, and the answers."""
        outcomes: list[Outcome] = []
        with self._lock:
            now, tick = self._now(), self._tick()
            entries = self._book.revise(now, tick)
            for command in commands:
                names = {item.service_name for item in self._book.services}
                try:
                    entries += self._book.register(command.service, now, tick)
                except WorkbenchError as error:
                    outcomes.append(error)
                else:
                    outcomes.append(command.service.service_name not in names)
        return entries, outcomes
