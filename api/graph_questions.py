"""Answers about the slot graph as JSON: a part of it, a node, what fails together, how two things connect."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import networkx as nx

from api.encoded import Once
from workbench.fleet.analysis.circles import cycles
from workbench.fleet.analysis.leans import lean_graph
from workbench.fleet.analysis.reach import Hit, blast_radius
from workbench.fleet.analysis.ways import find_node, slot_ways
from workbench.fleet.graph import slot_graph
from workbench.fleet.snapshot import Snapshot

if TYPE_CHECKING:
    Graph = nx.MultiDiGraph[str]

Json = dict[str, Any]


def graph_of(snapshot: Snapshot) -> "Once[Graph]":
    """Return the slot graph of a snapshot, built when first asked for, by one thread."""
    return snapshot.derive(("api", "slot-graph"), lambda s: Once(lambda: slot_graph(s)))


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
    graph = graph_of(snapshot).get()
    node = find_node(text, snapshot)
    return {
        "id": node,
        **graph.nodes[node],
        "edges_out": [edge_model(*edge) for edge in graph.out_edges(node, keys=True, data=True)],
        "edges_in": [edge_model(*edge) for edge in graph.in_edges(node, keys=True, data=True)],
    }


# ---------------------------------------------------------------------------------------------- questions to all of it


def blast_radius_model(name: str, snapshot: Snapshot) -> Json:
    """Return which crates are hit when one fails, how far away they are, and through what the failure reaches them."""
    found = blast_radius(snapshot, name)
    return {
        "crate": found.crate,
        "node": found.node,
        "ports": list(found.ports),
        "direct": found.direct,
        "total": len(found.hits),
        "of": found.of,
        "hit": [_hit_model(hit) for hit in found.hits],
    }


def _hit_model(hit: Hit) -> Json:
    site = hit.lean.site
    return {
        "crate": hit.crate,
        "node": hit.node,
        "distance": hit.depth,
        "impact": hit.impact,
        "through": hit.through,
        "type": hit.lean.type,
        "path": site.path,
        "line": site.line,
        "declared": site.key,
    }


def connection_model(start: str, end: str, is_directed: bool, k: int, snapshot: Snapshot) -> Json:
    """Return a shortest way from one node to another, and with `k` above 1 as many `ways`.

    Raises NotFound for unknown nodes, NoPath if nothing connects the two.
    """
    graph = graph_of(snapshot).get()
    found = slot_ways(snapshot, find_node(start, snapshot), find_node(end, snapshot), k, is_directed)
    ways = [_way_model(way.nodes, graph, is_directed) for way in found.ways]
    return {
        "from": found.source,
        "to": found.target,
        "directed": is_directed,
        **ways[0],
        **({"ways": ways} if k > 1 else {}),
    }


def _way_model(nodes: Sequence[str], graph: "Graph", is_directed: bool) -> Json:
    steps = [_edges_between(graph, a, b, is_directed) for a, b in pairwise(nodes)]
    return {"length": len(steps), "nodes": [{"id": node, **graph.nodes[node]} for node in nodes], "steps": steps}


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
    nodes = lean_graph(snapshot).nodes
    return [
        {
            "size": circle.size,
            "crates": list(circle.crates),
            "edges": [
                {
                    "source": nodes[lean.source],
                    "target": nodes[lean.target],
                    "type": lean.type,
                    "path": lean.source,
                    "line": lean.site.line,
                }
                for lean in circle.leans
            ],
        }
        for circle in cycles(snapshot).circles
    ]
