"""Parts of the slot graph as pictures: crates in layers, who leans standing left of what it leans on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from workbench.dashboards.graph_paint import EDGE_COLORS
from workbench.dashboards.layout import Positions, layered
from workbench.dashboards.theme import ACCENT, BAD, CARD, GOOD, QUIET, SEVERITY_COLORS, TEXT
from workbench.errors import InvalidRequest
from workbench.fleet.analysis.answer import counted
from workbench.fleet.analysis.leans import LeanGraph, lean_graph
from workbench.fleet.analysis.reach import Direction, blast_radius
from workbench.fleet.lookup import crate_records
from workbench.fleet.model import worst
from workbench.fleet.snapshot import Snapshot
from workbench.pictures.picture import Picture

MOST_CRATES: Final = 400
"""Of more crates than this only the best connected are drawn, and the picture says so."""

_COLUMN: Final = 1.55
_ROW: Final = 0.36
_LONGEST_NAME: Final = 24
_ALPHA: Final[Mapping[str, float]] = {"BUILT_ON": 0.2, "DEPENDS_ON": 0.5, "REFERENCES": 0.6}


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is drawn: where each crate stands, in which colour, and the leans between them by type."""

    positions: Positions
    names: Mapping[str, str]
    colors: Mapping[str, str]
    leans: Mapping[str, Sequence[tuple[str, str]]]
    legend: Mapping[str, str]


def topology_picture(snapshot: Snapshot, names: Iterable[str] = (), hops: int = 1) -> Picture:
    """Return all crates, or those within some hops of the named ones, coloured by their worst finding."""
    if hops < 1:
        raise InvalidRequest(f"at least 1 hop must be shown, not {hops}")
    graph = lean_graph(snapshot)
    starts = [crate_records(name, snapshot)[0].manifest.path for name in names]
    paths = _within(graph, starts, hops) if starts else list(graph.paths)
    shown = _foremost(graph, paths, starts)
    severities = {path: worst(snapshot.findings_of(graph.crates[path])) for path in shown}
    colors = {path: ACCENT if path in starts else SEVERITY_COLORS[severities[path]] for path in shown}
    legend = {"asked for": ACCENT} if starts else {}
    legend |= {name or "no finding": color for name, color in SEVERITY_COLORS.items() if color in colors.values()}
    around = f" within {counted(hops, 'hop')} of {', '.join(graph.name(path) for path in starts)}" if starts else ""
    rest = f", showing the {len(shown):,} with the most neighbours" if len(shown) < len(paths) else ""
    return _picture("Topology", f"{counted(len(paths), 'crate')}{around}{rest}", _drawn(graph, shown, colors, legend))


def blast_radius_picture(
    snapshot: Snapshot, name: str, direction: Direction = "up", depth: int | None = None
) -> Picture:
    """Return what a failure reaches, coloured by how much of it arrives."""
    answer = blast_radius(snapshot, name, direction, depth)
    graph = lean_graph(snapshot)
    impacts = {hit.path: hit.impact for hit in answer.hits}
    start = graph.path_of[answer.node]
    shown = _foremost(graph, [start, *impacts], [start])
    colors = {path: ACCENT if path == start else _heat(impacts[path]) for path in shown}
    legend = {answer.crate: ACCENT, "impact 1": _heat(1.0), "impact 0.5": _heat(0.5), "impact 0": _heat(0.0)}
    return _picture("Blast radius", answer.explanation.removesuffix("."), _drawn(graph, shown, colors, legend))


def _within(graph: LeanGraph, starts: Iterable[str], hops: int) -> list[str]:
    found = dict.fromkeys(starts)
    front = list(found)
    for _ in range(hops):
        beside = (
            other
            for path in front
            for other in (
                *(lean.source for lean in graph.dependents.get(path, ())),
                *(lean.target for lean in graph.dependencies.get(path, ())),
            )
        )
        front = [path for path in dict.fromkeys(beside) if path not in found]
        found.update(dict.fromkeys(front))
    return list(found)


def _foremost(graph: LeanGraph, paths: Sequence[str], starts: Sequence[str]) -> list[str]:
    if len(paths) <= MOST_CRATES:
        return list(paths)
    degree = {path: len(graph.dependents.get(path, ())) + len(graph.dependencies.get(path, ())) for path in paths}
    return sorted(paths, key=lambda path: (path not in starts, -degree[path], path))[:MOST_CRATES]


def _drawn(graph: LeanGraph, shown: Sequence[str], colors: Mapping[str, str], legend: Mapping[str, str]) -> Drawn:
    inside = set(shown)
    leans: dict[str, dict[tuple[str, str], None]] = {}
    for path in shown:
        for lean in graph.dependencies.get(path, ()):
            if lean.target in inside:
                leans.setdefault(lean.type, {})[lean.source, lean.target] = None
    edges = [pair for pairs in leans.values() for pair in pairs]
    names = {path: graph.name(path) for path in shown}
    return Drawn(layered(shown, edges), names, colors, {kind: list(pairs) for kind, pairs in leans.items()}, legend)


def _heat(impact: float) -> str:
    """Return the colour of an impact: from green, through yellow, to red."""
    from matplotlib.colors import LinearSegmentedColormap, to_hex

    return str(to_hex(LinearSegmentedColormap.from_list("impact", [GOOD, "#facc15", BAD])(impact)))


def _picture(title: str, said: str, drawn: Drawn) -> Picture:
    columns = max((x for x, _ in drawn.positions.values()), default=0) + 1
    rows = max((y for _, y in drawn.positions.values()), default=0) + 1
    size = (max(6.0, columns * _COLUMN + 0.8), max(2.5, rows * _ROW + 1.2))
    return Picture(title, f"{said}.", size, lambda figure: _draw(figure, drawn))


def _draw(figure: Any, drawn: Drawn) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import FancyArrowPatch

    behind = {"facecolor": CARD, "edgecolor": "none", "alpha": 0.6, "pad": 0.5}
    axes = figure.add_subplot()
    axes.axis("off")
    xs, ys = zip(*drawn.positions.values(), strict=True) if drawn.positions else ((0,), (0,))
    axes.set_xlim(min(xs) - 0.2, max(xs) + 1.1)
    axes.set_ylim(max(ys) + 0.7, min(ys) - 0.7)
    for kind, pairs in drawn.leans.items():
        for source, target in pairs:
            arrow = FancyArrowPatch(
                drawn.positions[source], drawn.positions[target], arrowstyle="-|>", mutation_scale=7,
                connectionstyle="arc3,rad=0.08", shrinkA=4, shrinkB=5, linewidth=0.7,
                color=EDGE_COLORS[kind], alpha=_ALPHA[kind], zorder=1,
            )  # fmt: skip
            axes.add_patch(arrow)
    for path, (x, y) in drawn.positions.items():
        axes.plot([x], [y], "o", markersize=7, color=drawn.colors[path], markeredgecolor=CARD, zorder=2)
        axes.text(x + 0.07, y, _short(drawn.names[path]), va="center", fontsize=7.5, color=TEXT, zorder=3, bbox=behind)
    dots = [
        Line2D([], [], marker="o", linestyle="", color=color, label=_short(name))
        for name, color in drawn.legend.items()
    ]
    lines = [Line2D([], [], color=EDGE_COLORS[kind], label=kind) for kind in drawn.leans]
    if dots or lines:
        figure.legend(handles=[*dots, *lines], loc="outside lower left", ncols=4, frameon=False, labelcolor=QUIET)


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
