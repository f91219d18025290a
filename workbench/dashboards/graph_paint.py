"""How a chart looks: colours, sizes, curves, and what stands back when a node is selected."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import pi, sqrt
from typing import Any, Final

from workbench.dashboards.cartography import Chart
from workbench.dashboards.graph_marks import NO_MARKS, Marks
from workbench.dashboards.layout import Position
from workbench.dashboards.slot_walk import SlotEdge
from workbench.dashboards.theme import ACCENT, PAGE, TEXT

MARKERS: Final[Mapping[str, str]] = {
    "crate": "circle", "port": "square", "foundation": "hex",
    "endpoint": "diamond", "capability": "triangle", "external": "star", "group": "circle",
}  # fmt: skip
EDGE_COLORS: Final[Mapping[str, str]] = {
    "DEPENDS_ON": "#38bdf8", "BUILT_ON": "#94a3b8", "REFERENCES": "#c084fc", "OWNS": "#4ade80",
    "SISTER_OF": "#2dd4bf", "CLONED_FROM": "#fb923c", "EXPOSES": "#facc15",
}  # fmt: skip
_EDGE_ALPHA: Final[Mapping[str, float]] = {"BUILT_ON": 0.16, "DEPENDS_ON": 0.34, "REFERENCES": 0.5}
Columns = dict[str, Any]
"""A Bokeh data source's columns by name."""

_FAINT: Final = 0.08
_DIM: Final = 0.22
_UNMARKED: Final = 0.45
_LONGEST_NAME: Final = 26
_MOST_FOREMOST: Final = 120
_CURVE_POINTS: Final = 14
_FEW_EDGES: Final = 300
_STRAIGHT_ABOVE: Final = 1500
_CROWD: Final = 500
"""Above so many nodes they are drawn smaller."""
_PX_PER_COLUMN: Final = 66
_PLOT_PX: Final = 760
"""About how wide a column is drawn, at least, and all of them; arrowheads stand before their node by its radius."""


@dataclass(frozen=True)
class Paint:
    """A chart to be painted: a colour for each node, the node whose neighbourhood stands out, and what is marked."""

    chart: Chart
    colors: Mapping[str, str]
    selected: str | None = None
    marks: Marks = NO_MARKS
    said: Mapping[str, str] = field(default_factory=dict)
    """What is said of nodes beside what the revision tells, such as their health."""
    near: frozenset[str] = field(init=False)
    """The selected node and those next to it; empty if nothing is selected."""

    def __post_init__(self) -> None:
        near = {
            node
            for edge in self.chart.slice.edges
            if self.selected in (edge.source, edge.target)
            for node in (edge.source, edge.target)
        }
        is_shown = self.selected in self.chart.slice.nodes
        object.__setattr__(self, "near", frozenset({self.selected, *near}) if is_shown else frozenset())

    def alpha_of(self, node: str) -> float:
        """Return how strongly a node is painted."""
        if node in self.marks.nodes:
            return 1.0
        if self.near:
            return 1.0 if node in self.near else _DIM
        return _UNMARKED if self.marks.nodes else 1.0

    def ring_of(self, node: str) -> tuple[str, float]:
        """Return the colour and the width of the line around a node."""
        if node == self.selected:
            return TEXT, 3
        if node in self.marks.nodes:
            return self.marks.color, 3
        return (ACCENT, 3) if node == self.chart.view.focus else (PAGE, 1)

    def size_of(self, node: str, incoming: int) -> float:
        """Return the diameter of a node in pixels: by its edges, and that of a group by its members."""
        size = self.chart.slice.nodes[node].get("size")
        if size is not None:
            return min(44.0, 12 + 1.4 * sqrt(size))
        return min(26.0, 9 + 2.2 * sqrt(incoming)) * self.crowding

    @cached_property
    def strongest(self) -> int:
        """How many declarations the most declared edge stands for."""
        return max((edge.count for edge in self.chart.slice.edges), default=1)

    @cached_property
    def crowding(self) -> float:
        """What sizes are multiplied with, so that many nodes do not hide each other."""
        return max(0.5, min(1.0, sqrt(_CROWD / max(1, len(self.chart.slice.nodes)))))


@dataclass(frozen=True, slots=True)
class LabelRanks:
    """Which nodes' names are always shown, and which only where there is room."""

    foremost: list[int]
    others: list[int]


def paint_nodes(paint: Paint | None) -> Columns:
    """Return the columns of the nodes."""
    nodes = paint.chart.slice.nodes if paint else {}
    edges = paint.chart.slice.edges if paint else ()
    incoming, outgoing = Counter(edge.target for edge in edges), Counter(edge.source for edge in edges)
    alphas = [paint.alpha_of(node) for node in nodes] if paint else []
    rings = [paint.ring_of(node) for node in nodes] if paint else []
    return {
        "index": list(range(len(nodes))),
        "label": [data["label"] for data in nodes.values()],
        "short": [_short(data["label"]) for data in nodes.values()],
        "kind": [data["type"] for data in nodes.values()],
        "known": [_told(node, data, paint) for node, data in nodes.items()] if paint else [],
        "incoming": [incoming[node] for node in nodes],
        "outgoing": [outgoing[node] for node in nodes],
        "marker": [MARKERS[data["type"]] for data in nodes.values()],
        "size": [paint.size_of(node, incoming[node]) for node in nodes] if paint else [],
        "color": [paint.colors[node] for node in nodes] if paint else [],
        "ring": [ring for ring, _ in rings],
        "ring_width": [width for _, width in rings],
        "alpha": alphas,
    }


def _told(node: str, data: Mapping[str, Any], paint: Paint) -> str:
    return " · ".join(part for part in (known_of(data), paint.said.get(node, "")) if part)


def known_of(data: Mapping[str, Any]) -> str:
    """Return in one line what is known of a node."""
    if data["type"] == "group":
        worst = f"worst finding: {data['severity']}" if data["severity"] else "no findings"
        return f"{data['size']:,} nodes · {worst}"
    if data["type"] != "crate":
        return {"external": "outside this fleet", "foundation": "a runtime, no crate of this fleet"}.get(
            data["type"], ""
        )
    worst = f"worst finding: {data['severity']}" if data.get("severity") else "no findings"
    parts = [data.get("version") or "no version", data.get("classification") or "unclassified", worst]
    return " · ".join([*parts, "last good version"] if data.get("stale") else parts)


def _short(label: str) -> str:
    return label if len(label) <= _LONGEST_NAME else f"{label[: _LONGEST_NAME - 1]}…"


def label_ranks(paint: Paint) -> LabelRanks:
    """Return whose names come first: the selected neighbourhood, else the most connected that do not crowd."""
    names = list(paint.chart.slice.nodes)
    foremost = paint.near or paint.marks.nodes
    if foremost and len(foremost) <= _MOST_FOREMOST:
        return LabelRanks(*_parted(names, lambda name: name in foremost))
    degree = Counter(node for edge in paint.chart.slice.edges for node in (edge.source, edge.target))
    chosen: set[str] = set()
    places = paint.chart.positions
    columns = max((x for x, _ in places.values()), default=0.0) + 1
    rows = max((y for _, y in places.values()), default=0.0) + 1
    for name in sorted(names, key=lambda node: (-degree[node], node)):
        if len(chosen) < 14 and all(_is_apart(places[name], places[other], columns, rows) for other in chosen):
            chosen.add(name)
    return LabelRanks(*_parted(names, lambda name: name in chosen))


def _parted(names: list[str], is_first: Any) -> tuple[list[int], list[int]]:
    first = [n for n, name in enumerate(names) if is_first(name)]
    rest = set(range(len(names))) - set(first)
    return first, sorted(rest)


def _is_apart(one: Position, other: Position, columns: float, rows: float) -> bool:
    return abs(one[1] - other[1]) > rows / 24 or abs(one[0] - other[0]) > columns / 2


def paint_edges(paint: Paint | None) -> tuple[Columns, Columns]:
    """Return the columns of the edges and of their arrowheads."""
    edges = paint.chart.slice.edges if paint else ()
    if paint is None:
        empty: list[Any] = []
        return dict.fromkeys(("start", "end", "xs", "ys", "color", "alpha", "width"), empty), {}
    number = {node: n for n, node in enumerate(paint.chart.slice.nodes)}
    places = paint.chart.positions
    points = 2 * _CURVE_POINTS if len(edges) <= _FEW_EDGES else _CURVE_POINTS if len(edges) <= _STRAIGHT_ABOVE else 1
    curves = [curve(places[edge.source], places[edge.target], points) for edge in edges]
    alphas = [_edge_alpha(edge, paint) for edge in edges]
    colors = [paint.marks.color if paint.marks.has(edge) else EDGE_COLORS[edge.type] for edge in edges]
    lines = {
        "start": [number[edge.source] for edge in edges],
        "end": [number[edge.target] for edge in edges],
        "xs": [xs for xs, _ in curves],
        "ys": [ys for _, ys in curves],
        "color": colors,
        "alpha": alphas,
        "width": [_edge_width(edge, alpha, paint) for edge, alpha in zip(edges, alphas, strict=True)],
    }
    incoming = Counter(edge.target for edge in edges)
    sizes = {node: paint.size_of(node, incoming[node]) for node in number}
    columns = max((x for x, _ in places.values()), default=0.0) + 1
    px = max(_PX_PER_COLUMN, _PLOT_PX / columns)
    heads = [arrowhead(places[edge.source], places[edge.target], (sizes[edge.target] / 2 + 3) / px) for edge in edges]
    arrows = {
        "x": [x for x, _, _ in heads],
        "y": [y for _, y, _ in heads],
        "angle": [angle for _, _, angle in heads],
        "size": [7 * paint.crowding] * len(heads),
        "color": colors,
        "alpha": [min(1.0, alpha * 1.8) if alpha > _FAINT else alpha for alpha in alphas],
    }
    return lines, arrows


def _edge_width(edge: SlotEdge, alpha: float, paint: Paint) -> float:
    if paint.marks.has(edge) or (paint.near and alpha > _DIM):
        return 2.2
    is_grouped = "size" in paint.chart.slice.nodes[edge.source]
    return min(6.0, 1 + 0.25 * sqrt(edge.count)) if is_grouped else 1.2


def _edge_alpha(edge: SlotEdge, paint: Paint) -> float:
    if paint.marks.has(edge):
        return 0.95
    if paint.near:
        return 0.95 if paint.selected in (edge.source, edge.target) else _FAINT
    if "size" in paint.chart.slice.nodes[edge.source]:
        return max(_FAINT, 0.7 * sqrt(edge.count / paint.strongest))
    crowd = min(1.0, 600 / max(1, len(paint.chart.slice.edges)))
    return max(_FAINT, _EDGE_ALPHA.get(edge.type, 0.45) * (0.4 + 0.6 * crowd))


def curve(source: Position, target: Position, points: int) -> tuple[list[float], list[float]]:
    """Return a curve that leaves and arrives level, so that arrowheads are right at every zoom."""
    (x0, y0), (x3, y3) = source, target
    if points == 1:
        return [x0, x3], [y0, y3]
    reach = 0.5 * (x3 - x0) if x0 != x3 else 0.0
    x1, x2 = (x0 + reach, x3 - reach) if x0 != x3 else (x0 - 0.55, x3 - 0.55)
    xs, ys = [], []
    for n in range(points + 1):
        t = n / points
        a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
        xs.append(a * x0 + b * x1 + c * x2 + d * x3)
        ys.append((a + b) * y0 + (c + d) * y3)
    return xs, ys


def arrowhead(source: Position, target: Position, back: float) -> tuple[float, float, float]:
    """Return (x, y, angle) of the head, so far before its node; a Bokeh triangle of angle 0 points upwards."""
    goes_left = target[0] < source[0]
    return target[0] + (back if goes_left else -back), target[1], pi / 2 if goes_left else -pi / 2
