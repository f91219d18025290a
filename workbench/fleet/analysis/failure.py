"""What if crates fail: whom it hits, which calls go nowhere, who could stand in, and what is left of the fleet."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from workbench.errors import InvalidRequest
from workbench.fleet.analysis.answer import Answer, columns, counted
from workbench.fleet.analysis.health import fleet_health
from workbench.fleet.analysis.leans import LeanType, lean_graph
from workbench.fleet.analysis.reach import Hit, checked_weights, spread
from workbench.fleet.lookup import crate_records
from workbench.fleet.model import Crate, PortClaim
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.tables import Column, Row


class Alternative(NamedTuple):
    """A crate that still stands and could stand in for one that failed, and why."""

    failed: str
    crate: str
    reason: str


@dataclass(frozen=True, slots=True)
class Failure(Answer):
    """What the failure of some crates does."""

    failed: tuple[str, ...]
    failed_nodes: tuple[str, ...]
    hits: tuple[Hit, ...]
    broken: tuple[PortClaim, ...]
    """The calls of crates still standing that nobody answers any more."""
    alternatives: tuple[Alternative, ...]
    health_before: float
    health: float

    columns: ClassVar[tuple[Column, ...]] = columns(
        ("effect", "text", "failed, hit, broken reference or alternative"),
        ("crate", "text", "crate concerned"),
        ("because_of", "text", "the crate that failed, or through which the failure comes"),
        ("depth", "integer", "of a hit: steps from what failed"),
        ("impact", "number", "of a failed or hit crate: 0 to 1"),
        ("port", "integer", "of a broken reference: the port called"),
        ("reason", "text", "why"),
        ("path", "text", "manifest that declares it"),
        ("line", "integer", "line, from 1"),
    )

    @property
    def nodes(self) -> tuple[str, ...]:
        return *self.failed_nodes, *(hit.node for hit in self.hits)

    @property
    def explanation(self) -> str:
        verb = "fails" if len(self.failed) == 1 else "fail"
        without = sorted(set(self.failed) - {item.failed for item in self.alternatives})
        missing = f" Nothing stands in for {', '.join(without)}." if without else ""
        return (
            f"If {', '.join(self.failed)} {verb}, it hits {counted(len(self.hits), 'crate')} and breaks "
            f"{counted(len(self.broken), 'reference')}; the fleet's health falls from {self.health_before:.1f} to "
            f"{self.health:.1f} of 100.{missing}"
        )

    def __len__(self) -> int:
        return sum(map(len, (self.failed, self.hits, self.broken, self.alternatives)))

    def rows(self) -> Iterator[Row]:
        for name in self.failed:
            yield "failed", name, None, 0, 1.0, None, "assumed to fail", None, None
        for hit in self.hits:
            site = hit.lean.site
            reason = f"{hit.lean.type} {hit.through}"
            yield "hit", hit.crate, hit.through, hit.depth, hit.impact, None, reason, site.path, site.line
        for claim in self.broken:
            reason = f"{claim.label} = {claim.port}"
            site = claim.site
            yield "broken reference", claim.crate, claim.of, None, None, claim.port, reason, site.path, site.line
        for item in self.alternatives:
            yield "alternative", item.crate, item.failed, None, None, None, item.reason, None, None


def simulate_failure(snapshot: Snapshot, *names: str, weights: Mapping[LeanType, float] | None = None) -> Failure:
    """Return what happens if all crates of these names fail at once; nothing is changed.

    Raises UnknownCrate with the nearest names, and InvalidRequest without a name or with a wrong weight.
    """
    if not names:
        raise InvalidRequest("name at least one crate that should fail")
    graph = lean_graph(snapshot)
    failed = list(dict.fromkeys(record.manifest.path for name in names for record in crate_records(name, snapshot)))
    hits = spread(graph, failed, "up", None, checked_weights(weights))
    impacts = {**{hit.path: hit.impact for hit in hits}, **dict.fromkeys(failed, 1.0)}
    return Failure(
        tuple(dict.fromkeys(graph.name(path) for path in failed)),
        tuple(graph.nodes[path] for path in failed),
        hits,
        tuple(_broken(failed, snapshot)),
        tuple(_alternatives(failed, impacts.keys(), snapshot)),
        fleet_health(snapshot),
        fleet_health(snapshot, impacts),
    )


def _broken(failed: Sequence[str], snapshot: Snapshot) -> Iterator[PortClaim]:
    gone = set(failed)
    for path in failed:
        for lean in lean_graph(snapshot).dependents.get(path, ()):
            if lean.type == "REFERENCES" and lean.source not in gone:
                yield from (
                    claim
                    for claim in snapshot.records[lean.source].claims
                    if claim.role == "reference" and claim.site.key_path == lean.site.key_path
                )


def _alternatives(failed: Sequence[str], away: Collection[str], snapshot: Snapshot) -> Iterator[Alternative]:
    """Yield the crates that are neither failed nor hit and offer what a failed one did."""
    graph = lean_graph(snapshot)
    standing = [crate for path, crate in graph.crates.items() if path not in away]
    for path in failed:
        lost = graph.crates[path]
        for crate in standing:
            if reason := _likeness(lost, crate, snapshot):
                yield Alternative(lost.name, crate.name, reason)


def _likeness(lost: Crate, crate: Crate, snapshot: Snapshot) -> str:
    if crate.name == lost.name:
        return f"bears the same name ({crate.path})"
    if crate.name in lost.aliases or lost.name in crate.aliases:
        return "is its former or later self"
    ports = _owned(lost, snapshot) & _owned(crate, snapshot)
    if ports:
        return f"owns the same port {', '.join(map(str, sorted(ports)))}"
    offers = set(lost.capabilities) & set(crate.capabilities)
    return f"offers {', '.join(sorted(offers))} too" if offers else ""


def _owned(crate: Crate, snapshot: Snapshot) -> set[int]:
    return {claim.port for claim in snapshot.records[crate.path].claims if claim.role == "owner"}
