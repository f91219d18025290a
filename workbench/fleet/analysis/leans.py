"""Who leans on whom: the crates of a fleet alone, joined by what one declares about another."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, NamedTuple

import networkx as nx

from workbench.fleet.analysis.arcs import Arcs
from workbench.fleet.graph import crate_node, slot_graph
from workbench.fleet.lookup import crate_records
from workbench.fleet.model import Crate, Site
from workbench.fleet.snapshot import Record, Snapshot

LeanType = Literal["BUILT_ON", "DEPENDS_ON", "REFERENCES"]

WEIGHTS: Final[Mapping[LeanType, float]] = {"BUILT_ON": 1.0, "DEPENDS_ON": 0.8, "REFERENCES": 0.5}
"""How much of a failure passes along a lean, unless one says otherwise: a foundation all, a call half."""


class Lean(NamedTuple):
    """One crate leaning on another: both manifests, how, and where it is declared."""

    source: str
    target: str
    type: LeanType
    site: Site


@dataclass(frozen=True)
class LeanGraph:
    """The crates of a fleet by manifest path, and their leans in both directions; none on itself."""

    crates: Mapping[str, Crate]
    dependencies: Mapping[str, Sequence[Lean]]
    """By path: what the crate leans on."""
    dependents: Mapping[str, Sequence[Lean]]
    """By path: who leans on the crate."""
    nodes: Mapping[str, str]
    """By path: the crate's node in the slot graph."""

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The manifests in the order in which `arcs` numbers them."""
        return tuple(self.crates)

    @cached_property
    def path_of(self) -> Mapping[str, str]:
        """The manifest of each node."""
        return {node: path for path, node in self.nodes.items()}

    @cached_property
    def arcs(self) -> Arcs:
        """The same for the fast algorithms; arcs run from who leans to what it leans on."""
        return Arcs.between(self.crates, ((lean.source, lean.target) for lean in self.leans()))

    def leans(self) -> Iterator[Lean]:
        """Yield every lean."""
        for found in self.dependencies.values():
            yield from found

    def without(self, paths: Collection[str]) -> "LeanGraph":
        """Return the graph without some crates."""
        if not paths:
            return self
        crates = {path: crate for path, crate in self.crates.items() if path not in paths}

        def kept(leans: Mapping[str, Sequence[Lean]]) -> dict[str, list[Lean]]:
            inside = {
                path: [x for x in leans.get(path, ()) if x.source in crates and x.target in crates] for path in crates
            }
            return {path: found for path, found in inside.items() if found}

        nodes = {path: self.nodes[path] for path in crates}
        return LeanGraph(crates, kept(self.dependencies), kept(self.dependents), nodes)

    def name(self, path: str) -> str:
        """Return the name of the crate of a manifest."""
        return self.crates[path].name


def lean_graph_without(snapshot: Snapshot, names: Iterable[str]) -> LeanGraph:
    """Return who leans on whom, leaving out the crates of some names; raises UnknownCrate with the nearest names."""
    paths = {record.manifest.path for name in names for record in crate_records(name, snapshot)}
    return lean_graph(snapshot).without(paths)


def lean_graph(snapshot: Snapshot) -> LeanGraph:
    """Return who leans on whom in a snapshot: by dependency, by foundation, and by calls to its ports."""
    return snapshot.derive("lean-graph", _built)


def answer_graph(nodes: Iterable[str], snapshot: Snapshot) -> "nx.MultiDiGraph[str]":
    """Return a graph of some nodes in their order: the edges of the slot graph between them, and calls.

    A call is an edge REFERENCES from crate to crate, from who calls a port to whose port it is. What is no node of
    the slot graph is left out.
    """
    whole, leans = slot_graph(snapshot), lean_graph(snapshot)
    chosen = [node for node in dict.fromkeys(nodes) if node in whole]
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(**whole.graph)
    graph.add_nodes_from((node, whole.nodes[node]) for node in chosen)
    for source, target, key, data in whole.out_edges(chosen, keys=True, data=True):
        if target in graph:
            graph.add_edge(source, target, key, **data)
    for node in chosen:
        for lean in leans.dependencies.get(leans.path_of.get(node, ""), ()):
            target = leans.nodes[lean.target]
            if lean.type == "REFERENCES" and target in graph:
                site = lean.site
                place = {"path": site.path, "line": site.line, "declared": site.key}
                graph.add_edge(node, target, f"REFERENCES:{site.key}", type="REFERENCES", **place)
    return graph


def _built(snapshot: Snapshot) -> LeanGraph:
    crates = {path: record.crate for path, record in snapshot.records.items() if record.crate is not None}
    dependencies: defaultdict[str, list[Lean]] = defaultdict(list)
    dependents: defaultdict[str, list[Lean]] = defaultdict(list)
    for path, crate in crates.items():
        for lean in _leans(path, crate, snapshot.records[path], snapshot):
            if lean.target != path:
                dependencies[path].append(lean)
                dependents[lean.target].append(lean)
    nodes = {path: crate_node(crate, snapshot.names) for path, crate in crates.items()}
    return LeanGraph(crates, dict(dependencies), dict(dependents), nodes)


def _leans(path: str, crate: Crate, record: Record, snapshot: Snapshot) -> Iterator[Lean]:
    for link in record.links:
        yield Lean(path, link.target, link.type, crate.site(*link.key_path))
    for claim in record.claims:
        if claim.role == "reference" and claim.resolved:
            for target in snapshot.names.paths(claim.of)[:1]:
                yield Lean(path, target, "REFERENCES", claim.site)
