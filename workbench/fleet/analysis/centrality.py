"""Centrality: which crates much leans on, and which stand between others."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple

import rustworkx as rx

from workbench.fleet.analysis.answer import Answer, columns, counted
from workbench.fleet.analysis.arcs import Arcs
from workbench.fleet.analysis.brandes import Progress, sampled_betweenness
from workbench.fleet.analysis.leans import lean_graph
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.tables import Column, Row

_EXACT: Final = 50_000_000
"""Betweenness is exact while nodes times arcs stay below this: about a second."""

_PIVOTS: Final = 256


class Central(NamedTuple):
    """The figures of one crate."""

    crate: str
    node: str
    dependents: int
    dependencies: int
    betweenness: float
    pagerank: float


@dataclass(frozen=True, slots=True)
class Centrality(Answer):
    """All crates, those with the highest PageRank first."""

    crates: tuple[Central, ...]
    pivots: int | None
    """From how many sources betweenness was estimated; None if it is exact."""

    columns: ClassVar[tuple[Column, ...]] = columns(
        ("crate", "text", "crate"),
        ("dependents", "integer", "crates that lean on it directly"),
        ("dependencies", "integer", "crates that it leans on directly"),
        ("betweenness", "number", "0 to 1: the share of shortest ways between two others that pass through it"),
        ("pagerank", "number", "0 to 1, in all 1: how much leans on it, counting those on whom much leans for more"),
    )

    @property
    def nodes(self) -> tuple[str, ...]:
        return tuple(item.node for item in self.crates)

    @property
    def explanation(self) -> str:
        if not self.crates:
            return "There are no crates."
        first = self.crates[0]
        between = max(self.crates, key=lambda item: item.betweenness)
        said = f"Most leans on {first.crate} ({counted(first.dependents, 'dependent')})"
        said += f"; {between.crate} stands most between others." if between.betweenness > 0 else "."
        if self.pivots is not None:
            said += f" Betweenness is estimated from {self.pivots:,} of {len(self.crates):,} crates."
        return said

    def rows(self) -> Iterator[Row]:
        for item in self.crates:
            yield item.crate, item.dependents, item.dependencies, item.betweenness, item.pagerank


def centrality(snapshot: Snapshot, pivots: int | None = None, progress: Progress | None = None) -> Centrality:
    """Return degree, betweenness and PageRank of each crate.

    In large fleets betweenness is estimated from `pivots` random sources (256 unless given), the same ones each
    time for the same fleet; `progress` is told how many are done, of how many.
    """
    graph = lean_graph(snapshot)
    arcs = graph.arcs
    sources = chosen_pivots(arcs, pivots)
    between = betweenness(arcs) if sources is None else sampled_betweenness(arcs, sources, progress)
    rank = pagerank(arcs)
    net = arcs.directed
    found = (
        Central(graph.name(path), graph.nodes[path], net.in_degree(n), net.out_degree(n), between[n], rank[n])
        for n, path in enumerate(graph.paths)
    )
    ordered = sorted(found, key=lambda item: (-item.pagerank, -item.betweenness, item.node))
    return Centrality(tuple(ordered), None if sources is None else len(sources))


def chosen_pivots(arcs: Arcs, wanted: int | None) -> list[int] | None:
    """Return the sources that betweenness is to be estimated from; None if all are to be taken."""
    if wanted is None and arcs.count * len(arcs.pairs) <= _EXACT:
        return None
    count = min(wanted or _PIVOTS, arcs.count)
    return sorted(random.Random(arcs.count).sample(range(arcs.count), count)) if count < arcs.count else None


def betweenness(arcs: Arcs) -> list[float]:
    """Return the exact, normalised betweenness of each node, directions heeded."""
    found = rx.betweenness_centrality(arcs.directed)
    # Threads add up in any order, so the last digits differ from run to run.
    return [round(found[node], 12) for node in range(arcs.count)]


def pagerank(arcs: Arcs) -> list[float]:
    """Return the PageRank of each node with damping 0.85; a node passes its rank on to what it leans on."""
    found = rx.pagerank(arcs.directed, alpha=0.85, tol=1e-10, max_iter=500)
    return [found[node] for node in range(arcs.count)]
