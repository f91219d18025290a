"""What changes do to the graph, beside what the plan says of the findings."""

import pytest

from workbench.errors import UnknownCrate
from workbench.fleet.analysis.change import simulate_change
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.whatif import AddCrate, MovePort, RemoveCrate


def test_a_removal_takes_its_leans_and_is_felt_above(shop: Snapshot) -> None:
    found = simulate_change(shop, RemoveCrate("store"))
    assert found.changed == ("store",)
    assert [(hit.crate, hit.depth) for hit in found.hits] == [("api", 1), ("web", 2)]
    assert found.vanished == (("api", "DEPENDS_ON", "store"), ("store", "BUILT_ON", "core"))
    assert found.appeared == ()
    assert [item.kind for item in found.plan.appeared] == ["unresolved-dependency"]
    assert "store" in {crate.name for crate in shop.crates}


def test_a_cycle_is_opened_and_another_is_made(shop: Snapshot) -> None:
    opened = simulate_change(shop, RemoveCrate("ring-b"))
    assert (opened.cycles_before, opened.cycles) == (1, 0)
    assert "Cycles: 1 before, 0 after" in opened.explanation
    added = simulate_change(shop, AddCrate("new", {"http": 18060}, dependencies=("web",)))
    assert added.appeared == (("new", "DEPENDS_ON", "web"),)
    assert added.changed == ("new",)
    assert added.hits == ()


def test_a_moved_port_touches_callers_but_no_lean(shop: Snapshot) -> None:
    found = simulate_change(shop, MovePort("cache", "http", 18031))
    assert (found.changed, found.appeared, found.vanished) == (("cache",), (), ())
    assert [hit.crate for hit in found.hits] == ["api", "web"]
    assert found.health < found.health_before
    assert {row[0] for row in found.rows()} == {"changed", "affected", "finding appears"}


def test_an_unknown_crate(shop: Snapshot) -> None:
    with pytest.raises(UnknownCrate):
        simulate_change(shop, RemoveCrate("nobody"))
