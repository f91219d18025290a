"""Running services that registered themselves: a state machine without I/O, folded from its journal."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

from workbench.errors import TooManyServices, UnknownService
from workbench.fleet.model import fold
from workbench.fleet.observed import Registration, ServiceState

Action = Literal["registered", "live", "stale", "gone", "forgotten"]

DEFAULT_STALE_AFTER: Final = 30.0
DEFAULT_GONE_AFTER: Final = 120.0
DEFAULT_MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class Patience:
    """After how many seconds without a heartbeat a service is stale, then gone, and how many there may be."""

    stale_after: float = DEFAULT_STALE_AFTER
    gone_after: float = DEFAULT_GONE_AFTER
    most: int = DEFAULT_MOST


@dataclass(frozen=True, slots=True)
class Pulse:
    """The newest sign of life of a service. It is no part of a revision: a heartbeat alone changes nothing."""

    seen_at: float
    """In seconds since the epoch."""
    heard: float
    """On the clock that only goes forward; what a service's state is judged by."""
    metrics: Mapping[str, Any] = field(default_factory=dict)


class ServiceEntry(NamedTuple):
    """One line of the journal: what happened, when, when the service was last heard of, and how it stands now."""

    action: Action
    at: float
    seen_at: float
    service: Registration


class Registrations:
    """All services that are known, by folded name. Methods that change something return the journal's entries."""

    def __init__(
        self, entries: Iterable[ServiceEntry] = (), patience: Patience | None = None, heard: float = 0
    ) -> None:
        self.patience = patience or Patience()
        self._services: dict[str, Registration] = {}
        self._pulses: dict[str, Pulse] = {}
        self._listed: tuple[Registration, ...] | None = ()
        """The services by name, until one of them changes."""
        for entry in entries:
            self._fold(entry, heard - self.patience.stale_after)

    def __len__(self) -> int:
        return len(self._services)

    @property
    def services(self) -> tuple[Registration, ...]:
        """The services, by name; the same object until one of them changes."""
        if self._listed is None:
            self._listed = tuple(self._services[key] for key in sorted(self._services))
        return self._listed

    def pulse(self, service_name: str) -> Pulse:
        """Return the newest sign of life of a service; raises UnknownService."""
        key = fold(service_name)
        if key not in self._pulses:
            raise UnknownService(
                f'no service registered as "{service_name}"; POST /api/ports/register first', service_name=service_name
            )
        return self._pulses[key]

    def service(self, service_name: str) -> Registration:
        """Return a service; raises UnknownService."""
        self.pulse(service_name)
        return self._services[fold(service_name)]

    def register(self, asked: Registration, now: float, heard: float) -> list[ServiceEntry]:
        """Take up a service, or replace what was registered under its name; no entry if that is the same already.

        Raises TooManyServices.
        """
        key, now = fold(asked.service_name), round(now, 3)
        known = self._services.get(key)
        if known is not None:
            same = asked._replace(registered_at=known.registered_at, state="live", status=known.status)
            if same == known:
                self._pulses[key] = Pulse(now, heard, self._pulses[key].metrics)
                return []
        entries = [] if known is not None else self._room(now)
        made = asked._replace(registered_at=now, state="live")
        return [*entries, self._fold(ServiceEntry("registered", now, now, made), heard)]

    def beat(self, service_name: str, now: float, heard: float, metrics: Mapping[str, Any]) -> None:
        """Note a sign of life; raises UnknownService. Whether it changes the state, `revise` says."""
        self.pulse(service_name)
        self._pulses[fold(service_name)] = Pulse(now, heard, metrics)

    def report(self, service_name: str, status: str) -> None:
        """Note what a service says of itself; raises UnknownService."""
        key = fold(self.service(service_name).service_name)
        if self._services[key].status != status:
            self._services[key] = self._services[key]._replace(status=status)
            self._listed = None

    def revise(self, now: float, heard: float) -> list[ServiceEntry]:
        """Bring every service's state up to date with its last sign of life."""
        entries: list[ServiceEntry] = []
        for key, service in list(self._services.items()):
            state = self._state(heard - self._pulses[key].heard)
            if state != service.state:
                entry = ServiceEntry(state, round(now, 3), self._pulses[key].seen_at, service._replace(state=state))
                entries.append(self._fold(entry, self._pulses[key].heard))
        return entries

    def seconds_to_change(self, heard: float) -> float | None:
        """Return how long it is until a service changes its state by its silence; None if none can."""
        wait = math.inf
        for key, service in self._services.items():
            if service.state != "gone":
                limit = self.patience.stale_after if service.state == "live" else self.patience.gone_after
                wait = min(wait, self._pulses[key].heard + limit - heard)
        return None if wait == math.inf else max(wait, 0.0)

    def _state(self, silence: float) -> ServiceState:
        if silence < self.patience.stale_after:
            return "live"
        return "stale" if silence < self.patience.gone_after else "gone"

    def _room(self, now: float) -> list[ServiceEntry]:
        """Make room for one more service: those that are gone longest are forgotten first."""
        if len(self._services) < self.patience.most:
            return []
        gone = [key for key, service in self._services.items() if service.state == "gone"]
        if not gone:
            raise TooManyServices(
                f"{len(self)} services are registered already, as many as registrations.most allows", most=len(self)
            )
        key = min(gone, key=lambda name: self._pulses[name].seen_at)
        return [self._fold(ServiceEntry("forgotten", now, self._pulses[key].seen_at, self._services[key]), 0)]

    def _fold(self, entry: ServiceEntry, heard: float) -> ServiceEntry:
        key, self._listed = fold(entry.service.service_name), None
        if entry.action == "forgotten":
            self._services.pop(key, None)
            self._pulses.pop(key, None)
            return entry
        known = self._pulses.get(key)
        metrics = known.metrics if known and entry.action != "registered" else {}
        self._services[key] = entry.service
        self._pulses[key] = Pulse(entry.seen_at, heard, metrics)
        return entry
