"""What the colour of a node means: its class, its worst finding, its community."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import networkx as nx

from workbench.dashboards.cartography import Chart
from workbench.dashboards.registry import classes
from workbench.dashboards.slot_view import DEFAULT_EDGES, DEFAULT_NODES
from workbench.dashboards.slot_walk import joined_edges
from workbench.dashboards.theme import CLASS_COLORS, OTHER_COLOR, SEVERITY_COLORS, TYPE_COLORS, class_colors
from workbench.fleet.graph import slot_graph
from workbench.fleet.snapshot import Snapshot

Name = Callable[[str, Mapping[str, Any]], str]
"""From a node and its attributes to the name of its colour in the legend."""

_SEED: Final = 7
_UNKNOWN: Final = "unclassified"


@dataclass(frozen=True, slots=True)
class Coloring:
    """A way to colour crates: what it is called, which name each gets, and the colour of each name in its order."""

    words: str
    names: Callable[[Snapshot], Name]
    palette: Callable[[Snapshot], Mapping[str, str]]


def colored(chart: Chart, snapshot: Snapshot, coloring: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return (a colour for each node, a colour for each name of the legend). Only crates are coloured as asked."""
    way = COLORINGS[coloring]
    name_of, palette = way.names(snapshot), way.palette(snapshot)
    colors: dict[str, str] = {}
    named: dict[str, str] = {}
    for node, data in chart.slice.nodes.items():
        if data["type"] in TYPE_COLORS:
            name, color = f"{data['type']} node", TYPE_COLORS[data["type"]]
        else:
            name = name_of(node, data)
            color = palette.get(name, OTHER_COLOR)
        colors[node] = named[name] = color
    order = {name: n for n, name in enumerate(palette)}
    return colors, dict(sorted(named.items(), key=lambda item: (order.get(item[0], len(order)), item[0])))


def _class_name(_: Snapshot) -> Name:
    return lambda node, data: data["classification"] or _UNKNOWN


def _finding_name(_: Snapshot) -> Name:
    return lambda node, data: data["severity"] or "no findings"


def _finding_colors(_: Snapshot) -> Mapping[str, str]:
    return {severity or "no findings": color for severity, color in SEVERITY_COLORS.items()}


def _community_name(snapshot: Snapshot) -> Name:
    found, named = communities(snapshot), _community_colors(snapshot)

    def name(node: str, data: Mapping[str, Any]) -> str:
        if data["type"] == "group":
            return "several"
        community = found.get(node, "alone")
        return community if community in named or node not in found else "other communities"

    return name


def _community_colors(snapshot: Snapshot) -> Mapping[str, str]:
    names = dict.fromkeys(communities(snapshot).values())
    return dict(zip(names, CLASS_COLORS, strict=False))


def communities(snapshot: Snapshot) -> Mapping[str, str]:
    """Return the name of each crate's community, those of the largest first; crates that nothing joins are in none.

    Found by the Louvain method in who leans on whom, once for each revision. A community is named for its member
    that most others lean on.
    """
    return snapshot.derive("slot-communities", _communities)


def _communities(snapshot: Snapshot) -> Mapping[str, str]:
    graph: nx.Graph[str] = nx.Graph()
    leaned_on: Counter[str] = Counter()
    whole = slot_graph(snapshot)
    for edge in joined_edges(whole, DEFAULT_NODES, DEFAULT_EDGES):
        graph.add_edge(edge.source, edge.target)
        leaned_on[edge.target] += 1
    found: list[set[str]] = nx.community.louvain_communities(graph, seed=_SEED) if graph else []
    named = {
        max(sorted(part), key=leaned_on.__getitem__): part for part in sorted(found, key=lambda p: (-len(p), min(p)))
    }
    return {node: f"around {whole.nodes[first]['label']}" for first, part in named.items() for node in sorted(part)}


COLORINGS: Final[Mapping[str, Coloring]] = {
    "class": Coloring("class", _class_name, lambda snapshot: class_colors(classes(snapshot))),
    "finding": Coloring("worst finding", _finding_name, _finding_colors),
    "community": Coloring("community", _community_name, _community_colors),
}
"""Every way to colour, by the word for it in the URL."""
