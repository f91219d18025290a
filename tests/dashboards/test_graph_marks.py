"""What is highlighted in a chart, and what its colours mean."""

import networkx as nx
import pytest

from workbench import Workbench
from workbench.dashboards.cartography import Cartographer, Chart
from workbench.dashboards.coloring import COLORINGS, Scene, colored, community_names
from workbench.dashboards.graph_marks import HIGHLIGHTS, marks_of
from workbench.dashboards.graph_paint import Paint, paint_edges, paint_nodes
from workbench.dashboards.slot_view import SlotView
from workbench.dashboards.theme import ACCENT, BAD, CLASS_COLORS, SEVERITY_COLORS
from workbench.fleet.snapshot import Snapshot


def chart_of(snapshot: Snapshot, view: SlotView) -> Chart:
    return Cartographer().chart(snapshot, view)


def test_cycles_are_those_of_the_findings(snapshot: Snapshot) -> None:
    marks = marks_of(chart_of(snapshot, SlotView()), "cycles")
    cycles = [item for item in snapshot.findings if item.kind == "dependency-cycle"]
    assert marks.nodes == {f"crate:{name}" for item in cycles for name in item.crates}
    assert marks.meaning == f"{len(cycles)} cycle with {len(marks.nodes)} nodes"
    assert {node for edge in marks.edges for node in edge} == marks.nodes


def test_without_dependencies_there_is_no_cycle(snapshot: Snapshot) -> None:
    marks = marks_of(chart_of(snapshot, SlotView(edge_types=("REFERENCES",))), "cycles")
    assert (marks.nodes, marks.meaning) == (frozenset(), "no cycle")


def test_without_a_cut_point_more_parts_are_left(snapshot: Snapshot) -> None:
    chart = chart_of(snapshot, SlotView(edge_types=("DEPENDS_ON",)))
    marks = marks_of(chart, "cut-points")
    graph: nx.Graph[str] = nx.Graph((edge.source, edge.target) for edge in chart.slice.inside)
    parts = nx.number_connected_components(graph)

    def parts_without(node: str) -> int:
        return nx.number_connected_components(graph.subgraph(graph.nodes - {node}))

    assert marks.nodes == {node for node in graph if parts_without(node) > parts}
    assert marks.nodes


def test_a_way_is_marked_edge_by_edge(snapshot: Snapshot) -> None:
    view = SlotView(mode="path", focus="crate:console-web", target="crate:port-manager", edge_types=("DEPENDS_ON",))
    chart = chart_of(snapshot, view)
    marks = marks_of(chart, "")
    assert marks.nodes == set(chart.slice.way)
    colors, _ = paint_edges(Paint(chart, dict.fromkeys(chart.slice.nodes, "#fff"), None, marks))
    assert ACCENT in colors["color"]


def test_what_is_marked_is_ringed_and_the_rest_stands_back(snapshot: Snapshot) -> None:
    chart = chart_of(snapshot, SlotView())
    marks = marks_of(chart, "cycles")
    columns = paint_nodes(Paint(chart, dict.fromkeys(chart.slice.nodes, "#fff"), None, marks))
    ringed = {node for node, ring in zip(chart.slice.nodes, columns["ring"], strict=True) if ring == BAD}
    strong = {node for node, alpha in zip(chart.slice.nodes, columns["alpha"], strict=True) if alpha == 1}
    assert ringed == strong == marks.nodes


@pytest.mark.parametrize("coloring", COLORINGS)
@pytest.mark.parametrize("mode", ["all", "by-class", "by-directory"])
def test_every_colour_is_in_the_legend(snapshot: Snapshot, coloring: str, mode: str) -> None:
    chart = chart_of(snapshot, SlotView(("crate", "port", "foundation", "external"), mode=mode))
    colors = colored(chart, Scene(snapshot), coloring)
    assert colors.of.keys() == colors.names.keys() == chart.slice.nodes.keys()
    assert set(colors.of.values()) == set(colors.legend.values())


def test_findings_are_coloured_by_their_severity(snapshot: Snapshot) -> None:
    chart = chart_of(snapshot, SlotView())
    colors = colored(chart, Scene(snapshot), "finding")
    assert list(colors.legend) == ["error", "warning", "hint", "no findings"]
    assert all(colors.of[node] == SEVERITY_COLORS[data["severity"]] for node, data in chart.slice.nodes.items())


def test_communities_are_those_of_the_analysis(sample: Workbench) -> None:
    snapshot = sample.snapshot
    found = community_names(snapshot)
    asked = sample.communities()
    assert found == {node: f"around {item.name}" for item in asked.communities for node in item.nodes}
    assert len(set(found.values())) > 1
    assert community_names(snapshot) is found
    chart = chart_of(snapshot, SlotView())
    colors = colored(chart, Scene(snapshot), "community")
    assert colors.of[next(iter(found))] == CLASS_COLORS[0]


def test_every_highlight_of_an_empty_chart_marks_nothing() -> None:
    chart = chart_of(Snapshot(), SlotView())
    assert all(not marks_of(chart, highlight).nodes for highlight in HIGHLIGHTS)
