"""Where a fleet falls apart: crates and leans without which its parts would have nothing to do with each other."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from workbench.fleet.analysis.answer import Answer, columns, counted
from workbench.fleet.analysis.arcs import Arcs
from workbench.fleet.analysis.blocks import block_cut_tree
from workbench.fleet.analysis.leans import lean_graph_without
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.tables import Column, Row


class CutPoint(NamedTuple):
    """A crate (articulation point), and how many crates its loss parts from the largest rest."""

    crate: str
    node: str
    separates: int


class Bridge(NamedTuple):
    """Two crates whose joint is the only one between two parts, and the size of the smaller part."""

    source: str
    target: str
    nodes: tuple[str, str]
    separates: int


@dataclass(frozen=True, slots=True)
class CutPoints(Answer):
    """Articulation points and bridges of the fleet without directions, the gravest first."""

    points: tuple[CutPoint, ...]
    bridges: tuple[Bridge, ...]

    columns: ClassVar[tuple[Column, ...]] = columns(
        ("kind", "text", "articulation point or bridge"),
        ("crate", "text", "the crate; of a bridge, one end"),
        ("other", "text", "of a bridge, the other end"),
        ("separates", "integer", "crates parted from the largest rest"),
    )

    @property
    def nodes(self) -> tuple[str, ...]:
        ends = (node for bridge in self.bridges for node in bridge.nodes)
        return tuple(dict.fromkeys([*(point.node for point in self.points), *ends]))

    @property
    def explanation(self) -> str:
        if not self.points:
            return "No single crate holds parts of the fleet together."
        first = self.points[0]
        return (
            f"{counted(len(self.points), 'crate')} and {counted(len(self.bridges), 'bridge')} each hold parts of the "
            f"fleet together; without {first.crate}, {counted(first.separates, 'crate')} would be cut off."
        )

    def rows(self) -> Iterator[Row]:
        for point in self.points:
            yield "articulation point", point.crate, None, point.separates
        for bridge in self.bridges:
            yield "bridge", bridge.source, bridge.target, bridge.separates


def cut_points(snapshot: Snapshot, without: Iterable[str] = ()) -> CutPoints:
    """Return the articulation points and bridges of the crates, joined by leans of any type and direction.

    Crates named in `without` are left out, such as a foundation that joins everything. Raises UnknownCrate.
    """
    graph = lean_graph_without(snapshot, without)
    points, joints = separations(graph.arcs)
    paths = graph.paths
    found = (CutPoint(graph.name(paths[n]), graph.nodes[paths[n]], size) for n, size in points.items())
    bridges = (
        Bridge(graph.name(paths[a]), graph.name(paths[b]), (graph.nodes[paths[a]], graph.nodes[paths[b]]), size)
        for (a, b), size in joints.items()
    )
    return CutPoints(
        tuple(sorted(found, key=lambda point: (-point.separates, point.node))),
        tuple(sorted(bridges, key=lambda bridge: (-bridge.separates, bridge.nodes))),
    )


def separations(arcs: Arcs) -> tuple[dict[int, int], dict[tuple[int, int], int]]:
    """Return how many nodes each articulation point, and each bridge, parts from the largest rest of its component."""
    points: dict[int, int] = {}
    bridges: dict[tuple[int, int], int] = {}
    for tree in block_cut_tree(arcs):
        for point, below in tree.below.items():
            rest = tree.size - 1
            points[point] = rest - max(*below, rest - sum(below))
        for bridge, side in tree.bridges.items():
            bridges[bridge] = min(side, tree.size - side)
    return points, bridges
