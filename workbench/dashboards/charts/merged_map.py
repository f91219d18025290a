"""The map of what is declared and what a Neural Mux sees, laid over each other."""

from collections.abc import Mapping, Sequence
from typing import Final

from workbench.dashboards.charts.crate_map import MOST_CRATES, CrateMap, Line
from workbench.dashboards.layout import layered
from workbench.dashboards.theme import GOOD, QUIET, WARN
from workbench.fleet.analysis.answer import counted
from workbench.fleet.merged import STANDINGS, Merged, MergedLink, MergedNode, Standing

COLORS: Final[Mapping[Standing, str]] = {
    "seen-declared": GOOD, "seen-undeclared": WARN, "declared-unseen": QUIET,
}  # fmt: skip
LINES: Final[Mapping[str, Line]] = {
    "seen-declared": Line(GOOD, 0.8),
    "seen-undeclared": Line(WARN, 0.9),
    "declared-unseen": Line(QUIET, 0.35, is_dashed=True),
}
TITLE: Final = "Seen and declared"


def merged_map(merged: Merged | None, unseen: bool = True) -> CrateMap:
    """Return the map of a merged topology (None: the Mux never answered); without `unseen`, of what is seen only."""
    nodes = [n for n in (merged.nodes if merged else ()) if unseen or n.standing != "declared-unseen"]
    shown = {node.id: node for node in nodes[:MOST_CRATES]}
    links = _links(merged.links if merged else (), shown)
    positions = layered(list(shown), [pair for pairs in links.values() for pair in pairs])
    standings = [standing for standing in STANDINGS if any(n.standing == standing for n in shown.values())]
    return CrateMap(
        TITLE,
        _said(merged, len(nodes), len(shown)),
        positions,
        {key: node.crate or node.services[0] for key, node in shown.items()},
        {key: COLORS[node.standing] for key, node in shown.items()},
        {key: _note(node) for key, node in shown.items()},
        links,
        LINES,
        {standing.replace("-", " and "): COLORS[standing] for standing in standings},
        frozenset(key for key, node in shown.items() if node.standing == "declared-unseen"),
    )


def _links(links: Sequence[MergedLink], shown: Mapping[str, MergedNode]) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for link in links:
        if link.source in shown and link.target in shown and link.source != link.target:
            found.setdefault(link.standing, []).append((link.source, link.target))
    return found


def _said(merged: Merged | None, wanted: int, shown: int) -> str:
    if merged is None:
        return "No Neural Mux has answered yet, so that nothing is seen."
    counts = {standing: sum(node.standing == standing for node in merged.nodes) for standing in STANDINGS}
    words = ", ".join(f"{count:,} {standing.replace('-', ' and ')}" for standing, count in counts.items())
    rest = f"; showing {shown:,} of {wanted:,}, what is seen first" if shown < wanted else ""
    return f"{counted(len(merged.nodes), 'service or crate', 'services and crates')}: {words}{rest}."


def _note(node: MergedNode) -> str:
    parts = [
        node.standing.replace("-", " and "),
        f"port {node.port}" if node.port else "no port",
        *([f"the Mux calls it {node.health}"] if node.health else []),
        *([f"known by its {node.matched_by}"] if node.matched_by else []),
    ]
    return " · ".join(parts)
