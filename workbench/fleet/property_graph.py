"""The slot graph as Cypher sees it: nodes with a label and a name, edges with a type."""

from typing import Any, Final

import networkx as nx

from workbench.fleet.graph import NODE_TYPES, slot_graph
from workbench.fleet.snapshot import Snapshot

Json = dict[str, Any]

NODE_LABELS: Final = {kind: kind.capitalize() for kind in NODE_TYPES}
_SHOWN_OTHERWISE: Final = ("type", "label")
LABELS: Final = "__labels__"
"""The attribute in which Grand-Cypher looks for the labels of a node and the type of an edge."""


def graph_lists(snapshot: Snapshot) -> tuple[list[tuple[str, Json]], list[tuple[str, str, str, Json]]]:
    """Return (nodes, edges) of a snapshot as values that JSON can hold.

    A node is (id, properties): `name`, of a port also `port` as a number, of a crate also `path`, `version`,
    `classification`, `stale` and `severity`. An edge is (source, target, key, properties) as in `slot_graph`.
    """
    graph = slot_graph(snapshot)
    nodes = [(node, _properties(node, given)) for node, given in graph.nodes(data=True)]
    edges = [(source, target, key, dict(given)) for source, target, key, given in graph.edges(keys=True, data=True)]
    return nodes, edges


def _properties(node: str, given: Json) -> Json:
    number = {"port": int(given["label"])} if given["type"] == "port" else {}
    rest = {key: value for key, value in given.items() if key not in _SHOWN_OTHERWISE}
    return {"id": node, "label": NODE_LABELS[given["type"]], "name": given["label"], **number, **rest}


def property_graph(nodes: list[Any], edges: list[Any]) -> "nx.MultiDiGraph[str]":
    """Return the lists of `graph_lists` as a graph that patterns are matched in."""
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    graph.add_nodes_from((node, {**given, LABELS: {given["label"]}}) for node, given in nodes)
    for source, target, key, given in edges:
        graph.add_edge(source, target, key, **{**given, LABELS: {given["type"]}})
    return graph
