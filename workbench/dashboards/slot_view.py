"""What of the slot graph is looked at: node and edge types, a class, a name, and a way of looking, within a limit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

from workbench.dashboards.slot_groups import grouped
from workbench.dashboards.slot_walk import SlotEdge, joined_edges, reached, way_between
from workbench.fleet.graph import EDGE_TYPES, NODE_TYPES, SlotSketch, slot_sketch
from workbench.fleet.snapshot import Snapshot

DEFAULT_NODES: Final = ("crate",)
DEFAULT_EDGES: Final = ("DEPENDS_ON", "BUILT_ON", "REFERENCES")
MOST_NODES: Final = 2500
MOST_EDGES: Final = 9000
MODES: Final[Mapping[str, str]] = {
    "all": "whole fleet",
    "around": "around a node",
    "up": "blast radius: who needs it",
    "down": "blast radius: what it needs",
    "path": "way between two",
    "by-class": "grouped by class",
    "by-directory": "grouped by directory",
}
"""The ways of looking, and what they are called on the page."""
FOCUSED: Final = ("around", "up", "down", "path")
GROUPED: Final = ("by-class", "by-directory")

_RANK: Final[Mapping[str | None, int]] = {"error": 3, "warning": 2, "hint": 1, None: 0}


@dataclass(frozen=True, slots=True)
class SlotView:
    """A question to the slot graph.

    The modes `around`, `up`, `down` and `path` start at the node `focus` and go as far as `hops` (0 for no limit), or
    to the node `target`; without these nodes they show what `all` shows.
    """

    node_types: tuple[str, ...] = DEFAULT_NODES
    edge_types: tuple[str, ...] = DEFAULT_EDGES
    text: str = ""
    mode: str = "all"
    focus: str = ""
    hops: int = 0
    target: str = ""
    classification: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "node_types", tuple(t for t in NODE_TYPES if t in self.node_types))
        object.__setattr__(self, "edge_types", tuple(t for t in EDGE_TYPES if t in self.edge_types))


@dataclass(frozen=True, slots=True)
class Slice:
    """The answer: nodes with their attributes, edges between them, and how much there would be without the limit."""

    nodes: Mapping[str, Mapping[str, Any]]
    edges: tuple[SlotEdge, ...]
    all_nodes: int
    all_edges: int
    inside: tuple[SlotEdge, ...] = ()
    """All edges between the nodes that the view lets through, drawn or not."""
    distances: Mapping[str, int] = field(default_factory=dict)
    """How many steps the nodes are from the focus, where there is one."""
    way: tuple[str, ...] = ()
    """The nodes of the way, from the focus to the target."""
    note: str = ""
    """What else must be said of the answer."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing was left out for want of room."""
        return len(self.nodes) == self.all_nodes and len(self.edges) == self.all_edges


@dataclass(frozen=True, slots=True)
class _Found:
    nodes: set[str]
    distances: Mapping[str, int] = field(default_factory=dict)
    way: tuple[str, ...] = ()
    note: str = ""


def slice_of(snapshot: Snapshot, view: SlotView) -> Slice:
    """Return the part of the slot graph that a view asks for.

    Without port nodes, references run from crate to crate: from who calls a port to whose port it is.
    """
    graph = slot_sketch(snapshot)
    edges: Iterable[SlotEdge] = snapshot.derive(
        ("slot-edges", view.node_types, view.edge_types),
        lambda _: joined_edges(graph, view.node_types, view.edge_types),
    )
    nodes = {node for node, data in graph.nodes.items() if _is_admitted(data, view)}
    if view.classification:
        edges = [edge for edge in edges if edge.source in nodes and edge.target in nodes]
    found = _found(nodes, edges, view, graph)
    inside = tuple(edge for edge in edges if edge.source in found.nodes and edge.target in found.nodes)
    if view.mode in GROUPED:
        groups = grouped(found.nodes, inside, graph, view.mode.removeprefix("by-"))
        return Slice(groups.nodes, groups.edges, groups.all_nodes, groups.all_edges, groups.edges, note=groups.note)
    shown = _foremost(found.nodes, inside, graph, view)
    drawn = [edge for edge in inside if edge.source in shown and edge.target in shown]
    return Slice(
        {node: graph.nodes[node] for node in sorted(shown)}, tuple(drawn[:MOST_EDGES]),
        len(found.nodes), len(inside), inside, found.distances, found.way, found.note,
    )  # fmt: skip


def usual_mode(snapshot: Snapshot) -> str:
    """Return the mode that shows a fleet best at first: the whole of it, or its classes if it is too large."""
    return "all" if len(snapshot.crates) <= MOST_NODES else "by-class"


def node_named(text: str, snapshot: Snapshot) -> str:
    """Return the node that a text means: its own name, that of a crate, or a port's number; empty for no node."""
    graph = slot_sketch(snapshot)
    wanted = text.strip()
    crates = (f"crate:{record.crate.name}" for record in snapshot.records_named(wanted) if record.crate)
    kinds = (f"{kind}:{wanted}" for kind in NODE_TYPES)
    return next((node for node in (wanted, *crates, *kinds) if node in graph.nodes), "") if wanted else ""


def nearest_names(text: str, snapshot: Snapshot) -> list[str]:
    """Return up to three names of crates that are spelled much like a text."""
    return get_close_matches(text, {crate.name for crate in snapshot.crates}, n=3)


def _is_admitted(data: Mapping[str, Any], view: SlotView) -> bool:
    if data["type"] not in view.node_types:
        return False
    return not view.classification or data["type"] != "crate" or data["classification"] == view.classification


def _found(nodes: set[str], edges: Iterable[SlotEdge], view: SlotView, graph: SlotSketch) -> _Found:
    """Return the nodes that the mode reaches, and of these those that bear the text or are next to one that does."""
    ends = [node for node in (view.focus, view.target if view.mode == "path" else "") if node]
    if hidden := [node for node in ends if node not in nodes]:
        words = " and ".join(graph.nodes[node]["label"] for node in hidden)
        return _Found(nodes, note=f"{words}: not among the node types and the class that are shown")
    if view.mode == "path" and view.focus and view.target:
        way, note = way_between(edges, view.focus, view.target)
        return _Found(set(way), dict(zip(way, range(len(way)), strict=True)), tuple(way), note)
    if view.mode in FOCUSED and view.mode != "path" and view.focus:
        distances = reached({view.focus}, edges, view.hops, view.mode)
        return _Found(_bearing(distances.keys(), edges, view, graph) | {view.focus}, distances)
    return _Found(_bearing(nodes, edges, view, graph))


def _bearing(nodes: Iterable[str], edges: Iterable[SlotEdge], view: SlotView, graph: SlotSketch) -> set[str]:
    kept = set(nodes)
    if not view.text:
        return kept
    wanted = view.text.casefold()
    bearers = {node for node in kept if _bears(wanted, graph.nodes[node])}
    return set(reached(bearers, edges, 1, "around")) & kept


def _bears(wanted: str, data: Mapping[str, Any]) -> bool:
    return wanted in str(data["label"]).casefold() or ("/" in wanted and wanted in data.get("path", "").casefold())


def _foremost(nodes: set[str], edges: Iterable[SlotEdge], graph: SlotSketch, view: SlotView) -> set[str]:
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
