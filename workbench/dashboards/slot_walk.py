"""The edges of the slot graph as they are drawn, and how far one comes along them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import networkx as nx

from workbench.fleet.graph import Slot, SlotSketch
from workbench.fleet.model import Site, SourceText
from workbench.fleet.positions import KeyPath, dotted


@dataclass(frozen=True, slots=True)
class SlotEdge:
    """An edge as it is drawn; several declarations of one type between two nodes are one, and counted."""

    source: str
    target: str
    type: str
    origin: SourceText | None = None
    """The text of the first of them; None for an edge between groups."""
    key_path: KeyPath = ()
    at: tuple[int, int] | None = None
    label: str = ""
    count: int = 1

    @property
    def site(self) -> Site | None:
        """Where the first of them stands; None for an edge between groups."""
        return Site(self.origin, self.key_path, None, self.at) if self.origin else None

    @property
    def path(self) -> str:
        """The manifest of the first declaration; empty between groups."""
        return self.site.path if self.site else ""

    @property
    def line(self) -> int:
        """The line of the first declaration, looked up now; 0 between groups."""
        return self.site.line if self.site else 0


def joined_edges(sketch: SlotSketch, node_types: Collection[str], edge_types: Collection[str]) -> tuple[SlotEdge, ...]:
    """Return the edges of some types between nodes of some types, each pair and type once.

    Where no ports are among the nodes, a reference leads to the owner of its port.
    """
    nodes = {node for node, data in sketch.nodes.items() if data["type"] in node_types}
    merged: dict[tuple[str, str, str], tuple[Slot, int]] = {}
    for edge in sketch.edges:
        if edge.type not in edge_types or edge.source not in nodes:
            continue
        end = edge.target
        if edge.type == "REFERENCES" and "port" not in node_types:
            end = _owner_of(edge, sketch)
        if end == edge.source or end not in nodes:
            continue
        key = edge.source, end, edge.type
        first, count = merged.get(key, (edge, 0))
        merged[key] = first, count + 1
    return tuple(
        SlotEdge(source, end, kind, first.origin, first.key_path, first.at, _label(first), count)
        for (source, end, kind), (first, count) in merged.items()
    )


def _label(edge: Slot) -> str:
    return str(edge.known.get("label") or dotted(edge.key_path))


def _owner_of(edge: Slot, sketch: SlotSketch) -> str:
    crate = f"crate:{edge.known['of']}"
    return crate if crate in sketch.nodes else f"external:{edge.known['of']}"


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
