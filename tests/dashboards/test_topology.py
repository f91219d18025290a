"""What is drawn of the slot graph, and where."""

import time

import pytest

from workbench.dashboards.cartography import Cartographer
from workbench.dashboards.graph_figure import GraphFigure
from workbench.dashboards.graph_paint import Paint, label_ranks, paint_edges, paint_nodes
from workbench.dashboards.layout import layered
from workbench.dashboards.slot_view import MOST_NODES, SlotView, slice_of
from workbench.fleet.manifest import parse_manifest
from workbench.fleet.snapshot import Snapshot


def chain_fleet(size: int) -> Snapshot:
    """A fleet in which crate n depends on the crates n/2 and n/3."""
    manifests = {}
    for n in range(size):
        text = f'[smart-crate]\nname = "c{n}"\nversion = "1.0.0"\n[dependencies]\na = "c{n // 2}"\nb = "c{n // 3}"\n'
        manifests[f"c{n}/smart-crate.toml"] = parse_manifest(f"c{n}/smart-crate.toml", text.encode())
    return Snapshot().apply(manifests)


def test_the_default_view_shows_all_crates_and_references_between_them(snapshot: Snapshot) -> None:
    part = slice_of(snapshot, SlotView())
    assert len(part.nodes) == 54
    assert {data["type"] for data in part.nodes.values()} == {"crate"}
    called = {(edge.source, edge.target) for edge in part.edges if edge.type == "REFERENCES"}
    assert ("crate:sx9-gateway-edge", "crate:port-manager") in called
    assert part.is_whole


def test_with_port_nodes_references_lead_to_ports(snapshot: Snapshot) -> None:
    part = slice_of(snapshot, SlotView(("crate", "port"), ("REFERENCES",)))
    assert {edge.target.partition(":")[0] for edge in part.edges} == {"port"}


def test_a_focus_shows_its_hops(snapshot: Snapshot) -> None:
    one = slice_of(snapshot, SlotView(mode="around", focus="crate:public-ingress", hops=1))
    two = slice_of(snapshot, SlotView(mode="around", focus="crate:public-ingress", hops=2))
    assert "crate:public-ingress" in one.nodes
    assert one.nodes.keys() < two.nodes.keys()


def test_a_name_shows_those_that_bear_it_and_their_neighbours(snapshot: Snapshot) -> None:
    part = slice_of(snapshot, SlotView(text="INGRESS"))
    assert {"crate:public-ingress", "crate:sx9-gateway-edge"} <= part.nodes.keys()
    assert not slice_of(snapshot, SlotView(text="zzz")).nodes


def test_a_large_graph_is_cut_and_says_how_much_is_shown() -> None:
    snapshot = chain_fleet(MOST_NODES + 500)
    started = time.monotonic()
    chart = Cartographer().chart(snapshot, SlotView())
    assert time.monotonic() - started < 5
    assert (len(chart.slice.nodes), chart.slice.all_nodes) == (MOST_NODES, MOST_NODES + 500)
    assert not chart.slice.is_whole
    assert chart.positions.keys() == set(chart.slice.nodes)


def test_no_two_nodes_share_a_place(snapshot: Snapshot) -> None:
    positions = Cartographer().chart(snapshot, SlotView()).positions
    assert len(set(positions.values())) == len(positions)


def test_dependencies_stand_right_of_what_needs_them(snapshot: Snapshot) -> None:
    chart = Cartographer().chart(snapshot, SlotView(edge_types=("BUILT_ON",)))
    assert all(chart.positions[edge.source][0] < chart.positions[edge.target][0] for edge in chart.slice.edges)


def test_a_cycle_and_lonely_nodes_have_places_too() -> None:
    positions = layered(["a", "b", "c", "alone"], [("a", "b"), ("b", "c"), ("c", "a")])
    assert set(positions) == {"a", "b", "c", "alone"}
    assert len(set(positions.values())) == 4


def test_an_empty_graph_has_no_places() -> None:
    assert layered([], []) == {}


def test_nodes_that_stay_keep_their_place() -> None:
    nodes = [f"n{i}" for i in range(20)]
    edges = [(f"n{i}", f"n{i // 2}") for i in range(1, 20)]
    before = layered(nodes, edges)
    after = layered([*nodes[1:], "new"], [*edges, ("new", "n3")], before)
    assert {node: after[node] for node in nodes[1:]} == {node: before[node] for node in nodes[1:]}
    assert after["new"] not in {after[node] for node in nodes[1:]}


def test_a_graph_that_changed_much_is_laid_out_anew() -> None:
    before = layered(["a", "b"], [("a", "b")])
    after = layered([f"n{i}" for i in range(10)], [], before)
    assert len(set(after.values())) == 10


def test_a_chart_is_made_once_for_each_revision(snapshot: Snapshot) -> None:
    cartographer = Cartographer()
    assert cartographer.chart(snapshot, SlotView()) is cartographer.chart(snapshot, SlotView())


@pytest.mark.parametrize("selected", [None, "crate:port-manager", "crate:nobody"])
def test_what_is_painted_has_columns_of_one_length(snapshot: Snapshot, selected: str | None) -> None:
    chart = Cartographer().chart(snapshot, SlotView())
    paint = Paint(chart, dict.fromkeys(chart.slice.nodes, "#fff"), selected)
    for columns in (paint_nodes(paint), *paint_edges(paint)):
        assert len({len(values) for values in columns.values()}) == 1
    ranks = label_ranks(paint)
    assert sorted([*ranks.foremost, *ranks.others]) == list(range(len(chart.slice.nodes)))


def test_a_selection_dims_all_but_its_neighbours(snapshot: Snapshot) -> None:
    chart = Cartographer().chart(snapshot, SlotView())
    paint = Paint(chart, dict.fromkeys(chart.slice.nodes, "#fff"), "crate:port-manager")
    strong = {node for node in chart.slice.nodes if paint.alpha_of(node) == 1}
    assert strong == paint.near
    assert {"crate:port-manager", "crate:deploy-runner"} <= strong < set(chart.slice.nodes)


def test_another_chart_moves_the_nodes_in_the_layout_that_the_browser_listens_to(snapshot: Snapshot) -> None:
    # Bokeh's view of a graph connects to the provider that it was built with, and to no later one.
    figure, cartographer = GraphFigure(lambda _: None), Cartographer()
    first = figure.graph.layout_provider
    for types in (("crate",), ("crate", "port")):
        chart = cartographer.chart(snapshot, SlotView(types))
        figure.draw(Paint(chart, dict.fromkeys(chart.slice.nodes, "#ffffff")))
        assert figure.graph.layout_provider is first
        assert first.graph_layout == {n: chart.positions[name] for n, name in enumerate(chart.slice.nodes)}
