"""Why a port cannot be handed out."""

from collections.abc import Iterator, Set

from workbench.fleet.identity import standing
from workbench.fleet.model import fold
from workbench.fleet.plan import PortPlan
from workbench.fleet.snapshot import Snapshot


def companions(port: int, plan: PortPlan) -> tuple[int, ...]:
    """Return the ports that come with a primary port: its sister, if it has one, and its mirrors."""
    sister = plan.sister(port)
    mirrors = plan.mirrors.get(port, ())
    return mirrors if sister is None else (sister, *mirrors)


def obstacle(snapshot: Snapshot, port: int, taken: Set[int] = frozenset(), crate: str = "") -> str | None:
    """Return why a port is not free for a crate, as a clause about it; None if it is free.

    A port is free if nobody claims it in any role, it is not in `taken`, reserved or a decoy, nothing is observed
    or registered there, it is no sister or mirror of a port that is claimed or taken, and all that holds for its own
    sister and mirrors too. What is kept for the crate itself, or used by it, does not stand in its way.
    """
    plan = snapshot.plan
    for own in (port, *companions(port, plan)):
        reason = _occupied(snapshot, own, taken, crate)
        if reason is not None:
            return f"{port} {reason}" if own == port else f"{own}, the {_relation(own, port, plan)} of {port}, {reason}"
    return None


def _occupied(snapshot: Snapshot, port: int, taken: Set[int], crate: str) -> str | None:
    if port in taken:
        return "is assigned"
    plan = snapshot.plan
    claims = snapshot.at_port.get(port)
    if claims:
        claim = min(claims, key=lambda item: item.role != "owner")
        return f'is claimed by {claim.crate} ("{claim.label}", {claim.role})'
    if port in plan.reserved and not _is_same(plan.reserved[port], crate):
        holder = plan.reserved[port]
        return f"is reserved for {holder}" if holder else "is reserved"
    if port in plan.decoys:
        return "is a decoy"
    if (use := _in_use(snapshot, port, crate)) is not None:
        return use
    for primary in _primaries(port, plan):
        if primary in taken or snapshot.at_port.get(primary):
            return f"is the {_relation(port, primary, plan)} of {primary}, which is {_by(snapshot, primary, taken)}"
    return None


def _in_use(snapshot: Snapshot, port: int, crate: str) -> str | None:
    """Return by whom else a port is observed in use; services that are gone and ports that are closed do not count."""
    observed = snapshot.observed
    for item in observed.registrations_at.get(port, ()):
        if not _is_same(snapshot.names.resolve(item.service_name) or item.service_name, crate):
            return f"is registered by {item.service_name}"
    for listener in observed.listeners_at.get(port, ()):
        if not _is_same(standing(listener, snapshot).identity.crate or "", crate):
            return f"is in use by {listener.name}"
    is_open = next((item for item in observed.probes_at.get(port, ()) if item.result == "open"), None)
    return f"is open on {is_open.host}" if is_open else None


def _is_same(name: str, crate: str) -> bool:
    return bool(crate and name) and fold(name) == fold(crate)


def _primaries(port: int, plan: PortPlan) -> Iterator[int]:
    """Yield the ports that a port may be the sister or a mirror of."""
    if port > plan.sister_offset:
        yield port - plan.sister_offset
    yield from (primary for primary, mirrors in plan.mirrors.items() if port in mirrors)


def _relation(port: int, primary: int, plan: PortPlan) -> str:
    return "sister" if port == plan.sister(primary) else "mirror"


def _by(snapshot: Snapshot, port: int, taken: Set[int]) -> str:
    return "assigned" if port in taken or not snapshot.at_port.get(port) else "claimed"
