"""The slot graph as Cypher sees it: nodes with a label and a name, edges with a type."""

from typing import Any, Final

import networkx as nx

from workbench.fleet.graph import EDGE_TYPES, NODE_TYPES, filled
from workbench.fleet.snapshot import Snapshot

Json = dict[str, Any]

NODE_LABELS: Final = {kind: kind.capitalize() for kind in NODE_TYPES}
_SHOWN_OTHERWISE: Final = ("type", "label")
LABELS: Final = "__labels__"
"""The attribute in which Grand-Cypher looks for the labels of a node and the type of an edge."""


Edge = tuple[str, str, str, Json]


class _Lists:
    """The slot graph as lists: made at half the price of a graph, and read by nobody here."""

    def __init__(self) -> None:
        self.nodes: dict[str, Json] = {}
        self.edges: list[Edge] = []

    def add_node(self, node: str, /, **attributes: Any) -> None:
        self.nodes[node] = _properties(node, attributes)

    def add_edge(self, source: str, target: str, key: str, /, **attributes: Any) -> None:
        self.edges.append((source, target, key, attributes))

    def __contains__(self, node: object, /) -> bool:
        return node in self.nodes


def graph_lists(snapshot: Snapshot) -> tuple[list[tuple[str, Json]], list[Edge]]:
    """Return (nodes, edges) of a snapshot as values that JSON can hold.

    A node is (id, properties): `name`, of a port also `port` as a number, of a crate also `path`, `version`,
    `classification`, `stale` and `severity`. An edge is (source, target, key, properties) as in `slot_graph`.
    """
    lists = filled(_Lists(), snapshot)
    return list(lists.nodes.items()), lists.edges


def _properties(node: str, given: Json) -> Json:
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
