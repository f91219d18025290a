"""Communities: crates that have more to do with each other than with the rest."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple

from graspologic_native import leiden

from workbench.errors import InvalidRequest
from workbench.fleet.analysis.answer import Answer, columns, counted
from workbench.fleet.analysis.arcs import Arcs
from workbench.fleet.analysis.leans import lean_graph_without
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.tables import Column, Row

_SEED: Final = 7


class Community(NamedTuple):
    """One community: named for the member that most others of it lean on."""

    name: str
    members: tuple[str, ...]
    nodes: tuple[str, ...]
    inside: int
    """Pairs of members that are joined."""
    across: int
    """Pairs of a member and another community's."""


@dataclass(frozen=True, slots=True)
class Communities(Answer):
    """The communities, largest first. Crates that are joined to nothing belong to none."""

    communities: tuple[Community, ...]
    modularity: float
    alone: tuple[str, ...]

    columns: ClassVar[tuple[Column, ...]] = columns(
        ("community", "integer", "number, from 1, by size"),
        ("name", "text", "the member that most others of it lean on"),
        ("size", "integer", "members"),
        ("crate", "text", "a member"),
        ("inside", "integer", "joined pairs within the community"),
        ("across", "integer", "joined pairs that lead out of it"),
    )

    @property
    def nodes(self) -> tuple[str, ...]:
        return tuple(node for item in self.communities for node in item.nodes)

    @property
    def explanation(self) -> str:
        if not self.communities:
            return "No two crates have anything to do with each other."
        first = self.communities[0]
        stand = "stands" if len(self.alone) == 1 else "stand"
        alone = f" {counted(len(self.alone), 'crate')} {stand} alone." if self.alone else ""
        return (
            f"{counted(len(self.communities), 'community', 'communities')}, the largest around {first.name} with "
            f"{counted(len(first.members), 'crate')}; modularity {self.modularity:.2f}.{alone}"
        )

    def rows(self) -> Iterator[Row]:
        for number, item in enumerate(self.communities, 1):
            for crate in item.members:
                yield number, item.name, len(item.members), crate, item.inside, item.across


def communities(snapshot: Snapshot, resolution: float = 1.0, without: Iterable[str] = ()) -> Communities:
    """Return the communities of the crates, by the Leiden algorithm on who leans on whom, without directions.

    A higher `resolution` makes more and smaller ones; crates named in `without` are left out. The same fleet gives
    the same answer each time. Raises UnknownCrate, and InvalidRequest for a resolution that is not above 0.
    """
    if not resolution > 0:
        raise InvalidRequest(f"the resolution is above 0, not {resolution}")
    graph = lean_graph_without(snapshot, without)
    arcs, paths = graph.arcs, graph.paths
    community_of = partition(arcs, resolution)
    members: defaultdict[int, list[int]] = defaultdict(list)
    for node in sorted(community_of):
        members[community_of[node]].append(node)
    inside, across = _pairs(arcs, community_of)
    leaned_on = _leaned_on(arcs, community_of)
    found = [
        Community(
            graph.name(paths[max(nodes, key=lambda node: (leaned_on.get(node, 0), -node))]),
            tuple(graph.name(paths[node]) for node in nodes),
            tuple(graph.nodes[paths[node]] for node in nodes),
            inside[number],
            across[number],
        )
        for number, nodes in members.items()
    ]
    found.sort(key=lambda item: (-len(item.members), item.name))
    alone = tuple(graph.name(path) for node, path in enumerate(paths) if node not in community_of)
    return Communities(tuple(found), modularity(arcs, community_of), alone)


def partition(arcs: Arcs, resolution: float = 1.0) -> dict[int, int]:
    """Return the community of each node that is joined to another."""
    if not arcs.joined:
        return {}
    edges = [(str(a), str(b), 1.0) for a, b in arcs.joined]
    _, found = leiden(edges, resolution=resolution, use_modularity=True, seed=_SEED)
    return {int(node): number for node, number in found.items()}


def modularity(arcs: Arcs, community_of: dict[int, int]) -> float:
    """Return Newman's modularity of a partition: how many more pairs are joined within than by chance."""
    pairs = len(arcs.joined)
    if not pairs:
        return 0.0
    degrees: defaultdict[int, int] = defaultdict(int)
    within = 0
    for a, b in arcs.joined:
        degrees[community_of[a]] += 1
        degrees[community_of[b]] += 1
        within += community_of[a] == community_of[b]
    return within / pairs - sum((degree / (2 * pairs)) ** 2 for degree in degrees.values())


def _pairs(arcs: Arcs, community_of: dict[int, int]) -> tuple[dict[int, int], dict[int, int]]:
    inside: defaultdict[int, int] = defaultdict(int)
    across: defaultdict[int, int] = defaultdict(int)
    for a, b in arcs.joined:
        if community_of[a] == community_of[b]:
            inside[community_of[a]] += 1
        else:
            across[community_of[a]] += 1
            across[community_of[b]] += 1
    return inside, across


def _leaned_on(arcs: Arcs, community_of: dict[int, int]) -> dict[int, int]:
    found: defaultdict[int, int] = defaultdict(int)
    for source, target in arcs.pairs:
        if community_of[source] == community_of[target]:
            found[target] += 1
    return found
