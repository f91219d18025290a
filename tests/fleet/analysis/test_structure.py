"""Cycles, cut points, layers, centrality and communities of a fleet, by name."""

import networkx as nx
import pytest

from tests.fleet.conftest import snapshot_of
from workbench.errors import InvalidRequest, UnknownCrate
from workbench.fleet.analysis.centrality import centrality
from workbench.fleet.analysis.circles import cycles
from workbench.fleet.analysis.communities import communities
from workbench.fleet.analysis.cut_points import cut_points
from workbench.fleet.analysis.layers import layers
from workbench.fleet.analysis.leans import answer_graph, lean_graph
from workbench.fleet.snapshot import Snapshot

from .conftest import Fleet


def test_the_lean_graph_is_what_the_manifests_say(fleet: Fleet) -> None:
    snapshot, leans = fleet
    graph = lean_graph(snapshot)
    found = {(graph.name(lean.source), graph.name(lean.target)) for lean in graph.leans()}
    assert found == set(leans.edges)
    backwards = {(lean.source, lean.target) for found in graph.dependents.values() for lean in found}
    assert backwards == {(lean.source, lean.target) for lean in graph.leans()}


def test_the_graph_of_an_answer_joins_caller_and_owner(shop: Snapshot) -> None:
    graph = answer_graph(["crate:web", "crate:api", "crate:cache", "crate:gone"], shop)
    assert list(graph) == ["crate:web", "crate:api", "crate:cache"]
    assert [(a, b, d["type"], d["path"], d["line"]) for a, b, d in graph.edges(data=True)] == [
        ("crate:web", "crate:api", "DEPENDS_ON", "web/smart-crate.toml", 6),
        ("crate:api", "crate:cache", "REFERENCES", "api/smart-crate.toml", 5),
    ]
    ports = answer_graph(["crate:api", "port:18030", "crate:cache"], shop)
    assert {d["type"] for _, _, d in ports.edges(data=True)} == {"REFERENCES", "OWNS"}


def test_a_cycle_has_one_witness_with_its_lines(shop: Snapshot) -> None:
    found = cycles(shop)
    assert list(found.rows()) == [
        (1, 2, 1, "ring-a", "ring-b", "DEPENDS_ON", "ring_a/smart-crate.toml", 4, "dependencies.b"),
        (1, 2, 2, "ring-b", "ring-a", "DEPENDS_ON", "ring_b/smart-crate.toml", 4, "dependencies.a"),
    ]
    assert found.explanation.startswith("1 cycle: ring-a → ring-b → ring-a.")
    assert cycles(snapshot_of(a="")).explanation == "No crate depends on itself, however long the way."


def test_cut_points_name_what_they_part(shop: Snapshot) -> None:
    found = cut_points(shop)
    assert [(point.crate, point.separates) for point in found.points] == [("api", 2), ("store", 1)]
    assert {frozenset((bridge.source, bridge.target)): bridge.separates for bridge in found.bridges} == {
        frozenset(("store", "api")): 2,
        frozenset(("core", "store")): 1,
        frozenset(("cache", "api")): 1,
        frozenset(("api", "web")): 1,
        frozenset(("ring-a", "ring-b")): 1,
    }
    rest = cut_points(shop, without=["api"])
    assert rest.points == ()
    assert {bridge.separates for bridge in rest.bridges} == {1}
    assert rest.explanation == "No single crate holds parts of the fleet together."
    with pytest.raises(UnknownCrate):
        cut_points(shop, without=["nobody"])


def test_layers_put_what_is_needed_first(shop: Snapshot) -> None:
    found = layers(shop)
    assert found.layers == (
        ("alone", "cache", "core", "spare", "ring-a", "ring-b"),
        ("store",),
        ("api",),
        ("web",),
    )
    assert [item.knot for item in found.placed if item.crate.startswith("ring")] == [1, 1]
    assert "1 cycle could not be ordered" in found.explanation
    assert layers(Snapshot()).explanation == "There are no crates."


def test_the_order_of_any_fleet(fleet: Fleet) -> None:
    snapshot, leans = fleet
    found = layers(snapshot)
    place = {name: n for n, name in enumerate(found.order)}
    tied = [part for part in nx.strongly_connected_components(leans) if len(part) > 1]
    for source, target in leans.edges:
        assert place[target] < place[source] or any({source, target} <= part for part in tied)


def test_centrality_counts_each_neighbour_once(fleet: Fleet) -> None:
    snapshot, leans = fleet
    found = centrality(snapshot)
    assert found.pivots is None
    assert {i.crate: (i.dependents, i.dependencies) for i in found.crates} == {
        name: (leans.in_degree(name), leans.out_degree(name)) for name in leans
    }
    between = nx.betweenness_centrality(leans)
    assert {i.crate: i.betweenness for i in found.crates} == pytest.approx(between)


def test_an_estimate_says_so_and_tells_its_progress(shop: Snapshot) -> None:
    told: list[tuple[int, int]] = []
    found = centrality(shop, pivots=3, progress=lambda done, total: told.append((done, total)))
    assert found.pivots == 3
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert "estimated from 3 of 9 crates" in found.explanation
    assert centrality(Snapshot()).explanation == "There are no crates."


def test_communities_find_two_groups_joined_by_one_lean() -> None:
    def needs(*names: str) -> str:
        return "[dependencies]\n" + "\n".join(f'{name} = "{name}"' for name in names)

    snapshot = snapshot_of(
        a="", b=needs("a"), c=needs("a", "b"), d=needs("a", "b", "c"),
        x=needs("a"), y=needs("x"), z=needs("x", "y"), w=needs("x", "y", "z"), alone="",
    )  # fmt: skip
    found = communities(snapshot)
    assert {frozenset(item.members) for item in found.communities} == {frozenset("abcd"), frozenset("xyzw")}
    assert {item.name: (item.inside, item.across) for item in found.communities} == {"a": (6, 1), "x": (6, 1)}
    assert found.alone == ("alone",)
    assert "2 communities" in found.explanation
    assert "1 crate stands alone" in found.explanation
    rest = communities(snapshot, without=["x", "y"])
    assert {frozenset(item.members) for item in rest.communities} == {frozenset("abcd"), frozenset("zw")}
    with pytest.raises(InvalidRequest, match="above 0"):
        communities(snapshot, resolution=0)
    assert communities(snapshot_of(a="")).communities == ()
