"""Blast radius and failure: depth, impact and what breaks, against a networkx graph of the same leans."""

import math

import networkx as nx
import pytest

from tests.fleet.conftest import snapshot_of
from workbench.errors import InvalidRequest, UnknownCrate
from workbench.fleet.analysis.failure import simulate_failure
from workbench.fleet.analysis.health import fleet_health
from workbench.fleet.analysis.reach import Direction, blast_radius
from workbench.fleet.snapshot import Snapshot

from .conftest import Fleet


@pytest.mark.parametrize("direction", ["up", "down"])
def test_depth_and_impact_agree_with_networkx(fleet: Fleet, direction: Direction) -> None:
    snapshot, leans = fleet
    seen = leans.reverse() if direction == "up" else leans
    nx.set_edge_attributes(seen, {(a, b): -math.log(w) for a, b, w in seen.edges.data("weight")}, "cost")
    for name in leans:
        found = blast_radius(snapshot, name, direction)
        depths = nx.single_source_shortest_path_length(seen, name)
        costs = nx.single_source_dijkstra_path_length(seen, name, weight="cost")
        assert {hit.crate: hit.depth for hit in found.hits} == {n: d for n, d in depths.items() if n != name}
        for hit in found.hits:
            assert hit.impact == pytest.approx(math.exp(-costs[hit.crate]), abs=1e-6)
            step = (hit.crate, hit.through) if direction == "up" else (hit.through, hit.crate)
            assert leans.has_edge(*step)
            assert hit.lean.site.crate == step[0]
        shallow = blast_radius(snapshot, name, direction, depth=1).hits
        assert {hit.crate for hit in shallow} == {n for n, d in depths.items() if d == 1}


def test_an_answer_says_what_it_found(shop: Snapshot) -> None:
    up = blast_radius(shop, "core")
    assert up.explanation == "If core fails, it hits 3 crates of 8, 1 directly and the last in 3 steps."
    assert next(up.rows()) == (
        "store",
        1,
        1.0,
        "core",
        "BUILT_ON",
        "store/smart-crate.toml",
        3,
        "smart-crate.foundation",
    )
    assert up.nodes == ("crate:core", "crate:store", "crate:api", "crate:web")
    assert blast_radius(shop, "alone").explanation == "Nothing leans on alone."
    assert blast_radius(shop, "core", "down").explanation == "core leans on nothing."
    assert (
        blast_radius(shop, "store", "down").explanation
        == "store needs 1 crate of 8, 1 directly and the last in 1 step."
    )


def test_weights_can_be_replaced_and_switched_off(shop: Snapshot) -> None:
    assert [(hit.crate, hit.impact) for hit in blast_radius(shop, "cache").hits] == [("api", 0.5), ("web", 0.4)]
    heavy = blast_radius(shop, "cache", weights={"REFERENCES": 1, "DEPENDS_ON": 1}).hits
    assert [hit.impact for hit in heavy] == [1, 1]
    assert blast_radius(shop, "cache", weights={"REFERENCES": 0}).hits == ()


def test_what_cannot_be_asked_is_said(shop: Snapshot) -> None:
    with pytest.raises(UnknownCrate, match='no crate is named "stor"; did you mean store') as caught:
        blast_radius(shop, "stor")
    assert caught.value.details["nearest"] == ["store"]
    with pytest.raises(InvalidRequest, match="at least 1, not 0"):
        blast_radius(shop, "store", depth=0)
    with pytest.raises(InvalidRequest, match="from 0 to 1, not 2"):
        blast_radius(shop, "store", weights={"DEPENDS_ON": 2})
    with pytest.raises(InvalidRequest, match="'LOVES' is no type of lean"):
        blast_radius(shop, "store", weights={"LOVES": 1})  # type: ignore[dict-item]
    with pytest.raises(InvalidRequest, match="up"):
        blast_radius(shop, "store", "sideways")  # type: ignore[arg-type]
    with pytest.raises(UnknownCrate):
        simulate_failure(shop, "store", "nobody")
    with pytest.raises(InvalidRequest, match="at least one"):
        simulate_failure(shop)


def test_a_failure_names_hits_broken_calls_and_who_could_stand_in(shop: Snapshot) -> None:
    failure = simulate_failure(shop, "store", "cache")
    assert [(hit.crate, hit.depth, hit.impact) for hit in failure.hits] == [("api", 1, 0.8), ("web", 2, 0.64)]
    assert [(claim.crate, claim.port, claim.site.line) for claim in failure.broken] == [("api", 18030, 5)]
    assert failure.alternatives == (("store", "spare", "offers rows too"),)
    assert failure.explanation.endswith("Nothing stands in for cache.")
    assert [row[0] for row in failure.rows()] == ["failed", "failed", "hit", "hit", "broken reference", "alternative"]


def test_several_failures_hit_all_that_each_alone_hits(fleet: Fleet) -> None:
    snapshot, leans = fleet
    one, two = list(leans)[:2]
    both = simulate_failure(snapshot, one, two)
    reached = (nx.ancestors(leans, one) | nx.ancestors(leans, two)) - {one, two}
    assert {hit.crate for hit in both.hits} == reached
    alone = [{hit.crate: hit.impact for hit in blast_radius(snapshot, name).hits} for name in (one, two)]
    for hit in both.hits:
        assert hit.impact == pytest.approx(max(found.get(hit.crate, 0) for found in alone))
    assert both.health < simulate_failure(snapshot, one).health < both.health_before or not leans


def test_health_is_the_mean_worth_less_what_is_lost() -> None:
    snapshot = snapshot_of(a="[ports]\nhttp = 18020", b="[ports]\nhttp = 18020", c="", d='[dependencies]\nc = "c"')
    assert {item.code for item in snapshot.findings if item.severity == "error"} == {"SC101"}
    before = fleet_health(snapshot)
    assert before == pytest.approx(100 * (0.5 + 0.5 + 1 + 1) / 4)
    assert simulate_failure(snapshot, "c").health == pytest.approx(100 * (0.5 + 0.5 + 0 + 0.2) / 4)
    assert fleet_health(Snapshot()) == 100
