"""What of the slot graph is looked at: node and edge types, a name, a focus with its hops, within a limit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import networkx as nx

from workbench.fleet.graph import EDGE_TYPES, NODE_TYPES, slot_graph
from workbench.fleet.snapshot import Snapshot

DEFAULT_NODES: Final = ("crate",)
DEFAULT_EDGES: Final = ("DEPENDS_ON", "BUILT_ON", "REFERENCES")
MOST_NODES: Final = 1200
MOST_EDGES: Final = 4000

_RANK: Final[Mapping[str | None, int]] = {"error": 3, "warning": 2, "hint": 1, None: 0}

Graph = nx.MultiDiGraph


@dataclass(frozen=True, slots=True)
class SlotView:
    """A question to the slot graph. With `focus`, only what is within `hops` of that node (0 for no limit)."""

    node_types: tuple[str, ...] = DEFAULT_NODES
    edge_types: tuple[str, ...] = DEFAULT_EDGES
    text: str = ""
    focus: str = ""
    hops: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "node_types", tuple(t for t in NODE_TYPES if t in self.node_types))
        object.__setattr__(self, "edge_types", tuple(t for t in EDGE_TYPES if t in self.edge_types))


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


@dataclass(frozen=True, slots=True)
class Slice:
    """The answer: nodes with their attributes, edges between them, and how much there would be without the limit."""

    nodes: Mapping[str, Mapping[str, Any]]
    edges: tuple[SlotEdge, ...]
    all_nodes: int
    all_edges: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing was left out for want of room."""
        return len(self.nodes) == self.all_nodes and len(self.edges) == self.all_edges


def slice_of(snapshot: Snapshot, view: SlotView) -> Slice:
    """Return the part of the slot graph that a view asks for.

    Without port nodes, references run from crate to crate: from who calls a port to whose port it is.
    """
    graph = slot_graph(snapshot)
    nodes = {node for node, data in graph.nodes(data=True) if data["type"] in view.node_types}
    edges = snapshot.derive(("slot-edges", view.node_types, view.edge_types), lambda _: _edges(graph, nodes, view))
    kept = _near(nodes, edges, view, graph)
    inside = [edge for edge in edges if edge.source in kept and edge.target in kept]
    shown = _foremost(kept, inside, graph, view)
    drawn = [edge for edge in inside if edge.source in shown and edge.target in shown]
    return Slice({node: graph.nodes[node] for node in sorted(shown)}, tuple(drawn[:MOST_EDGES]), len(kept), len(inside))


def _edges(graph: Any, nodes: set[str], view: SlotView) -> tuple[SlotEdge, ...]:
    merged: dict[tuple[str, str, str], SlotEdge] = {}
    for source, target, data in graph.edges(data=True):
        kind = data["type"]
        if kind not in view.edge_types:
            continue
        end = _owner_of(data, graph) if kind == "REFERENCES" and "port" not in view.node_types else target
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


def _near(nodes: set[str], edges: Iterable[SlotEdge], view: SlotView, graph: Any) -> set[str]:
    """Return the nodes within the hops of the focus, and those that bear the text or are next to one that does."""
    starts: set[str] | None = None
    hops = 1
    if view.focus in nodes and view.hops:
        starts, hops = {view.focus}, view.hops
    elif view.text:
        wanted = view.text.casefold()
        starts = {node for node in nodes if wanted in str(graph.nodes[node]["label"]).casefold()}
    if starts is None:
        return nodes
    beside: dict[str, set[str]] = {}
    for edge in edges:
        beside.setdefault(edge.source, set()).add(edge.target)
        beside.setdefault(edge.target, set()).add(edge.source)
    found, edge_of_search = set(starts), set(starts)
    for _ in range(hops):
        edge_of_search = {other for node in edge_of_search for other in beside.get(node, ())} - found
        found |= edge_of_search
    return found


def _foremost(nodes: set[str], edges: Iterable[SlotEdge], graph: Any, view: SlotView) -> set[str]:
    """Return the nodes to draw: all, or those with the gravest findings and then the most edges."""
    if len(nodes) <= MOST_NODES:
        return nodes
    degree = dict.fromkeys(nodes, 0)
    for edge in edges:
        degree[edge.source] += 1
        degree[edge.target] += 1

    def rank(node: str) -> tuple[bool, int, int, str]:
        return node != view.focus, -_RANK[graph.nodes[node].get("severity")], -degree[node], node

    return set(sorted(nodes, key=rank)[:MOST_NODES])
