"""What is observed, as evidence of how crates fare: one rule for each source."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from workbench.fleet.health import Evidence, State
from workbench.fleet.identity import standing
from workbench.fleet.merged import crate_of
from workbench.fleet.model import PortClaim
from workbench.fleet.mux import MuxResult, health_of
from workbench.fleet.observed import Observed, Probe, transport_of
from workbench.fleet.snapshot import Snapshot

Found = Mapping[str, list[Evidence]]
"""Evidence by the name of the crate."""

_STATES: Final[dict[str, State]] = {
    "healthy": "healthy", "degraded": "degraded", "unhealthy": "unhealthy", "unknown": "up",
}  # fmt: skip
_BY_MUX: Final[dict[str, State]] = {**_STATES, "unknown": "unknown"}


class Freshness(NamedTuple):
    """When each source last looked (seconds since the epoch, None for never), and for how many seconds that counts."""

    listened_at: float | None = None
    listening_for: float = 30.0
    heard_at: Callable[[str], float] = lambda _: 0.0
    """When a service of a name was last heard."""
    heard_for: float = 120.0
    probed_at: Mapping[str, float] = {}
    probed_for: Mapping[str, float] = {}
    mux_for: float = 60.0


def gathered(
    snapshot: Snapshot,
    fresh: Freshness,
    mux: MuxResult | None,
    watched: Iterable[str] = (),
    serving: Mapping[str, int] = MappingProxyType({}),
) -> dict[str, list[Evidence]]:
    """Return all evidence that the observed layer and the Mux give, by crate.

    `watched` are the crates that were seen to listen before: that they no longer do is evidence too. `serving` says on
    which port a crate is known to serve: that nobody answers on its others is none.
    """
    found: dict[str, list[Evidence]] = defaultdict(list)
    observed = snapshot.observed
    sources: Iterable[Iterator[tuple[str, Evidence]]] = (
        _registered(snapshot, observed, fresh),
        _listening(snapshot, observed, fresh, watched),
        _probed(snapshot, observed, fresh, serving),
        _by_mux(snapshot, mux, fresh) if mux is not None and not mux.mock else iter(()),
    )
    for source in sources:
        for crate, item in source:
            found[crate].append(item)
    return found


def _registered(snapshot: Snapshot, observed: Observed, fresh: Freshness) -> Iterator[tuple[str, Evidence]]:
    for item in observed.registrations:
        crate = snapshot.names.resolve(item.service_name)
        if crate is None:
            continue
        at = fresh.heard_at(item.service_name)
        if item.state == "gone":
            # It said nothing for so long that its silence is what is known now.
            yield crate, Evidence("registration", "silent", at, float("inf"), "its heartbeats have ended")
        elif item.state == "stale":
            yield crate, Evidence("registration", "degraded", at, float("inf"), "its heartbeats are overdue")
        else:
            said = f'it says "{item.status}"' if item.status else "it sends heartbeats"
            yield crate, Evidence("registration", _STATES[health_of(item.status)], at, fresh.heard_for, said)


def _listening(
    snapshot: Snapshot, observed: Observed, fresh: Freshness, watched: Iterable[str]
) -> Iterator[tuple[str, Evidence]]:
    if fresh.listened_at is None:
        return
    listening: set[str] = set()
    for item in observed.listeners:
        stands = standing(item, snapshot)
        crate = stands.identity.crate
        if stands.relation == "owner" and crate is not None and crate not in listening:
            listening.add(crate)
            words = f"{item.name} listens on {item.port}"
            yield crate, Evidence("listener", "up", fresh.listened_at, fresh.listening_for, words)
    if observed.sees_all:
        for crate in watched:
            if crate not in listening:
                words = "no process of it listens any more"
                yield crate, Evidence("listener", "silent", fresh.listened_at, fresh.listening_for, words)


def _probed(
    snapshot: Snapshot, observed: Observed, fresh: Freshness, serving: Mapping[str, int]
) -> Iterator[tuple[str, Evidence]]:
    """Yield what TCP probes say of the owners of ports, taking all ports of a crate together."""
    probes: dict[str, list[Probe]] = defaultdict(list)
    for port, there in observed.probes_at.items():
        for claim in owners(snapshot, port):
            probes[claim.crate].extend(there)
    for crate, items in probes.items():
        seen = [fresh.probed_at[item.host] for item in items if item.host in fresh.probed_at]
        serves_elsewhere = crate in serving and serving[crate] not in {item.port for item in items}
        if seen and not serves_elsewhere:
            state, words = _answered(items)
            lasting = max(fresh.probed_for.get(item.host, 0.0) for item in items)
            yield crate, Evidence("tcp-probe", state, min(seen), lasting, words)


def _answered(items: list[Probe]) -> tuple[State, str]:
    open_at = {item.port for item in items if item.result == "open"}
    ports = {item.port for item in items}
    closed = sorted(ports - open_at)
    if not closed:
        return "up", f"{_ports(sorted(ports))} {'takes' if len(ports) == 1 else 'take'} connections"
    if open_at:
        return "degraded", f"{_ports(sorted(open_at))} open, {_ports(closed)} not"
    hosts = sorted({item.host for item in items})
    return "silent", f"nobody answers on {_ports(closed)} at {', '.join(hosts[:3])}"


def _ports(ports: list[int]) -> str:
    shown = ", ".join(map(str, ports[:5]))
    return f"{'port' if len(ports) == 1 else 'ports'} {shown}{' …' if len(ports) > 5 else ''}"


def _by_mux(snapshot: Snapshot, mux: MuxResult, fresh: Freshness) -> Iterator[tuple[str, Evidence]]:
    for item in mux.services:
        crate = crate_of(item, snapshot)
        if crate is not None:
            at = mux.fetched_at if item.checked_at is None else min(item.checked_at, mux.fetched_at)
            words = f'the Mux says "{item.said}"' if item.said else "the Mux lists it and says nothing of its health"
            yield crate.name, Evidence("mux", _BY_MUX[item.health], at, fresh.mux_for, words)


def owners(snapshot: Snapshot, port: int) -> Iterator[PortClaim]:
    """Yield the claims of the crates that own a TCP port."""
    for claim in snapshot.at_port.get(port, ()):
        if claim.role == "owner" and transport_of(claim.protocol) == "tcp":
            yield claim
