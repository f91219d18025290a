"""What a blast radius or a way holds, as markup: nodes by their distance, steps with their lines."""

from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import Final

from markupsafe import Markup

from workbench.dashboards.cartography import Chart
from workbench.dashboards.links import Links
from workbench.fleet.graph import slot_sketch
from workbench.fleet.snapshot import Snapshot

_MOST_LISTED: Final = 40
_TITLES: Final = {"up": "Who needs {}", "down": "What {} needs", "around": "Around {}"}


def reach_details(chart: Chart, snapshot: Snapshot, links: Links) -> Markup:
    """Return the nodes that a focus reaches or the steps of a way; empty for a view that has neither."""
    if chart.slice.way:
        return _way(chart, snapshot, links)
    if chart.view.focus and chart.slice.distances and chart.view.mode in _TITLES:
        return _reach(chart, snapshot, links)
    return Markup()


def _reach(chart: Chart, snapshot: Snapshot, links: Links) -> Markup:
    graph, distances = slot_sketch(snapshot), chart.slice.distances
    others = sorted((step, node) for node, step in distances.items() if step)
    rings = Markup()
    for step, ring in groupby(others, key=lambda item: item[0]):
        nodes = [node for _, node in ring]
        items = Markup().join(
            Markup("<li>{}</li>").format(links.node(node, graph.nodes[node]["label"])) for node in nodes[:_MOST_LISTED]
        )
        more = len(nodes) - _MOST_LISTED
        rest = Markup('<li class="quiet">and {:,} more</li>').format(more) if more > 0 else ""
        title = f"{step} step{'' if step == 1 else 's'} away · {len(nodes):,}"
        rings += Markup('<h3>{}</h3><ul class="list">{}{}</ul>').format(title, items, rest)
    label = graph.nodes[chart.view.focus]["label"]
    words = f"{len(others):,} nodes along the edge types that are shown" if others else "nothing"
    return Markup('<section class="card" aria-label="Reach"><h2>{}</h2><p class="quiet">{}</p>{}</section>').format(
        _TITLES[chart.view.mode].format(label), words, rings
    )


def _way(chart: Chart, snapshot: Snapshot, links: Links) -> Markup:
    graph = slot_sketch(snapshot)
    way = chart.slice.way
    first = Markup("<li>{}</li>").format(links.node(way[0], graph.nodes[way[0]]["label"]))
    steps = Markup().join(
        Markup("<li>{} {}</li>").format(
            links.node(target, graph.nodes[target]["label"]),
            Markup().join(
                Markup('<span class="why">{} <span class="place">{}</span></span>').format(words, place)
                for words, place in _edges(chart, source, target)
            ),
        )
        for source, target in pairwise(way)
    )
    return Markup(
        '<section class="card" aria-label="Way"><h2>{} step{}</h2><ul class="list">{}{}</ul></section>'
    ).format(len(way) - 1, "" if len(way) == 2 else "s", first, steps)


def _edges(chart: Chart, source: str, target: str) -> Iterator[tuple[str, str]]:
    for edge in chart.slice.edges:
        if {edge.source, edge.target} == {source, target}:
            arrow = "→" if edge.source == source else "←"
            yield f"{arrow} {edge.type} {edge.label}", f"{edge.path}:{edge.line}"
