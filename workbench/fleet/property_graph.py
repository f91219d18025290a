"""The slot graph as Cypher sees it: nodes with a label and a name, edges with a type."""

from collections.abc import Mapping
from typing import Any, Final

import networkx as nx

from workbench.fleet.graph import EDGE_TYPES, NODE_TYPES, located_edges, slot_sketch
from workbench.fleet.snapshot import Snapshot

Json = dict[str, Any]

NODE_LABELS: Final = {kind: kind.capitalize() for kind in NODE_TYPES}
_SHOWN_OTHERWISE: Final = ("type", "label")
LABELS: Final = "__labels__"
"""The attribute in which Grand-Cypher looks for the labels of a node and the type of an edge."""


Edge = tuple[str, str, str, Json]


def graph_lists(snapshot: Snapshot) -> tuple[list[tuple[str, Json]], list[Edge]]:
    """Return (nodes, edges) of a snapshot as values that JSON can hold.

    A node is (id, properties): `name`, of a port also `port` as a number, of a crate also `path`, `version`,
    `classification`, `stale` and `severity`. An edge is (source, target, key, properties) as in `slot_graph`.
    """
    sketch = slot_sketch(snapshot)
    nodes = [(node, _properties(node, given)) for node, given in sketch.nodes.items()]
    return nodes, list(located_edges(sketch))


def _properties(node: str, given: Mapping[str, Any]) -> Json:
    number = {"port": int(given["label"])} if given["type"] == "port" else {}
    rest = {key: value for key, value in given.items() if key not in _SHOWN_OTHERWISE}
    return {"id": node, "label": NODE_LABELS[given["type"]], "name": given["label"], **number, **rest}


def property_graph(nodes: list[Any], edges: list[Any]) -> "nx.MultiDiGraph[str]":
    """Return the lists of `graph_lists` as a graph that patterns are matched in."""
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    # One set for all that bear a label: there are a dozen of them, and a hundred thousand edges.
    labels = {name: {name} for name in (*NODE_LABELS.values(), *EDGE_TYPES)}
    graph.add_nodes_from((node, {**given, LABELS: labels[given["label"]]}) for node, given in nodes)
    for source, target, key, given in edges:
        graph.add_edge(source, target, key, **given, **{LABELS: labels[given["type"]]})
    return graph
