"""What the colour of a node means: its class, its worst finding, its community, its health."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from workbench.dashboards.cartography import Chart
from workbench.dashboards.health_coloring import HEALTH_COLORS, Board, Note, health_name, health_notes
from workbench.dashboards.registry import classes
from workbench.dashboards.theme import CLASS_COLORS, OTHER_COLOR, SEVERITY_COLORS, TYPE_COLORS, class_colors
from workbench.fleet.snapshot import Snapshot

Name = Callable[[str, Mapping[str, Any]], str]
"""From a node and its attributes to the name of its colour in the legend."""

_UNKNOWN: Final = "unclassified"
_NOBODY: Final[Board] = MappingProxyType({})


class Scene(NamedTuple):
    """What is looked at: a revision, and how its crates fare just now."""

    snapshot: Snapshot
    board: Board = _NOBODY


class Colors(NamedTuple):
    """The colours of a chart: that of each node, that of each name of the legend, and the name of each node."""

    of: Mapping[str, str]
    legend: Mapping[str, str]
    names: Mapping[str, str]
    notes: Mapping[str, Note]
    """What the legend says beside a name; empty where the name says all."""

    @property
    def told(self) -> dict[str, str]:
        """The legend for a file: each name with its note, and the colour."""
        return {
            f"{name}: {self.notes[name]}" if name in self.notes else name: color for name, color in self.legend.items()
        }


@dataclass(frozen=True, slots=True)
class Coloring:
    """A way to colour crates: what it is called, which name each gets, and the colour of each name in its order."""

    words: str
    names: Callable[[Scene], Name]
    palette: Callable[[Scene], Mapping[str, str]]
    is_live: bool = False
    """Whether it shows more than the revision: what is seen of the crates, which has an age."""


def colored(chart: Chart, scene: Scene, coloring: str) -> Colors:
    """Return the colours of a chart in one of `COLORINGS`. Only crates and groups of them are coloured as asked."""
    way = COLORINGS[coloring]
    name_of, palette = way.names(scene), way.palette(scene)
    colors: dict[str, str] = {}
    names: dict[str, str] = {}
    legend: dict[str, str] = {}
    for node, data in chart.slice.nodes.items():
        if data["type"] in TYPE_COLORS:
            name, color = f"{data['type']} node", TYPE_COLORS[data["type"]]
        else:
            name = name_of(node, data)
            color = palette.get(name, OTHER_COLOR)
        names[node] = name
        colors[node] = legend[name] = color
    order = {name: n for n, name in enumerate(palette)}
    ordered = dict(sorted(legend.items(), key=lambda item: (order.get(item[0], len(order)), item[0])))
    notes = health_notes(names, chart.slice.nodes, scene.board) if way.is_live else {}
    return Colors(colors, ordered, names, notes)


def _class_name(_: Scene) -> Name:
    return lambda node, data: data["classification"] or _UNKNOWN


def _finding_name(_: Scene) -> Name:
    return lambda node, data: data["severity"] or "no findings"


def _finding_colors(_: Scene) -> Mapping[str, str]:
    return {severity or "no findings": color for severity, color in SEVERITY_COLORS.items()}


def _health_name(scene: Scene) -> Name:
    return lambda node, data: health_name(data, scene.board)


def _community_name(scene: Scene) -> Name:
    found, named = community_names(scene.snapshot), _community_colors(scene)

    def name(node: str, data: Mapping[str, Any]) -> str:
        if data["type"] == "group":
            return "several"
        community = found.get(node, "alone")
        return community if community in named or node not in found else "other communities"

    return name


def _community_colors(scene: Scene) -> Mapping[str, str]:
    names = dict.fromkeys(community_names(scene.snapshot).values())
    return dict(zip(names, CLASS_COLORS, strict=False))


def community_names(snapshot: Snapshot) -> Mapping[str, str]:
    """Return the name of each crate's community, those of the largest first; crates that nothing joins are in none.

    They are those of `workbench.fleet.analysis.communities`, found once for each revision.
    """
    return snapshot.derive("community-names", _community_names)


def _community_names(snapshot: Snapshot) -> Mapping[str, str]:
    from workbench.fleet.analysis.communities import communities

    found = communities(snapshot).communities
    return {node: f"around {item.name}" for item in found for node in item.nodes}


COLORINGS: Final[Mapping[str, Coloring]] = {
    "class": Coloring("class", _class_name, lambda scene: class_colors(classes(scene.snapshot))),
    "health": Coloring("health", _health_name, lambda scene: HEALTH_COLORS, is_live=True),
    "finding": Coloring("worst finding", _finding_name, _finding_colors),
    "community": Coloring("community", _community_name, _community_colors),
}
"""Every way to colour, by the word for it in the URL."""
