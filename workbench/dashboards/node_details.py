"""A node of the slot graph and its neighbours, and what the whole graph holds, as markup."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from workbench.dashboards.cartography import Chart
from workbench.dashboards.coloring import Colors
from workbench.dashboards.finding_markup import facts, quiet
from workbench.dashboards.graph_marks import Marks
from workbench.dashboards.graph_paint import EDGE_COLORS, known_of
from workbench.dashboards.health_coloring import Note
from workbench.dashboards.links import Links
from workbench.dashboards.mux_markup import ago
from workbench.fleet.graph import EDGE_TYPES, Slot, SlotSketch, slot_sketch
from workbench.fleet.model import Finding
from workbench.fleet.snapshot import Snapshot

_MOST_NEIGHBOURS = 60
_WHERE_THE_REST_IS = "filter, focus or group to see the rest"


def node_details(node: str, snapshot: Snapshot, links: Links) -> Markup:
    """Return a node, and its neighbours by edge type and direction with the place where each edge is declared."""
    graph = slot_sketch(snapshot)
    if node not in graph.nodes:
        return Markup(
            '<section class="card" aria-label="Details"><h2>Gone</h2>'
            "<p><code>{}</code> is no longer in the graph.</p></section>"
        ).format(node)
    data = graph.nodes[node]
    outgoing = [(edge.target, edge) for edge in graph.leaving(node)]
    incoming = [(edge.source, edge) for edge in graph.entering(node)]
    return Markup(
        '<section class="card" aria-label="Details"><h2>{}</h2>'
        '<div class="chips"><span class="chip accent">{}</span></div>{}{}{}{}</section>'
    ).format(
        data["label"], data["type"],
        facts(_known(data, links)), _questions(node, links),
        _neighbours("→", outgoing, graph, links), _neighbours("←", incoming, graph, links),
    )  # fmt: skip


def _questions(node: str, links: Links) -> Markup:
    """Return the views that start at a node."""
    if not links.is_linked:
        return Markup()
    asked = (("Neighbours", "around"), ("Who needs it", "up"), ("What it needs", "down"), ("Way to …", "path"))
    items = Markup().join(
        links.graph(words, node=node, mode=mode, focus=node, **({"hops": 1} if mode == "around" else {}))
        for words, mode in asked
    )
    return Markup('<p class="wrap actions">{}</p>').format(items)


def _known(data: Mapping[str, Any], links: Links) -> Iterable[tuple[str, object]]:
    yield "Known", known_of(data) or quiet("nothing more")
    if data["type"] == "crate":
        yield "Manifest", Markup('<span class="place">{}</span>').format(data["path"])
        yield "Crate", links.crate(data["label"])
    elif data["type"] == "port":
        yield "Port", links.port(int(data["label"]))


def _neighbours(arrow: str, edges: Sequence[tuple[str, Slot]], graph: SlotSketch, links: Links) -> Markup:
    parts = []
    for kind in EDGE_TYPES:
        found = [(other, edge) for other, edge in edges if edge.type == kind]
        if found:
            items = Markup().join(_neighbour(other, edge, graph, links) for other, edge in found[:_MOST_NEIGHBOURS])
            more = len(found) - _MOST_NEIGHBOURS
            rest = Markup('<li class="quiet">and {:,} more</li>').format(more) if more > 0 else ""
            title = f"{kind} {arrow} {len(found)}" if arrow == "→" else f"{arrow} {kind} {len(found)}"
            parts.append(Markup('<h3>{}</h3><ul class="list">{}{}</ul>').format(title, items, rest))
    return Markup().join(parts)


def _neighbour(other: str, edge: Slot, graph: SlotSketch, links: Links) -> Markup:
    return Markup('<li>{} <span class="place">{}:{}{}</span></li>').format(
        links.node(other, graph.nodes[other]["label"]),
        edge.site.path,
        edge.site.line,
        f" · {edge.site.key}" if edge.site.key else "",
    )


def graph_overview(chart: Chart, snapshot: Snapshot, links: Links) -> Markup:
    """Return the hubs of what is drawn, the cycles, and how to go on, while no node is selected."""
    incoming = Counter(edge.target for edge in chart.slice.edges)
    hubs = Markup().join(
        Markup('<li>{} <span class="quiet">{:,} edges lead here</span></li>').format(
            links.node(node, chart.slice.nodes[node]["label"]), count
        )
        for node, count in incoming.most_common(8)
    )
    cycles = Markup().join(
        Markup("<li>{}</li>").format(
            Markup(" → ").join(links.node(f"crate:{name}", name) for name in (*item.crates, item.crates[0]))
        )
        for item in snapshot.derive("dependency-cycles", _cycles)
    )
    return Markup(
        '<section class="card" aria-label="Details"><h2>The slot graph</h2>'
        '<p class="quiet">Select a node to see its neighbours, '
        "with the file and line that declare each edge. Drag to move, use the wheel tool to zoom.</p>"
        "<h3>Most needed</h3>{}<h3>Dependency cycles</h3>{}</section>"
    ).format(
        Markup('<ul class="list">{}</ul>').format(hubs) if hubs else Markup('<p class="quiet">No edges are drawn.</p>'),
        Markup('<ul class="list">{}</ul>').format(cycles) if cycles else Markup('<p class="good">None.</p>'),
    )  # fmt: skip


def _cycles(snapshot: Snapshot) -> list[Finding]:
    return [item for item in snapshot.findings if item.kind == "dependency-cycle"]


def legend_markup(chart: Chart, colors: Colors, marks: Marks) -> Markup:
    """Return what node and edge colours mean, how many edges there are of a type, and what is highlighted."""
    nodes = Markup().join(
        Markup('<span><i class="swatch round" style="background:{}"></i>{}{}</span>').format(
            color, name, _note(colors.notes.get(name))
        )
        for name, color in colors.legend.items()
    )
    if marks.meaning:
        nodes += Markup('<span><i class="swatch ring" style="border-color:{}"></i>{}</span>').format(
            marks.color, marks.meaning
        )
    types = Counter({edge.type: 0 for edge in chart.slice.edges})
    for edge in chart.slice.edges:
        types[edge.type] += edge.count if "size" in chart.slice.nodes[edge.source] else 1
    edges = Markup().join(
        Markup('<span><i class="swatch line" style="border-color:{}"></i>{} <b>{:,}</b></span>').format(
            EDGE_COLORS[kind], kind, types[kind]
        )
        for kind in EDGE_TYPES
        if types[kind]
    )
    return Markup('<div class="legend" aria-label="Legend">{}</div><div class="legend">{}</div>').format(nodes, edges)


def _note(note: Note | None) -> Markup:
    """Return what stands beside a state in the legend: how many nodes are in it, and the age of the oldest."""
    if note is None:
        return Markup()
    seen = Markup(", oldest seen {}").format(ago(note.oldest)) if note.oldest is not None else ", never seen"
    return Markup(' <b>{:,}</b><small class="quiet">{}</small>').format(note.count, seen)


def shown_markup(chart: Chart, trouble: str = "") -> Markup:
    """Return how much of the graph is drawn, and what must be said of it."""
    part = chart.slice
    words = f"showing {len(part.nodes):,} of {part.all_nodes:,} nodes, {len(part.edges):,} of {part.all_edges:,} edges"
    rest = "" if part.is_whole else f"the gravest and best connected first; {_WHERE_THE_REST_IS}"
    notes = [note for note in (trouble, part.note, rest) if note]
    is_plain = part.is_whole and not trouble
    return Markup('<p class="{} count" role="status">{}</p>').format(
        "quiet" if is_plain else "warn", " · ".join([words, *notes])
    )
