"""The slot graph from afar: a node for all crates of a class or a directory, with the edges between them counted."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final

from workbench.dashboards.slot_walk import SlotEdge
from workbench.fleet.graph import SlotSketch
from workbench.fleet.rules import SEVERITIES

MOST_GROUPS: Final = 150


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups as nodes, and what was left out."""

    nodes: Mapping[str, Mapping[str, Any]]
    edges: tuple[SlotEdge, ...]
    all_nodes: int
    all_edges: int
    note: str


def grouped(nodes: Collection[str], edges: Iterable[SlotEdge], graph: SlotSketch, by: str) -> Groups:
    """Return the groups of some nodes, by `class` or `directory`; those that are no crates form one for each type.

    Edges within a group are not drawn. At most `MOST_GROUPS` groups are, the largest.
    """
    group_of = _directories(nodes, graph) if by == "directory" else {}
    group_of = {node: group_of.get(node) or _named(graph.nodes[node]) for node in sorted(nodes)}
    sizes = Counter(group_of.values())
    shown = dict.fromkeys(sorted(group for group, _ in sizes.most_common(MOST_GROUPS)))
    members: dict[str, list[Mapping[str, Any]]] = {}
    for node, group in group_of.items():
        members.setdefault(group, []).append(graph.nodes[node])
    crossing = Counter((group_of[edge.source], group_of[edge.target], edge.type) for edge in edges)
    between = [
        SlotEdge(source, target, kind, count=count)
        for (source, target, kind), count in crossing.items()
        if source != target
    ]
    drawn = tuple(edge for edge in between if edge.source in shown and edge.target in shown)
    note = f"a node stands for all crates of one {by}: {len(nodes):,} nodes in {len(sizes):,} groups"
    described = {group: _described(group, members[group]) for group in shown}
    return Groups(described, drawn, len(sizes), len(between), note)


def _named(data: Mapping[str, Any]) -> str:
    if data["type"] != "crate":
        return f"group:type:{data['type']}s"
    return f"group:class:{data['classification'] or 'unclassified'}"


def _described(group: str, members: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the attributes of a group: its crates, the class that most have, and their gravest finding."""
    _, by, label = group.split(":", 2)
    found = {data.get("severity") for data in members}
    common = Counter(data.get("classification") for data in members).most_common(1)[0][0]
    return {
        "type": "group", "label": label, "by": by, "size": len(members),
        "classification": common,
        "severity": next((severity for severity in SEVERITIES if severity in found), None),
        "crates": tuple(data["label"] for data in members if data["type"] == "crate"),
    }  # fmt: skip


def _directories(nodes: Iterable[str], graph: SlotSketch) -> dict[str, str]:
    """Return, for each crate, the first directory on its way that not all crates share."""
    folders = {
        node: graph.nodes[node]["path"].split("/")[:-2] for node in nodes if graph.nodes[node]["type"] == "crate"
    }
    shared = sum(1 for _ in takewhile(lambda parts: len(set(parts)) == 1, zip(*folders.values(), strict=False)))
    return {node: "group:directory:" + ("/".join(parts[: shared + 1]) or ".") for node, parts in folders.items()}
