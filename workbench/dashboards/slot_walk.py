"""The edges of the slot graph as they are drawn, and how far one comes along them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx


@dataclass(frozen=True, slots=True)
class SlotEdge:
    """An edge as it is drawn; several declarations of one type between two nodes are one, and counted."""

    source: str
    target: str
    type: str
    path: str
    line: int
    label: str
    count: int = 1


def joined_edges(graph: Any, node_types: Collection[str], edge_types: Collection[str]) -> tuple[SlotEdge, ...]:
    """Return the edges of some types between nodes of some types, each pair and type once.

    Where no ports are among the nodes, a reference leads to the owner of its port.
    """
    nodes = {node for node, data in graph.nodes(data=True) if data["type"] in node_types}
    merged: dict[tuple[str, str, str], SlotEdge] = {}
    for source, target, data in graph.edges(data=True):
        kind = data["type"]
        if kind not in edge_types:
            continue
        end = _owner_of(data, graph) if kind == "REFERENCES" and "port" not in node_types else target
        if end == source or source not in nodes or end not in nodes:
            continue
        key = source, end, kind
        old = merged.get(key)
        label = str(data.get("label") or data.get("declared") or "")
        merged[key] = SlotEdge(
            source, end, kind, old.path if old else data["path"], old.line if old else data["line"],
            old.label if old else label, old.count + 1 if old else 1,
        )  # fmt: skip
    return tuple(merged.values())


def _owner_of(data: Mapping[str, Any], graph: Any) -> str:
    crate = f"crate:{data['of']}"
    return crate if crate in graph else f"external:{data['of']}"


def reached(starts: Collection[str], edges: Iterable[SlotEdge], hops: int, mode: str) -> dict[str, int]:
    """Return how many steps away each node is that can be reached in at most `hops` (0 for any number).

    The mode `up` goes against the edges, to those who lean on the starts; `down` goes along them; any other both ways.
    """
    beside: dict[str, set[str]] = {}
    for edge in edges:
        if mode != "up":
            beside.setdefault(edge.source, set()).add(edge.target)
        if mode != "down":
            beside.setdefault(edge.target, set()).add(edge.source)
    distances = dict.fromkeys(sorted(starts), 0)
    border, step = set(starts), 0
    while border and (not hops or step < hops):
        step += 1
        border = {other for node in border for other in beside.get(node, ())} - distances.keys()
        distances.update(dict.fromkeys(sorted(border), step))
    return distances


def way_between(edges: Iterable[SlotEdge], source: str, target: str) -> tuple[list[str], str]:
    """Return the nodes of a shortest way, and what must be said of it.

    The way follows the edges; else it leads from the target to the source; else it uses edges in both directions.
    Empty if nothing connects the two.
    """
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from((source, target))
    graph.add_edges_from((edge.source, edge.target) for edge in edges)
    for searched, start, end, note in (
        (graph, source, target, ""),
        (graph, target, source, "the way leads back: the second node leans on the first"),
        (graph.to_undirected(as_view=True), source, target, "no way follows the arrows; this one ignores them"),
    ):
        try:
            return nx.shortest_path(searched, start, end), note
        except nx.NetworkXNoPath:
            continue
    return [], "no way connects the two along the edge types that are shown"
