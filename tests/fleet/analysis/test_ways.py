"""The shortest ways between crates, each step with the line that makes it."""

from itertools import pairwise

import networkx as nx
import pytest

from workbench.errors import InvalidRequest, NoPath, NotFound, UnknownCrate
from workbench.fleet.analysis.ways import find_node, ways
from workbench.fleet.graph import slot_graph
from workbench.fleet.snapshot import Snapshot

from .conftest import Fleet


def test_they_are_the_shortest_simple_ways(fleet: Fleet) -> None:
    snapshot, leans = fleet
    for source in leans:
        for target in leans:
            if source == target:
                continue
            every = sorted(map(len, nx.all_simple_paths(leans, source, target)))
            if not every:
                with pytest.raises(NoPath):
                    ways(snapshot, source, target)
                continue
            found = ways(snapshot, source, target, k=4).ways
            assert [len(way.nodes) for way in found] == every[:4]
            assert len({way.nodes for way in found}) == len(found)
            for way in found:
                for (a, b), steps in zip(pairwise(way.nodes), way.steps, strict=True):
                    assert steps
                    assert {(step.source, step.target) for step in steps} == {(a, b)}


def test_every_step_has_its_reason(shop: Snapshot) -> None:
    found = ways(shop, "web", "core")
    assert (
        found.explanation == "1 way from crate:web to crate:core; the shortest has 3 steps: web → api → store → core."
    )
    assert next(found.rows()) == (
        1, 1, "crate:web", "crate:api", "DEPENDS_ON", "web/smart-crate.toml", 6, "dependencies.api",
    )  # fmt: skip


def test_against_the_arrows_only_if_asked(shop: Snapshot) -> None:
    with pytest.raises(NoPath):
        ways(shop, "core", "web")
    back = ways(shop, "core", "web", directed=False)
    assert back.ways[0].nodes == ("crate:core", "crate:store", "crate:api", "crate:web")
    assert back.ways[0].steps[0][0][:3] == ("crate:store", "crate:core", "BUILT_ON")
    assert len(ways(shop, "web", "web").ways[0].nodes) == 1


def test_through_everything_ports_count_and_capabilities_do_not(shop: Snapshot) -> None:
    found = ways(shop, "api", "cache", k=2, directed=False, through="everything")
    assert found.ways[0].nodes == ("crate:api", "port:18030", "crate:cache")
    assert [step.type for steps in found.ways[0].steps for step in steps] == ["REFERENCES", "OWNS"]
    with pytest.raises(NoPath):
        ways(shop, "store", "spare", directed=False, through="everything")


def test_what_cannot_be_asked_is_said(shop: Snapshot) -> None:
    with pytest.raises(UnknownCrate, match="did you mean api"):
        ways(shop, "apy", "core")
    with pytest.raises(NotFound, match='no node "port:1"'):
        ways(shop, "port:1", "core", through="everything")
    for k in (0, 101):
        with pytest.raises(InvalidRequest, match=f"not {k}"):
            ways(shop, "web", "core", k=k)


def test_a_node_by_any_name(shop: Snapshot) -> None:
    assert [find_node(text, shop) for text in ("crate:api", "api", "18030", "port:18030")] == [
        "crate:api", "crate:api", "port:18030", "port:18030",
    ]  # fmt: skip
    assert all(find_node(node, shop) == node for node in slot_graph(shop))
