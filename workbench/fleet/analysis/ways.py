"""Ways between two crates, or two nodes of any kind: the k shortest, each step with the line that makes it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any, ClassVar, Final, Literal, NamedTuple

import networkx as nx

from workbench.errors import InvalidRequest, NoPath, NotFound
from workbench.fleet.analysis.answer import Answer, columns, counted
from workbench.fleet.analysis.leans import LeanGraph, lean_graph
from workbench.fleet.graph import crate_node, slot_graph
from workbench.fleet.lookup import crate_records, unknown
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.tables import Column, Row

Through = Literal["crates", "everything"]
"""`crates`: from crate to crate by dependency, foundation or call. `everything`: any edge of the slot graph."""

MOST_WAYS: Final = 100

_NOT_A_LINK: Final = "capability"
"""Two crates that offer the same capability have nothing to do with each other for that."""


class Step(NamedTuple):
    """One declaration on a way: the two nodes that it joins, as it points, and where it is written."""

    source: str
    target: str
    type: str
    path: str
    line: int
    declared: str


@dataclass(frozen=True, slots=True)
class Way:
    """One way: its nodes, and for each step all declarations that make it."""

    nodes: tuple[str, ...]
    steps: tuple[tuple[Step, ...], ...]


@dataclass(frozen=True, slots=True)
class Ways(Answer):
    """The shortest ways between two nodes, shortest first; none passes a node twice."""

    source: str
    target: str
    ways: tuple[Way, ...]

    columns: ClassVar[tuple[Column, ...]] = columns(
        ("way", "integer", "number of the way, from 1"),
        ("step", "integer", "step on it, from 1"),
        ("source", "text", "node that declares"),
        ("target", "text", "node that it declares something about"),
        ("type", "text", "type of the edge"),
        ("path", "text", "manifest"),
        ("line", "integer", "line, from 1"),
        ("declared", "text", "key"),
    )

    @property
    def nodes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(node for way in self.ways for node in way.nodes))

    @property
    def explanation(self) -> str:
        shortest = self.ways[0]
        steps = counted(len(shortest.steps), "step")
        return (
            f"{counted(len(self.ways), 'way')} from {self.source} to {self.target}; the shortest has {steps}: "
            f"{' → '.join(node.partition(':')[2] for node in shortest.nodes)}."
        )

    def rows(self) -> Iterator[Row]:
        for number, way in enumerate(self.ways, 1):
            for place, steps in enumerate(way.steps, 1):
                for step in steps:
                    yield number, place, *step


def ways(
    snapshot: Snapshot,
    source: str,
    target: str,
    k: int = 3,
    directed: bool = True,
    through: Through = "crates",
) -> Ways:
    """Return the `k` shortest ways from one crate to another.

    With `directed`, edges are followed only from who leans to what it leans on. Through `everything` the ends may be
    any nodes. Raises UnknownCrate or NotFound with the nearest names, NoPath if nothing connects the two, and
    InvalidRequest if `k` is not from 1 to 100.
    """
    if not 1 <= k <= MOST_WAYS:
        raise InvalidRequest(f"as many ways can be asked for as 1 to {MOST_WAYS}, not {k}")
    if through == "everything":
        start, end = (find_node(text, snapshot) for text in (source, target))
        return slot_ways(snapshot, start, end, k, directed)
    start, end = (_node(text, snapshot) for text in (source, target))
    graph = snapshot.derive("lean-digraph", lambda s: _digraph(lean_graph(s)))
    found = shortest(graph if directed else graph.to_undirected(as_view=True), start, end, k)
    return Ways(start, end, tuple(_crate_way(nodes, lean_graph(snapshot), directed) for nodes in found))


def slot_ways(snapshot: Snapshot, start: str, end: str, k: int, directed: bool) -> Ways:
    """Return the shortest ways between two nodes over any edges of the slot graph; raises NoPath if there is none."""
    graph = slot_graph(snapshot)
    ends = {start, end}
    linked = nx.subgraph_view(graph, filter_node=lambda n: n in ends or graph.nodes[n]["type"] != _NOT_A_LINK)
    found = shortest(linked if directed else linked.to_undirected(as_view=True), start, end, k)
    return Ways(start, end, tuple(_slot_way(nodes, graph, directed) for nodes in found))


def find_node(text: str, snapshot: Snapshot) -> str:
    """Return the node that a text means: its name, or that of a crate or a port alone; raises NotFound."""
    graph = slot_graph(snapshot)
    crates = [record.crate for record in snapshot.records_named(text) if record.crate]
    for node in (text, *(crate_node(crate, snapshot.names) for crate in crates), f"port:{text}"):
        if node in graph:
            return node
    raise unknown(NotFound, f'the slot graph has no node "{text}"', text, graph)


def shortest(graph: "nx.Graph[str]", start: str, end: str, k: int) -> list[list[str]]:
    """Return the k shortest ways without a node twice (Yen's algorithm); raises NoPath if there is none."""
    try:
        if k == 1 or start == end:
            return [nx.shortest_path(graph, start, end)]
        simple = (nx.DiGraph if graph.is_directed() else nx.Graph)(graph) if graph.is_multigraph() else graph
        return list(islice(nx.shortest_simple_paths(simple, start, end), k))
    except nx.NetworkXNoPath:
        raise NoPath(f"nothing connects {start} and {end}", source=start, target=end) from None


def _node(text: str, snapshot: Snapshot) -> str:
    crate = crate_records(text.removeprefix("crate:"), snapshot)[0].crate
    assert crate is not None
    return crate_node(crate, snapshot.names)


def _digraph(graph: LeanGraph) -> "nx.DiGraph[str]":
    pairs: nx.DiGraph[str] = nx.DiGraph()
    pairs.add_nodes_from(graph.path_of)
    pairs.add_edges_from((graph.nodes[lean.source], graph.nodes[lean.target]) for lean in graph.leans())
    return pairs


def _crate_way(nodes: Sequence[str], graph: LeanGraph, directed: bool) -> Way:
    def steps(a: str, b: str) -> Iterator[Step]:
        for source, target in _ways_round(a, b, directed):
            for lean in graph.dependencies.get(graph.path_of[source], ()):
                if lean.target == graph.path_of[target]:
                    yield Step(source, target, lean.type, lean.site.path, lean.site.line, lean.site.key)

    return Way(tuple(nodes), tuple(tuple(steps(a, b)) for a, b in pairwise(nodes)))


def _slot_way(nodes: Sequence[str], graph: Any, directed: bool) -> Way:
    def steps(a: str, b: str) -> Iterator[Step]:
        for source, target in _ways_round(a, b, directed):
            for data in graph.get_edge_data(source, target, default={}).values():
                yield Step(source, target, data["type"], data["path"], data["line"], data["declared"])

    return Way(tuple(nodes), tuple(tuple(steps(a, b)) for a, b in pairwise(nodes)))


def _ways_round(a: str, b: str, directed: bool) -> Iterable[tuple[str, str]]:
    return [(a, b)] if directed else [(a, b), (b, a)]
