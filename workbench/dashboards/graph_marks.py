"""What is highlighted in a chart: dependency cycles, cut points, the way between two nodes."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import networkx as nx

from workbench.dashboards.cartography import Chart
from workbench.dashboards.slot_walk import SlotEdge
from workbench.dashboards.theme import ACCENT, BAD, WARN

HIGHLIGHTS: Final[Mapping[str, str]] = {"": "nothing", "cycles": "cycles", "cut-points": "cut points"}
"""What can be asked to be highlighted, and what it is called on the page."""

_DEPENDENCIES: Final = ("DEPENDS_ON", "BUILT_ON")
"""What makes a cycle: two services that call each other's ports are none."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Nodes and edges (by their ends) that stand out, in which colour, and what they are."""

    nodes: frozenset[str] = frozenset()
    edges: frozenset[tuple[str, str]] = frozenset()
    color: str = ACCENT
    meaning: str = ""

    def has(self, edge: SlotEdge) -> bool:
        """Whether an edge is marked."""
        return (edge.source, edge.target) in self.edges


NO_MARKS: Final = Marks()


def marks_of(chart: Chart, highlight: str) -> Marks:
    """Return what a highlight marks in a chart; without one, the way of a chart that has one."""
    if highlight == "cycles":
        return _cycles(chart)
    if highlight == "cut-points":
        return _cut_points(chart)
    way = chart.slice.way
    steps = {*pairwise(way), *pairwise(reversed(way))}
    return (
        Marks(frozenset(way), frozenset(steps), ACCENT, f"way of {_counted(len(way) - 1, 'step')}") if way else NO_MARKS
    )


def _cycles(chart: Chart) -> Marks:
    """Return the strongly connected parts of the dependencies and foundations that are shown."""
    graph: nx.DiGraph[str] = nx.DiGraph(
        (edge.source, edge.target) for edge in chart.slice.inside if edge.type in _DEPENDENCIES
    )
    parts = [part for part in nx.strongly_connected_components(graph) if len(part) > 1]
    part_of = {node: n for n, part in enumerate(parts) for node in part}
    edges = {(a, b) for a, b in graph.edges if a in part_of and part_of[a] == part_of.get(b)}
    meaning = f"{_counted(len(parts), 'cycle')} with {_counted(len(part_of), 'node')}" if parts else "no cycle"
    return Marks(frozenset(part_of), frozenset(edges), BAD, meaning)


def _cut_points(chart: Chart) -> Marks:
    """Return the articulation points of what is shown: without one of them, parts of it would not be joined."""
    graph: nx.Graph[str] = nx.Graph((edge.source, edge.target) for edge in chart.slice.inside)
    points = frozenset(nx.articulation_points(graph))
    found = _counted(len(points), "cut point") + ": without one, what it joins falls apart"
    return Marks(points, frozenset(), WARN, found if points else "no cut point")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
