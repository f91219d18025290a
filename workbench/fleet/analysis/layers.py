"""Topological order: which crates stand on which, so that all that one needs stands in lower layers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import rustworkx as rx

from workbench.fleet.analysis.answer import Answer, columns, counted
from workbench.fleet.analysis.arcs import Arcs
from workbench.fleet.analysis.leans import lean_graph
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.tables import Column, Row


class Placed(NamedTuple):
    """A crate in its layer; those that lean on each other in a cycle share a layer and a knot."""

    crate: str
    node: str
    layer: int
    knot: int | None


@dataclass(frozen=True, slots=True)
class Layers(Answer):
    """All crates, from the lowest layer (0: leans on nothing) upwards: an order in which they can be started."""

    placed: tuple[Placed, ...]

    columns: ClassVar[tuple[Column, ...]] = columns(
        ("position", "integer", "place in the order, from 1; what a crate needs comes before it"),
        ("layer", "integer", "the longest way down: 0 leans on nothing"),
        ("crate", "text", "crate"),
        ("knot", "integer", "number of the cycle that it is part of"),
    )

    @property
    def nodes(self) -> tuple[str, ...]:
        return tuple(item.node for item in self.placed)

    @property
    def order(self) -> tuple[str, ...]:
        """The crates, each after all that it needs (those of one knot side by side)."""
        return tuple(item.crate for item in self.placed)

    @property
    def layers(self) -> tuple[tuple[str, ...], ...]:
        """The crates of each layer, from the lowest."""
        found: dict[int, list[str]] = {}
        for item in self.placed:
            found.setdefault(item.layer, []).append(item.crate)
        return tuple(tuple(names) for names in found.values())

    @property
    def explanation(self) -> str:
        if not self.placed:
            return "There are no crates."
        knots = {item.knot for item in self.placed} - {None}
        tied = f" {counted(len(knots), 'cycle')} could not be ordered, and each stands as one." if knots else ""
        height, lowest = self.placed[-1].layer + 1, len(self.layers[0])
        return f"{counted(height, 'layer')}; {counted(lowest, 'crate')} at the bottom {_lean(lowest)} on nothing.{tied}"

    def rows(self) -> Iterator[Row]:
        for position, item in enumerate(self.placed, 1):
            yield position, item.layer, item.crate, item.knot


def _lean(count: int) -> str:
    return "leans" if count == 1 else "lean"


def layers(snapshot: Snapshot) -> Layers:
    """Return the crates in topological order of the fleet with each cycle drawn together (its condensation)."""
    graph = lean_graph(snapshot)
    heights, knots = stratified(graph.arcs)
    placed = [
        Placed(graph.name(path), graph.nodes[path], heights[n], knots.get(n)) for n, path in enumerate(graph.paths)
    ]
    return Layers(tuple(sorted(placed, key=lambda item: (item.layer, item.knot or 0, item.node))))


def stratified(arcs: Arcs) -> tuple[list[int], dict[int, int]]:
    """Return each node's longest way down in the condensation, and the number of its knot, from 1, if it is in one."""
    parts = rx.digraph_condensation(arcs.directed)
    parts.reverse()
    heights = [0] * arcs.count
    for layer, found in enumerate(rx.topological_generations(parts)):
        for part in found:
            for node in parts[part]:
                heights[node] = layer
    tied = sorted(sorted(part) for part in parts.nodes() if len(part) > 1)
    return heights, {node: number for number, part in enumerate(tied, 1) for node in part}
