"""The live layer of a hub: who registered, who listens on this host, how others answer, and how old all that is."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from workbench.desks.assignments import Assignment, Assignments
from workbench.desks.registrations import Patience
from workbench.desks.service_desk import ServiceDesk
from workbench.fleet.model import fold
from workbench.fleet.observed import Holder, Observed, Registration
from workbench.fleet.plan import PortPlan
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.wire import iso
from workbench.sources.listeners import HostListeners, Sight
from workbench.sources.observer import Observer
from workbench.sources.probe import Prober
from workbench.sources.rounds import Target

DEFAULT_RATE: Final = 100.0


@dataclass(frozen=True)
class LiveOptions:
    """What is looked at. `beat` is the time in seconds between two looks at this host; `rate` the requests of
    registration that one peer may send in a second.
    """

    observe: bool = False
    beat: float = 5.0
    running: tuple[str, ...] = ()
    registering: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()
    patience: Patience = field(default_factory=Patience)
    rate: float = DEFAULT_RATE


class LiveLayer:
    """The sources of the observed layer. They call `on_change`, on threads of their own, when there is news."""

    def __init__(
        self,
        options: LiveOptions,
        roots: Iterable[tuple[str, str]],
        declared: Callable[[], Iterable[int]],
        on_change: Callable[[], None],
    ) -> None:
        self.options = options
        self.desk = ServiceDesk(options.patience)
        self.observer = Observer(HostListeners(list(roots)).look, on_change, options.beat) if options.observe else None
        self.prober = Prober(options.targets, declared, on_change)
        self._answered: tuple[tuple[object, ...], Observed] = (), Observed()
        """The sources of the newest answer, and that answer."""

    def start(self) -> None:
        """Begin to look."""
        if self.observer:
            self.observer.start()
        self.prober.start()

    def stop(self) -> None:
        """End all threads."""
        if self.observer:
            self.observer.stop()
        self.prober.stop()

    def observed(self, snapshot: Snapshot, book: Assignments) -> Observed:
        """Return what is observed now, as far as it matters to a fleet and to the ports that were handed out.

        The hub asks after each command. While nothing came that could change the answer, it is the one given before.
        """
        sight, looked_at = (self.observer.sight, self.observer.looked_at) if self.observer else (None, None)
        services = self.desk.services()
        sources = (snapshot, book, services, sight, looked_at is not None, self.prober.probes)
        known, answer = self._answered
        if len(known) != len(sources) or any(a is not b for a, b in zip(known, sources, strict=True)):
            answer = self._observed(snapshot, book.active, services, sight)
            self._answered = sources, answer
        return answer

    def _observed(
        self, snapshot: Snapshot, assigned: Iterable[Assignment], services: Sequence[Registration], sight: Sight | None
    ) -> Observed:
        held = {port: item for item in assigned for port in (item.port, item.sister_port) if port is not None}
        known = {item.port for item in services} | held.keys()
        listeners = tuple(
            item for item in (sight.listeners if sight else ()) if item.port in known or matters(item.port, snapshot)
        )
        here = {item.port for item in listeners} | {item.port for item in services}
        return Observed(
            listeners=listeners,
            registrations=tuple(services),
            probes=self.prober.probes,
            holders=tuple(Holder(port, held[port].crate_name) for port in sorted(held.keys() & here)),
            sees_all=bool(sight and sight.sees_all and self.observer and self.observer.looked_at),
            running=tuple(map(fold, self.options.running)),
            registering=tuple(map(fold, self.options.registering)),
        )

    def status(self, snapshot: Snapshot) -> dict[str, Any]:
        """Return how the observation fares."""
        states = [item.state for item in self.desk.services()]
        observer = self.observer
        looked_at = observer.looked_at if observer else None
        return {
            "host": {
                "enabled": observer is not None,
                "looked_at": iso(looked_at),
                "age_seconds": age_of(looked_at),
                "listeners": len(snapshot.observed.listeners),
                "is_complete": bool(observer and observer.sight.sees_all and not observer.sight.hidden),
                "hidden": observer.sight.hidden if observer else 0,
                "error": observer.sight.error if observer else None,
                "cost_seconds": round(observer.cost, 4) if observer else None,
            },
            "probes": [
                {
                    "host": target.host,
                    "probed_at": iso(self.prober.probed_at.get(target.host)),
                    "age_seconds": age_of(self.prober.probed_at.get(target.host)),
                }
                for target in self.prober.targets
            ],
            "registrations": {state: states.count(state) for state in ("live", "stale", "gone")},
        }


def age_of(moment: float | None) -> float | None:
    """Return how many seconds ago a moment was; None for one that never was."""
    return None if moment is None else round(max(0.0, time.time() - moment), 1)


def matters(port: int, snapshot: Snapshot) -> bool:
    """Whether a listener on a port is worth a revision: ephemeral sockets that nobody speaks of are not."""
    plan: PortPlan = snapshot.plan
    if not plan.is_ephemeral(port) or port in snapshot.at_port or port in plan.reserved or port in plan.decoys:
        return True
    return plan.block_of(port) is not None or plan.block_of(port - plan.sister_offset) is not None
