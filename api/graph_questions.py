"""Questions to the slot graph: a part of it, what stands around a node, what fails together, how two things connect."""

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import networkx as nx

from api.encoded import Once
from workbench.errors import NoPath, NotFound
from workbench.fleet.cycles import cycles_of
from workbench.fleet.graph import crate_node, slot_graph
from workbench.fleet.model import Crate, Site
from workbench.fleet.snapshot import Record, Snapshot

if TYPE_CHECKING:
    Graph = nx.MultiDiGraph[str]

Json = dict[str, Any]

_NOT_A_LINK: Final = "capability"
"""Two crates that offer the same capability have nothing to do with each other for that."""


def graph_of(snapshot: Snapshot) -> "Once[Graph]":
    """Return the slot graph of a snapshot, built when first asked for, by one thread."""
    return snapshot.derive(("api", "slot-graph"), lambda s: Once(lambda: slot_graph(s)))


def node_of(crate: Crate, snapshot: Snapshot) -> str:
    """Return a crate's node."""
    return crate_node(crate, snapshot.names)


def find_node(text: str, snapshot: Snapshot) -> str:
    """Return the node that a text means: its name, or that of a crate or a port alone; raises NotFound."""
    graph = graph_of(snapshot).get()
    crates = [record.crate for record in snapshot.records_named(text) if record.crate]
    for node in (text, *(node_of(crate, snapshot) for crate in crates), f"port:{text}"):
        if node in graph:
            return node
    nearest = get_close_matches(text, graph.nodes, n=3)
    raise NotFound(f'the slot graph has no node "{text}"', node=text, nearest=nearest)


# ---------------------------------------------------------------------------------------------- a part of the graph


@dataclass(frozen=True)
class Selection:
    """Which part of the graph: node types, edge types, words in a name, at most so many nodes; empty means all."""

    types: Sequence[str] = ()
    edge_types: Sequence[str] = ()
    words: str | None = None
    limit: int | None = None


def part_model(snapshot: Snapshot, selection: Selection) -> Json:
    """Return node-link JSON of a part of the graph, and `showing`: how many nodes of how many, and edges."""
    graph = graph_of(snapshot).get()
    edges = [edge for edge in graph.edges(keys=True, data=True) if _is_wanted(edge[3], selection)]
    nodes = _chosen(graph, edges, selection)
    edges = [edge for edge in edges if edge[0] in nodes and edge[1] in nodes]
    return {
        "directed": True,
        "multigraph": True,
        "graph": {"revision": snapshot.revision},
        "showing": {
            "nodes": len(nodes),
            "of": graph.number_of_nodes(),
            "edges": len(edges),
            "edges_of": graph.number_of_edges(),
        },
        "nodes": [{"id": node, **graph.nodes[node]} for node in nodes],
        "edges": [edge_model(*edge) for edge in edges],
    }


def edge_model(source: str, target: str, key: str, attributes: Json) -> Json:
    """Return an edge as {source, target, key, type, path, line, …}."""
    return {"source": source, "target": target, "key": key, **attributes}


def _is_wanted(attributes: Json, selection: Selection) -> bool:
    return not selection.edge_types or attributes["type"] in selection.edge_types


def _chosen(graph: "Graph", edges: list[tuple[str, str, str, Json]], selection: Selection) -> dict[str, None]:
    """Return the nodes to show, in order: those that match, then their neighbours, the best connected first."""
    neighbours: defaultdict[str, set[str]] = defaultdict(set)
    for source, target, _, _ in edges:
        neighbours[source].add(target)
        neighbours[target].add(source)
    of_type = {
        node: None
        for node, attributes in graph.nodes(data=True)
        if (not selection.types or attributes["type"] in selection.types)
        and (not selection.edge_types or node in neighbours)
    }
    matched = {node: None for node in of_type if _matches(node, selection.words)}
    around = {other for node in matched for other in neighbours[node] if other in of_type} if selection.words else set()
    ordered = [*_by_degree(matched, neighbours), *_by_degree(around - matched.keys(), neighbours)]
    return dict.fromkeys(ordered[: selection.limit])


def _matches(node: str, words: str | None) -> bool:
    folded = node.casefold()
    return not words or all(word in folded for word in words.casefold().split())


def _by_degree(nodes: Iterator[str] | dict[str, None] | set[str], neighbours: dict[str, set[str]]) -> list[str]:
    return sorted(nodes, key=lambda node: (-len(neighbours.get(node, ())), node))


def node_model(text: str, snapshot: Snapshot) -> Json:
    """Return a node with its attributes, the edges that leave it and those that reach it."""
    node = find_node(text, snapshot)
    graph = graph_of(snapshot).get()
    return {
        "id": node,
        **graph.nodes[node],
        "edges_out": [edge_model(*edge) for edge in graph.out_edges(node, keys=True, data=True)],
        "edges_in": [edge_model(*edge) for edge in graph.in_edges(node, keys=True, data=True)],
    }


# ---------------------------------------------------------------------------------------------- what fails together


@dataclass(frozen=True)
class Lean:
    """One crate leaning on another: the manifest that declares it, how, and where."""

    source: str
    type: str
    site: Site


def leans(snapshot: Snapshot) -> dict[str, list[Lean]]:
    """Return, for each manifest path, those who would miss its crate: dependents, and callers of its ports."""
    return snapshot.derive(("api", "leans"), _leans)


def _leans(snapshot: Snapshot) -> dict[str, list[Lean]]:
    found: defaultdict[str, list[Lean]] = defaultdict(list)
    names = snapshot.names
    for path, record in snapshot.records.items():
        if record.crate is None:
            continue
        for link in record.links:
            found[link.target].append(Lean(path, link.type, record.crate.site(*link.key_path)))
        for claim in record.claims:
            if claim.role == "reference" and claim.resolved:
                for target in names.paths(claim.of)[:1]:
                    found[target].append(Lean(path, "REFERENCES", claim.site))
    return dict(found)


def blast_radius_model(record: Record, snapshot: Snapshot) -> Json:
    """Return which crates are hit when one fails, how far away they are, and through what the failure reaches them."""
    crate = _crate(record)
    found = list(_spread(crate.path, snapshot))
    distances = [item["distance"] for item in found]
    return {
        "crate": crate.name,
        "node": node_of(crate, snapshot),
        "ports": sorted({claim.port for claim in record.claims if claim.role == "owner"}),
        "direct": distances.count(1),
        "total": len(found),
        "of": len(snapshot.crates) - 1,
        "hit": found,
    }


def _spread(start: str, snapshot: Snapshot) -> Iterator[Json]:
    distance = {start: 0}
    queue = deque([start])
    while queue:
        path = queue.popleft()
        for lean in leans(snapshot).get(path, ()):
            if lean.source in distance:
                continue
            distance[lean.source] = distance[path] + 1
            queue.append(lean.source)
            hit, through = (_crate(snapshot.records[p]) for p in (lean.source, path))
            yield {
                "crate": hit.name,
                "node": node_of(hit, snapshot),
                "distance": distance[lean.source],
                "through": through.name,
                "type": lean.type,
                "path": lean.site.path,
                "line": lean.site.line,
                "declared": lean.site.key,
            }


def _crate(record: Record) -> Crate:
    assert record.crate is not None
    return record.crate


# ---------------------------------------------------------------------------------------------- paths and cycles


def connection_model(start: str, end: str, is_directed: bool, snapshot: Snapshot) -> Json:
    """Return a shortest way from one node to another; raises NotFound for unknown nodes, NoPath if there is none."""
    graph = graph_of(snapshot).get()
    source, target = find_node(start, snapshot), find_node(end, snapshot)
    ends = {source, target}
    linked = nx.subgraph_view(graph, filter_node=lambda n: n in ends or graph.nodes[n]["type"] != _NOT_A_LINK)
    searched = linked if is_directed else linked.to_undirected(as_view=True)
    try:
        nodes: list[str] = nx.shortest_path(searched, source, target)
    except nx.NetworkXNoPath:
        raise NoPath(f"nothing connects {source} and {target}", source=source, target=target) from None
    steps = [_edges_between(graph, a, b, is_directed) for a, b in pairwise(nodes)]
    return {
        "from": source,
        "to": target,
        "directed": is_directed,
        "length": len(steps),
        "nodes": [{"id": node, **graph.nodes[node]} for node in nodes],
        "steps": steps,
    }


def _edges_between(graph: "Graph", source: str, target: str, is_directed: bool) -> list[Json]:
    pairs = [(source, target)] if is_directed else [(source, target), (target, source)]
    return [
        edge_model(a, b, key, attributes)
        for a, b in pairs
        if graph.has_edge(a, b)
        for key, attributes in graph[a][b].items()
    ]


def cycles_model(snapshot: Snapshot) -> list[Json]:
    """Return the strongly connected parts of the fleet, each with its size and one shortest circle through it."""
    crates = {path: record.crate for path, record in snapshot.records.items() if record.crate is not None}
    links = {path: snapshot.records[path].links for path in crates}
    return [
        {
            "size": size,
            "crates": [crates[link.source].name for link in circle],
            "edges": [
                {
                    "source": node_of(crates[link.source], snapshot),
                    "target": node_of(crates[link.target], snapshot),
                    "type": link.type,
                    "path": link.source,
                    "line": crates[link.source].site(*link.key_path).line,
                }
                for link in circle
            ],
        }
        for circle, size in cycles_of(links)
    ]
