"""What a question to the slot graph lets through: surroundings, blast radius, ways, groups, classes."""

from collections.abc import Mapping

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.graph_questions import blast_radius_model
from workbench.dashboards import slot_view
from workbench.dashboards.slot_view import (
    DEFAULT_EDGES,
    DEFAULT_NODES,
    MODES,
    SlotView,
    nearest_names,
    node_named,
    slice_of,
    usual_mode,
)
from workbench.dashboards.slot_walk import SlotEdge, reached, way_between
from workbench.fleet.snapshot import Snapshot

EDGES = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=40)


def drawn(pairs: list[tuple[int, int]]) -> list[SlotEdge]:
    return [SlotEdge(f"n{a}", f"n{b}", "DEPENDS_ON", "", 0, "") for a, b in pairs if a != b]


def digraph(edges: list[SlotEdge]) -> "nx.DiGraph[str]":
    graph: nx.DiGraph[str] = nx.DiGraph((edge.source, edge.target) for edge in edges)
    graph.add_nodes_from(["n0", "n1"])
    return graph


@given(EDGES, st.integers(1, 4))
def test_what_is_reached_is_what_networkx_reaches(pairs: list[tuple[int, int]], hops: int) -> None:
    edges = drawn(pairs)
    graph = digraph(edges)
    for mode, walked in (("down", graph), ("up", graph.reverse()), ("around", graph.to_undirected())):
        whole: Mapping[str, int] = dict(nx.single_source_shortest_path_length(walked, "n0"))
        assert reached({"n0"}, edges, 0, mode) == whole
        assert reached({"n0"}, edges, hops, mode) == {node: far for node, far in whole.items() if far <= hops}


@given(EDGES)
def test_a_way_is_as_short_as_there_is_and_says_when_it_does_not_follow_the_arrows(
    pairs: list[tuple[int, int]],
) -> None:
    edges = drawn(pairs)
    graph = digraph(edges)
    way, note = way_between(edges, "n0", "n1")
    if nx.has_path(graph, "n0", "n1"):
        assert (len(way) - 1, note) == (nx.shortest_path_length(graph, "n0", "n1"), "")
    elif nx.has_path(graph, "n1", "n0"):
        assert len(way) - 1 == nx.shortest_path_length(graph, "n1", "n0")
        assert "leads back" in note
    elif nx.has_path(graph.to_undirected(), "n0", "n1"):
        assert "ignores them" in note
    else:
        assert (way, note) == ([], "no way connects the two along the edge types that are shown")


def test_a_blast_radius_upwards_is_that_of_the_api(snapshot: Snapshot) -> None:
    for name in ("port-manager", "sx9-event-spine", "foundation-core", "console-web"):
        model = blast_radius_model(name, snapshot)
        part = slice_of(snapshot, SlotView(mode="up", focus=model["node"]))
        assert {node: far for node, far in part.distances.items() if far} == {
            hit["node"]: hit["distance"] for hit in model["hit"]
        }
        assert part.nodes.keys() == part.distances.keys()


def test_a_depth_limits_a_blast_radius(snapshot: Snapshot) -> None:
    part = slice_of(snapshot, SlotView(mode="down", focus="crate:console-web", hops=1))
    assert set(part.distances.values()) == {0, 1}


def test_a_way_shows_its_nodes_and_the_edges_between_them(snapshot: Snapshot) -> None:
    view = SlotView(mode="path", focus="crate:console-web", target="crate:port-manager", edge_types=("DEPENDS_ON",))
    part = slice_of(snapshot, view)
    assert (part.way[0], part.way[-1]) == ("crate:console-web", "crate:port-manager")
    assert part.nodes.keys() == set(part.way)
    assert len(part.edges) >= len(part.way) - 1


def test_a_focus_that_the_filters_hide_is_said(snapshot: Snapshot) -> None:
    part = slice_of(snapshot, SlotView(mode="up", focus="port:18104"))
    assert part.note == "18104: not among the node types and the class that are shown"
    assert len(part.nodes) == 54


def test_a_class_leaves_the_crates_of_that_class(snapshot: Snapshot) -> None:
    part = slice_of(snapshot, SlotView(classification="gateway"))
    assert {data["classification"] for data in part.nodes.values()} == {"gateway"}


def test_a_folder_with_its_slash_finds_what_is_in_it(snapshot: Snapshot) -> None:
    part = slice_of(snapshot, SlotView(text="platform/", edge_types=()))
    assert part.nodes
    assert all("platform/" in data["path"] for data in part.nodes.values())


@pytest.mark.parametrize("mode", ["by-class", "by-directory"])
def test_groups_hold_every_crate_and_every_edge_that_crosses(snapshot: Snapshot, mode: str) -> None:
    whole = slice_of(snapshot, SlotView())
    part = slice_of(snapshot, SlotView(mode=mode))
    assert sum(data["size"] for data in part.nodes.values()) == len(whole.nodes)
    key = {"by-class": class_of, "by-directory": folder_of}[mode]
    crossing = [edge for edge in whole.edges if key(whole.nodes[edge.source]) != key(whole.nodes[edge.target])]
    assert sum(edge.count for edge in part.edges) == len(crossing)
    assert f"in {len(part.nodes)} groups" in part.note


def class_of(data: Mapping[str, str | None]) -> str:
    return data["classification"] or "unclassified"


def folder_of(data: Mapping[str, str | None]) -> str:
    return str(data["path"]).split("/")[0]


def test_a_group_bears_the_gravest_finding_of_its_members(snapshot: Snapshot) -> None:
    group = slice_of(snapshot, SlotView(mode="by-class")).nodes["group:class:gateway"]
    members = slice_of(snapshot, SlotView(classification="gateway")).nodes.values()
    assert (group["size"], group["severity"]) == (len(members), "error")
    assert "error" in {data["severity"] for data in members}


def test_every_mode_answers_without_a_focus_with_the_whole(snapshot: Snapshot) -> None:
    for mode in MODES:
        assert slice_of(snapshot, SlotView(mode=mode)).nodes


def test_a_node_is_named_by_its_crate_its_port_or_itself(snapshot: Snapshot) -> None:
    assert node_named("port-manager", snapshot) == "crate:port-manager"
    assert node_named(" 18104 ", snapshot) == "port:18104"
    assert node_named("crate:port-manager", snapshot) == "crate:port-manager"
    assert node_named("", snapshot) == node_named("nobody", snapshot) == ""
    assert "port-manager" in nearest_names("port-manger", snapshot)


def test_a_large_fleet_is_shown_by_its_classes_first(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    assert usual_mode(snapshot) == "all"
    monkeypatch.setattr(slot_view, "MOST_NODES", 10)
    assert usual_mode(snapshot) == "by-class"


def test_types_have_one_order_so_that_equal_views_are_equal() -> None:
    assert SlotView(("port", "crate"), ("BUILT_ON", "DEPENDS_ON")) == SlotView(
        ("crate", "port"), ("DEPENDS_ON", "BUILT_ON")
    )
    assert set(DEFAULT_NODES) | set(DEFAULT_EDGES)
