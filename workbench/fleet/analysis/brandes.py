"""Betweenness from a sample of sources, for graphs in which all sources would take hours."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from workbench.fleet.analysis.arcs import Arcs

Progress = Callable[[int, int], None]
Numbers = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]


class Neighbours:
    """The targets of each node, as one array with the place where each node's begin."""

    def __init__(self, arcs: Arcs) -> None:
        pairs = np.array(arcs.pairs, dtype=np.int64).reshape(-1, 2)
        pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
        self.count = arcs.count
        self.targets: Numbers = pairs[:, 1]
        self.begins: Numbers = np.searchsorted(pairs[:, 0], np.arange(arcs.count + 1))

    def arcs_from(self, nodes: Numbers) -> tuple[Numbers, Numbers]:
        """Return the sources and the targets of all arcs that leave some nodes."""
        degrees = self.begins[nodes + 1] - self.begins[nodes]
        skipped = np.repeat(self.begins[nodes] - (np.cumsum(degrees) - degrees), degrees)
        return np.repeat(nodes, degrees), self.targets[skipped + np.arange(len(skipped))]


def sampled_betweenness(arcs: Arcs, pivots: Sequence[int], progress: Progress | None = None) -> list[float]:
    """Return the betweenness of each node, estimated from the shortest ways that begin at the pivots.

    Normalised like exact betweenness; with every node as a pivot it is exact (Brandes and Pich, 2007).
    """
    around = Neighbours(arcs)
    total: Reals = np.zeros(arcs.count)
    for done, pivot in enumerate(pivots, 1):
        _add_dependencies(around, pivot, total)
        if progress:
            progress(done, len(pivots))
    scale = arcs.count / len(pivots) / max(1, (arcs.count - 1) * (arcs.count - 2)) if pivots else 0.0
    return [float(value) for value in total * scale]


def _add_dependencies(around: Neighbours, pivot: int, total: Reals) -> None:
    """Add what one source contributes (Brandes, 2001), whole levels of the breadth-first search at a time."""
    depth: Numbers = np.full(around.count, -1)
    ways: Reals = np.zeros(around.count)
    depth[pivot], ways[pivot] = 0, 1.0
    front: Numbers = np.array([pivot])
    levels: list[tuple[Numbers, Numbers]] = []
    while len(front):
        sources, targets = around.arcs_from(front)
        fresh = np.unique(targets[depth[targets] < 0])
        depth[fresh] = len(levels) + 1
        onward = depth[targets] == len(levels) + 1
        sources, targets = sources[onward], targets[onward]
        np.add.at(ways, targets, ways[sources])
        levels.append((sources, targets))
        front = fresh
    share: Reals = np.zeros(around.count)
    for sources, targets in reversed(levels):
        np.add.at(share, sources, ways[sources] / ways[targets] * (1.0 + share[targets]))
    share[pivot] = 0.0
    total += share
