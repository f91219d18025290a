"""The slot graph as Cypher sees it: nodes with a label and a name, edges with a type."""

import re
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

_DOUBT: Final = re.compile(r"\bline\b|//|\breturn\s+\*|\w\s*=\s*\(", re.IGNORECASE)
"""The property itself; a remark, which may stand anywhere; everything; the variable of a path."""
_EDGE: Final = re.compile(r"-\s*\[\s*(\w+)")
_WHOLE: Final = re.compile(r"\b(\w+)\b(?!\s*\.)")

Edge = tuple[str, str, str, Json]


def graph_lists(snapshot: Snapshot, *, lines: bool = True) -> tuple[list[tuple[str, Json]], list[Edge]]:
    """Return (nodes, edges) of a snapshot as values that JSON can hold.

    A node is (id, properties): `name`, of a port also `port` as a number, of a crate also `path`, `version`,
    `classification`, `stale` and `severity`. An edge is (source, target, key, properties) as in `slot_graph`;
    without their `lines` they are had at a third of the cost.
    """
    sketch = slot_sketch(snapshot)
    nodes = [(node, _properties(node, given)) for node, given in sketch.nodes.items()]
    return nodes, list(located_edges(sketch, lines=lines))


def asks_for_lines(pattern: str) -> bool:
    """Whether a Cypher pattern might see the line of an edge: by its name, or with the edge as a whole.

    An edge is seen through its variable alone. Where that stands with a property each time, and none is `line`, nobody
    can tell whether there are lines. In doubt the answer is yes.
    """
    if _DOUBT.search(pattern):
        return True
    edges = set(_EDGE.findall(pattern))
    return any(word in edges for word in _WHOLE.findall(_EDGE.sub("-[", pattern)))


def _properties(node: str, given: Mapping[str, Any]) -> Json:
    number = {"port": int(given["label"])} if given["type"] == "port" else {}
    rest = {key: value for key, value in given.items() if key not in _SHOWN_OTHERWISE}
    return {"id": node, "label": NODE_LABELS[given["type"]], "name": given["label"], **number, **rest}


def property_graph(nodes: list[Any], edges: list[Any]) -> "nx.MultiDiGraph[str]":
    """Return the lists of `graph_lists` as a graph that patterns are matched in; takes their properties over."""
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    # One set for all that bear a label: there are a dozen of them, and a hundred thousand edges.
    labels = {name: {name} for name in (*NODE_LABELS.values(), *EDGE_TYPES)}
    for _, given in nodes:
        given[LABELS] = labels[given["label"]]
    graph.add_nodes_from(nodes)
    # As `add_edge` does, for edges that differ and whose nodes are there, at a third of its cost.
    following, preceding = graph._succ, graph._pred  # type: ignore[attr-defined]
    for source, target, key, given in edges:
        given[LABELS] = labels[given["type"]]
        parallel = following[source].get(target)
        if parallel is None:
            parallel = following[source][target] = preceding[target][source] = {}
        parallel[key] = given
    return graph
