"""What is declared and what a Mux sees, laid over each other: nodes and links, each with its standing."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from workbench.fleet.model import Crate
from workbench.fleet.mux import MuxLink, MuxResult, MuxService, ServiceHealth, overall
from workbench.fleet.snapshot import Snapshot

Standing = Literal["seen-declared", "seen-undeclared", "declared-unseen"]
MatchRule = Literal["id", "name", "port"]

_MOST_KEPT: Final = 50_000
STANDINGS: Final[tuple[Standing, ...]] = ("seen-declared", "seen-undeclared", "declared-unseen")


class Match(NamedTuple):
    """The crate that a service is, and by what it was known."""

    name: str
    rule: MatchRule


class MergedNode(NamedTuple):
    """A service of the Mux, a crate that offers one, or both. `matched_by` says how the two were found to be one."""

    id: str
    standing: Standing
    crate: str | None
    services: tuple[str, ...]
    """The ids under which the Mux knows it: more than one for a crate that runs more than once."""
    port: int | None
    health: ServiceHealth | None
    matched_by: MatchRule | None


class MergedLink(NamedTuple):
    """One node leans on another, as declared, as seen, or both."""

    source: str
    target: str
    standing: Standing
    kind: str


@dataclass(frozen=True, slots=True)
class Merged:
    """The observed layer of the slot graph: nodes and links by standing, then by name."""

    nodes: tuple[MergedNode, ...]
    links: tuple[MergedLink, ...]


def match(service: MuxService, snapshot: Snapshot) -> Match | None:
    """Return which crate a service is: by its id, its name, or as the only owner of its port; None if it is none.

    Answers are kept with the revision, since the same services are asked for again and again.
    """
    known: dict[tuple[str, str, int | None], Match | None] = snapshot.derive("matches", lambda _: {})
    key = service.id, service.name, service.port
    if key in known:
        return known[key]
    found = _match(service, snapshot)
    if len(known) < _MOST_KEPT:
        known[key] = found
    return found


def _match(service: MuxService, snapshot: Snapshot) -> Match | None:
    names = snapshot.names
    for rule, text in (("id", service.id), ("name", service.name)):
        found = names.resolve(text)
        if found is not None:
            return Match(found, "id" if rule == "id" else "name")
    owners = {c.crate for c in snapshot.at_port.get(service.port or 0, ()) if c.role == "owner"}
    return Match(owners.pop(), "port") if len(owners) == 1 else None


def crate_of(service: MuxService, snapshot: Snapshot) -> Crate | None:
    """Return the crate that a service is; None if it is none of the fleet."""
    found = match(service, snapshot)
    records = snapshot.records_named(found.name) if found else ()
    return records[0].crate if records else None


def merge(snapshot: Snapshot, result: MuxResult) -> Merged:
    """Return what a Mux sees laid over the fleet.

    Declared are the crates that own a port, and every crate that the Mux names; links are dependencies and
    references between crates. A link that the Mux sees between two crates that declare it is `seen-declared`.
    """
    seen = {item.id: item for item in (*result.topology.nodes, *result.services)}
    known = {key: match(item, snapshot) for key, item in seen.items()}
    nodes = [*_seen(seen, known), *_unseen(snapshot, {m.name for m in known.values() if m})]
    links = _links(snapshot, result.topology.links, _naming(seen, known, snapshot))
    order = {standing: place for place, standing in enumerate(STANDINGS)}
    return Merged(
        tuple(sorted(nodes, key=lambda item: (order[item.standing], item.id))),
        tuple(sorted(links, key=lambda item: (order[item.standing], item.source, item.target, item.kind))),
    )


def _seen(seen: dict[str, MuxService], known: dict[str, Match | None]) -> Iterator[MergedNode]:
    groups: dict[str, list[str]] = defaultdict(list)
    for key in seen:
        found = known[key]
        groups[f"crate:{found.name}" if found else f"service:{key}"].append(key)
    for node, keys in groups.items():
        first, found = seen[keys[0]], known[keys[0]]
        health = overall(seen[key].health for key in keys)
        if found is None:
            yield MergedNode(node, "seen-undeclared", None, tuple(keys), first.port, health, None)
        else:
            yield MergedNode(node, "seen-declared", found.name, tuple(keys), first.port, health, found.rule)


def _unseen(snapshot: Snapshot, seen: set[str]) -> Iterator[MergedNode]:
    for name, port in declared_services(snapshot).items():
        if name not in seen:
            yield MergedNode(f"crate:{name}", "declared-unseen", name, (), port, None, None)


def declared_services(snapshot: Snapshot) -> dict[str, int]:
    """Return the crates that own a port, each with its first, by name."""
    return snapshot.derive("declared-services", _declared_services)


def _declared_services(snapshot: Snapshot) -> dict[str, int]:
    found: dict[str, int] = {}
    for crate in snapshot.crates:
        owned = [claim.port for claim in snapshot.records[crate.path].claims if claim.role == "owner"]
        if owned:
            found.setdefault(crate.name, owned[0])
    return found


def _naming(seen: dict[str, MuxService], known: dict[str, Match | None], snapshot: Snapshot) -> dict[str, str]:
    """Return the node that each word for a service means: ids first, then names."""
    nodes = {key: f"crate:{m.name}" if (m := known[key]) else f"service:{key}" for key in seen}
    by_name = {item.name: nodes[key] for key, item in seen.items()}
    return {**by_name, **nodes}


def _links(snapshot: Snapshot, seen: tuple[MuxLink, ...], naming: dict[str, str]) -> Iterator[MergedLink]:
    declared = declared_links(snapshot)
    met: dict[tuple[str, str], str] = {}
    for link in seen:
        met.setdefault((_node(link.source, naming, snapshot), _node(link.target, naming, snapshot)), link.kind)
    for (source, target), kind in met.items():
        is_declared = (source, target) in declared
        yield MergedLink(source, target, "seen-declared" if is_declared else "seen-undeclared", kind)
    for (source, target), kind in declared.items():
        if (source, target) not in met:
            yield MergedLink(source, target, "declared-unseen", kind)


def _node(word: str, naming: dict[str, str], snapshot: Snapshot) -> str:
    if word in naming:
        return naming[word]
    crate = snapshot.names.resolve(word)
    return f"crate:{crate}" if crate else f"service:{word}"


def declared_links(snapshot: Snapshot) -> dict[tuple[str, str], str]:
    """Return which crates declare that they lean on which others, with the kind: a dependency or a port reference."""
    return snapshot.derive("declared-links", _declared_links)


def _declared_links(snapshot: Snapshot) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for record in snapshot.records.values():
        if record.crate is None:
            continue
        source = f"crate:{record.crate.name}"
        for link in record.links:
            target = snapshot.records[link.target].crate
            if target is not None:
                found.setdefault((source, f"crate:{target.name}"), link.type)
        for claim in record.claims:
            if claim.role == "reference" and claim.resolved:
                name = snapshot.names.resolve(claim.of)
                if name is not None:
                    found.setdefault((source, f"crate:{name}"), "REFERENCES")
    return found
