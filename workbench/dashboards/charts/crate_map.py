"""Maps of crates in layers, who leans standing left of what it leans on: what is drawn, whatever draws it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from workbench.dashboards.graph_paint import EDGE_COLORS
from workbench.dashboards.layout import Positions, layered
from workbench.dashboards.theme import ACCENT, BAD, GOOD, SEVERITY_COLORS, WARN
from workbench.errors import InvalidRequest
from workbench.fleet.analysis.answer import counted
from workbench.fleet.analysis.leans import LeanGraph, lean_graph
from workbench.fleet.analysis.reach import Direction, blast_radius
from workbench.fleet.lookup import crate_records
from workbench.fleet.model import worst
from workbench.fleet.snapshot import Snapshot

MOST_CRATES: Final = 400
"""Of more crates than this only the best connected are drawn, and the picture says so."""

_ALPHA: Final[Mapping[str, float]] = {"BUILT_ON": 0.2, "DEPENDS_ON": 0.5, "REFERENCES": 0.6}


@dataclass(frozen=True, slots=True)
class Line:
    """How the links of one kind are drawn."""

    color: str
    alpha: float
    is_dashed: bool = False


LEANS: Final[Mapping[str, Line]] = {kind: Line(EDGE_COLORS[kind], alpha) for kind, alpha in _ALPHA.items()}


@dataclass(frozen=True, slots=True)
class CrateMap:
    """Where each node stands, its name, colour and what is known of it, and the links between them by kind."""

    title: str
    said: str
    positions: Positions
    names: Mapping[str, str]
    colors: Mapping[str, str]
    notes: Mapping[str, str]
    links: Mapping[str, Sequence[tuple[str, str]]]
    lines: Mapping[str, Line]
    legend: Mapping[str, str]
    hollow: frozenset[str] = field(default_factory=frozenset)
    """Nodes that are only declared, drawn as rings."""

    @property
    def columns(self) -> float:
        """How wide it is, in columns."""
        return max((x for x, _ in self.positions.values()), default=0) + 1

    @property
    def rows(self) -> float:
        """How high it is, in rows."""
        return max((y for _, y in self.positions.values()), default=0) + 1


def topology_map(snapshot: Snapshot, names: Iterable[str] = (), hops: int = 1) -> CrateMap:
    """Return all crates, or those within some hops of the named ones, coloured by their worst finding.

    Raises UnknownCrate, and InvalidRequest for less than one hop.
    """
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
    notes = {path: f"worst finding: {severity}" if severity else "no findings" for path, severity in severities.items()}
    return _map("Topology", f"{counted(len(paths), 'crate')}{around}{rest}.", graph, colors, notes, legend)


def blast_radius_map(snapshot: Snapshot, name: str, direction: Direction = "up", depth: int | None = None) -> CrateMap:
    """Return what a failure reaches, coloured by how much of it arrives. Raises as `blast_radius` does."""
    answer = blast_radius(snapshot, name, direction, depth)
    graph = lean_graph(snapshot)
    impacts = {hit.path: hit.impact for hit in answer.hits}
    start = graph.path_of[answer.node]
    shown = _foremost(graph, [start, *impacts], [start])
    colors = {path: ACCENT if path == start else heat(impacts[path]) for path in shown}
    notes = {path: "fails" if path == start else f"impact {impacts[path]:.2f}" for path in shown}
    legend = {answer.crate: ACCENT, "impact 1": heat(1.0), "impact 0.5": heat(0.5), "impact 0": heat(0.0)}
    return _map("Blast radius", answer.explanation, graph, colors, notes, legend)


def heat(share: float) -> str:
    """Return the colour of a share from 0 to 1: from green, through yellow, to red."""
    low, high, part = (GOOD, WARN, share * 2) if share < 0.5 else (WARN, BAD, share * 2 - 1)
    mixed = (
        round(int(low[n : n + 2], 16) * (1 - part) + int(high[n : n + 2], 16) * part) for n in (1, 3, 5)
    )  # fmt: skip
    return "#" + "".join(f"{value:02x}" for value in mixed)


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


def _map(
    title: str,
    said: str,
    graph: LeanGraph,
    colors: Mapping[str, str],
    notes: Mapping[str, str],
    legend: Mapping[str, str],
) -> CrateMap:
    leans: dict[str, dict[tuple[str, str], None]] = {}
    for path in colors:
        for lean in graph.dependencies.get(path, ()):
            if lean.target in colors:
                leans.setdefault(lean.type, {})[lean.source, lean.target] = None
    links = {kind: list(pairs) for kind, pairs in leans.items()}
    names = {path: graph.name(path) for path in colors}
    positions = layered(list(colors), [pair for pairs in links.values() for pair in pairs])
    return CrateMap(title, said, positions, names, colors, notes, links, LEANS, legend)
