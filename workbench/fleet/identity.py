"""Who listens on a port: named rules over the evidence that a process gives, tried in order."""

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from workbench.fleet.model import Crate, fold
from workbench.fleet.observed import Listener, Place, PlaceKind, is_local, transport_of
from workbench.fleet.snapshot import Snapshot

Relation = Literal["workbench", "owner", "stranger", "undeclared", "unknown"]
"""How a listener stands to its port; `unknown` where it cannot be seen whose process it is."""

FORWARDERS: Final = frozenset(
    {"docker-proxy", "rootlessport", "rootlesskit", "slirp4netns", "pasta", "com.docker.backend", "kubectl", "ssh"}
)
"""Processes that listen for somebody else, who cannot be seen from here."""

_CONFIDENCE: Final[dict[PlaceKind, float]] = {"executable": 0.95, "working-directory": 0.9, "command-line": 0.85}
_WORDS: Final[dict[PlaceKind, str]] = {
    "executable": "its executable lies in the directory of {}",
    "working-directory": "its working directory lies in that of {}",
    "command-line": "its command line names a file in the directory of {}",
}


class Identity(NamedTuple):
    """Which crate a process belongs to, None if none is known, and the rule that says so."""

    rule: str
    reason: str
    confidence: float
    crate: str | None = None


class Standing(NamedTuple):
    """How a listener stands to its port, who it is, and which crates the port is meant for."""

    relation: Relation
    identity: Identity
    expected: tuple[str, ...] = ()


def standing(listener: Listener, snapshot: Snapshot) -> Standing:
    """Return how a listener stands to its port."""
    who = identify(listener, snapshot)
    if listener.is_own:
        return Standing("workbench", who)
    expected = expected_on(listener, snapshot)
    if who.crate is not None and fold(who.crate) in map(fold, expected):
        return Standing("owner", who, expected)
    if not expected:
        return Standing("undeclared", who)
    return Standing("unknown" if who.rule in ("hidden", "forwarder") else "stranger", who, expected)


def expected_on(listener: Listener, snapshot: Snapshot) -> tuple[str, ...]:
    """Return the crates that may listen there: those that declare the port, hold it, or for which it is kept."""
    declared = [
        claim.crate
        for claim in snapshot.at_port.get(listener.port, ())
        if claim.role != "reference" and transport_of(claim.protocol) == listener.transport
    ]
    held = [holder.crate for holder in snapshot.observed.holders_at.get(listener.port, ())]
    kept = snapshot.plan.reserved.get(listener.port)
    return tuple(dict.fromkeys([*declared, *held, *([kept] if kept else [])]))


def identify(listener: Listener, snapshot: Snapshot) -> Identity:
    """Return who a listener is, by the first rule that applies."""
    return next(_verdicts(listener, snapshot))


def _verdicts(listener: Listener, snapshot: Snapshot) -> Iterator[Identity]:
    if listener.is_own:
        yield Identity("workbench", "it is this workbench", 1.0)
    names = snapshot.names
    service = snapshot.observed.services_by_pid.get(listener.pid) if listener.pid is not None else None
    if service is not None:
        crate = names.resolve(service.service_name)
        yield Identity("registered-pid", f"{service.service_name} registered as this process", 0.98, crate)
    for place in listener.places:
        inside = crate_at(place, listener.port, snapshot)
        if inside is not None:
            yield Identity(place.kind, _WORDS[place.kind].format(inside.name), _CONFIDENCE[place.kind], inside.name)
    named = names.resolve(listener.process) if listener.process else None
    if named is not None:
        yield Identity("process-name", f"its process bears the name of {named}", 0.8, named)
    for item in snapshot.observed.registrations_at.get(listener.port, ()):
        if is_local(item) and item.pid is None and item.transport == listener.transport:
            crate = names.resolve(item.service_name)
            yield Identity("registered-port", f"{item.service_name} registered on this port", 0.7, crate)
    if listener.pid is None:
        yield Identity("hidden", "the system does not tell whose socket it is", 0.0)
    if listener.process in FORWARDERS:
        yield Identity("forwarder", f"{listener.process} listens for somebody else", 0.0)
    yield Identity("no-evidence", "nothing about its process points to a crate", 0.6)


def crate_at(place: Place, port: int, snapshot: Snapshot) -> Crate | None:
    """Return the crate in whose directory a place lies, the innermost of several.

    Directories are told by their `smart-crate.toml`, and by the manifests of the crates that claim the port, however
    those are called. A directory that two of them share tells nothing.
    """
    claimed: dict[str, set[str]] = {}
    for claim in snapshot.at_port.get(port, ()):
        claimed.setdefault(_directory(claim.site.path), set()).add(claim.site.path)
    directory = place.path if place.kind == "working-directory" else _directory(place.path)
    while True:
        plain = f"{directory}/smart-crate.toml" if directory else "smart-crate.toml"
        paths = claimed.get(directory, set()) | ({plain} if plain in snapshot.records else set())
        crates = [record.crate for path in paths if (record := snapshot.records.get(path)) and record.crate]
        if crates:
            return crates[0] if len(crates) == 1 else None
        if not directory:
            return None
        directory = _directory(directory)


def _directory(path: str) -> str:
    return path.rpartition("/")[0]
