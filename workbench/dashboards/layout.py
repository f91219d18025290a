"""A layered layout: who depends stands left of what it depends on, and names have room to their right.

Columns are layers of the graph without its cycles. Neighbouring columns are shifted against each other by a third of a
row, so that a name may reach across two columns without meeting another node. Costs O(nodes + edges) for each sweep.
"""

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Final

import networkx as nx

Position = tuple[float, float]
Positions = dict[str, Position]

_PHASES: Final = (0.0, 1 / 3, 2 / 3)
_SWEEPS: Final = 10
_FEWEST_ROWS: Final = 11
_KEEP_SHARE: Final = 0.8
"""Positions are kept if at least this share of the nodes has one."""


def layered(
    nodes: Sequence[str], edges: Iterable[tuple[str, str]], previous: Mapping[str, Position] | None = None
) -> Positions:
    """Return (column, row) for each node; rows count downwards.

    Nodes that have a previous position keep it, and newcomers are put beside their neighbours, unless too
    much has changed.
    """
    pairs = list(dict.fromkeys(edges))
    kept = {node: previous[node] for node in nodes if node in previous} if previous else {}
    if kept and len(kept) >= _KEEP_SHARE * len(nodes) and len(kept) >= _KEEP_SHARE * len(previous or ()):
        return _joined(nodes, pairs, kept)
    columns = _columns(nodes, pairs)
    return _placed(columns, pairs)


def _columns(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Return the nodes by layer, left to right; layers that are too high are broken into several columns."""
    graph: nx.DiGraph[str] = nx.DiGraph(edges)
    linked = [node for node in nodes if node in graph]
    depths = _depths(graph)
    layers: list[list[str]] = [[] for _ in range(max(depths.values(), default=-1) + 1)]
    for node in sorted(linked):
        layers[-1 - depths[node]].append(node)
    alone = sorted(set(nodes) - set(linked))
    most = max(_FEWEST_ROWS, round(len(nodes) ** 0.5 * 1.2))
    return [
        layer[start : start + most]
        for layer in ([alone, *layers] if alone else layers)
        for start in range(0, len(layer), most)
    ]


def _depths(graph: "nx.DiGraph[str]") -> dict[str, int]:
    """Return each node's longest way down; the members of a cycle stand side by side."""
    parts = nx.condensation(graph)
    depth: dict[int, int] = {}
    for part in reversed(list(nx.topological_sort(parts))):
        below = max((depth[other] for other in parts.successors(part)), default=-1)
        depth[part] = below + 1
    return {node: depth[part] for node, part in parts.graph["mapping"].items()}


def _placed(columns: list[list[str]], edges: Sequence[tuple[str, str]]) -> Positions:
    """Return positions after sweeps that pull each node towards the middle of its neighbours."""
    beside = _neighbours(edges)
    height = max((len(column) for column in columns), default=1)
    rows = {node: (n + 0.5) * height / len(column) - 0.5 for column in columns for n, node in enumerate(column)}
    for sweep in range(_SWEEPS):
        for column in columns if sweep % 2 else reversed(columns):
            wanted = {node: _middle(node, beside, rows) for node in column}
            column.sort(key=lambda node: (wanted[node], node))
            rows.update(zip(column, _spread([wanted[node] for node in column], height), strict=True))
    return {
        node: (float(x), row + _PHASES[x % 3])
        for x, column in enumerate(columns)
        for node, row in zip(column, _snapped([rows[node] for node in column], height), strict=True)
    }


def _neighbours(edges: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    beside: dict[str, list[str]] = {}
    for source, target in edges:
        beside.setdefault(source, []).append(target)
        beside.setdefault(target, []).append(source)
    return beside


def _middle(node: str, beside: Mapping[str, list[str]], rows: Mapping[str, float]) -> float:
    others = [rows[other] for other in beside.get(node, ())]
    return fmean(others) if others else rows[node]


def _spread(wanted: Sequence[float], height: int) -> list[float]:
    """Return rows as near as possible to the ascending rows wanted, apart by `_gap` (pool adjacent violators)."""
    gap = _gap(len(wanted), height)
    pools: list[tuple[float, int]] = []
    for n, row in enumerate(wanted):
        mean, size = row - n * gap, 1
        while pools and pools[-1][0] > mean:
            other, count = pools.pop()
            mean, size = (mean * size + other * count) / (size + count), size + count
        pools.append((mean, size))
    level = [mean for mean, size in pools for _ in range(size)]
    top = max(0.0, float(height - 1 - (len(wanted) - 1) * gap))
    return [min(max(mean, 0.0), top) + n * gap for n, mean in enumerate(level)]


def _gap(count: int, height: int) -> int:
    """Return how many rows apart the nodes of a column stand: the emptier the column, the more."""
    return min(3, max(1, height // count)) if count else 1


def _snapped(rows: Sequence[float], height: int) -> list[int]:
    """Return the rows rounded to whole ones, still apart."""
    gap = _gap(len(rows), height)
    return [round(row - n * gap) + n * gap for n, row in enumerate(_spread(rows, height))]


def _joined(nodes: Sequence[str], edges: Sequence[tuple[str, str]], kept: Mapping[str, Position]) -> Positions:
    """Return the kept positions, and for each newcomer the free place nearest to its neighbours."""
    positions = dict(kept)
    taken = set(positions.values())
    beside = _neighbours(edges)
    last_column = max((x for x, _ in positions.values()), default=0.0)
    for node in sorted(set(nodes) - positions.keys()):
        near = [positions[other] for other in beside.get(node, ()) if other in positions]
        x = round(fmean(place[0] for place in near)) - 1 if near else round(last_column)
        y = fmean(place[1] for place in near) if near else 0.0
        column = min(max(x, 0), round(last_column))
        place = _free_place(column, y, taken)
        positions[node] = place
        taken.add(place)
    return positions


def _free_place(column: int, row: float, taken: set[Position]) -> Position:
    phase = _PHASES[column % 3]
    start = round(row - phase)
    for distance in range(len(taken) + 1):
        for candidate in (start + distance, start - distance):
            place = (float(column), candidate + phase)
            if candidate >= 0 and place not in taken:
                return place
    return float(column), start + phase
