"""The observed layer: what runs, as it registered itself, as this host shows it, and as other hosts answer."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple, TypeVar

from workbench.fleet.model import fold

Transport = Literal["tcp", "udp"]
ServiceState = Literal["live", "stale", "gone"]
PlaceKind = Literal["executable", "working-directory", "command-line"]
ProbeResult = Literal["open", "closed", "timeout", "unreachable"]

_DATAGRAM = frozenset({"udp", "quic", "dtls", "coap", "dns"})


def transport_of(protocol: str) -> Transport:
    """Return what carries a protocol as manifests and services name it; TCP unless it is known to be otherwise."""
    return "udp" if protocol.strip().lower() in _DATAGRAM else "tcp"


class Place(NamedTuple):
    """Where a process comes from: a path below the roots, written as the paths of manifests are."""

    kind: PlaceKind
    path: str


class Listener(NamedTuple):
    """A process of this host that listens on a port. What it was started with is kept only as `places`."""

    port: int
    transport: Transport
    addresses: tuple[str, ...]
    pid: int | None = None
    """None where the system does not tell whose socket it is."""
    process: str = ""
    places: tuple[Place, ...] = ()
    is_own: bool = False
    """Whether the process is this workbench itself."""
    since: float = 0.0
    """When it was first seen, in seconds since the epoch."""

    @property
    def name(self) -> str:
        """What to call the process, such as `nginx (pid 42)`."""
        if self.pid is None:
            return "a process that cannot be seen"
        return f"{self.process or 'a process'} (pid {self.pid})"


class Registration(NamedTuple):
    """A running service as it registered itself. `host` is the address it called from; empty for this host."""

    service_name: str
    port: int
    protocol: str = "tcp"
    health_endpoint: str | None = None
    metrics_endpoint: str | None = None
    role: str | None = None
    pid: int | None = None
    host: str = ""
    registered_at: float = 0.0
    state: ServiceState = "live"
    status: str = ""
    """What it last said of itself, such as `healthy`."""

    @property
    def transport(self) -> Transport:
        """What carries its protocol."""
        return transport_of(self.protocol)

    @property
    def is_present(self) -> bool:
        """Whether it is still counted on: live or stale."""
        return self.state != "gone"


class Probe(NamedTuple):
    """What a connection attempt to a port of another host came to."""

    host: str
    port: int
    result: ProbeResult
    since: float = 0.0


class Holder(NamedTuple):
    """An assignment that matters here: the crate that a port was handed out to."""

    port: int
    crate: str


T = TypeVar("T", Listener, Registration, Probe, Holder)


@dataclass(frozen=True)
class Observed:
    """All that is observed, as one immutable value, and what is expected to be.

    It holds facts and since when they hold. How long ago they were confirmed is not part of it, so that an
    unchanged observation is an equal value.
    """

    listeners: tuple[Listener, ...] = ()
    registrations: tuple[Registration, ...] = ()
    probes: tuple[Probe, ...] = ()
    holders: tuple[Holder, ...] = ()
    sees_all: bool = False
    """Whether every listening port of this host is among `listeners`, so that absence means silence."""
    running: tuple[str, ...] = ()
    """Globs over folded names of crates that are expected to run on this host."""
    registering: tuple[str, ...] = ()
    """Globs over folded names of crates that are expected to register."""

    @cached_property
    def listeners_at(self) -> dict[int, tuple[Listener, ...]]:
        """The listeners by port."""
        return _by_port(self.listeners)

    @cached_property
    def registrations_at(self) -> dict[int, tuple[Registration, ...]]:
        """The services that are not gone by port."""
        return _by_port(item for item in self.registrations if item.is_present)

    @cached_property
    def probes_at(self) -> dict[int, tuple[Probe, ...]]:
        """The probes by port."""
        return _by_port(self.probes)

    @cached_property
    def holders_at(self) -> dict[int, tuple[Holder, ...]]:
        """The assignments that matter by port."""
        return _by_port(self.holders)

    def is_in_use(self, port: int) -> bool:
        """Whether somebody listens on a port of this host, or registered it and is not gone."""
        return port in self.listeners_at or port in self.registrations_at

    @cached_property
    def services_by_pid(self) -> dict[int, Registration]:
        """The services of this host that said which process they are."""
        return {item.pid: item for item in self.registrations if item.pid is not None and is_local(item)}

    @cached_property
    def services(self) -> dict[str, Registration]:
        """All services, gone ones too, by folded name."""
        return {fold(item.service_name): item for item in self.registrations}


def is_local(item: Registration) -> bool:
    """Whether a service runs on this host and is not gone."""
    return not item.host and item.is_present


def _by_port(items: Iterable[T]) -> dict[int, tuple[T, ...]]:
    found: dict[int, list[T]] = defaultdict(list)
    for item in items:
        found[item.port].append(item)
    return {port: tuple(there) for port, there in found.items()}


def changed_ports(older: Observed, newer: Observed) -> list[int]:
    """Return the ports on which others listen or answer than before, ascending."""
    if older is newer:
        return []
    differing = (
        set(older.listeners) ^ set(newer.listeners),
        set(older.probes) ^ set(newer.probes),
    )
    return sorted({item.port for items in differing for item in items})
