"""Small fleets, and random ones with a networkx graph of the same leans as oracle."""

import random
from collections.abc import Callable

import networkx as nx
import pytest

from tests.fleet.conftest import snapshot_of
from workbench.fleet.snapshot import Snapshot

Fleet = tuple[Snapshot, "nx.DiGraph[str]"]
MakeFleet = Callable[[int], Fleet]


def random_fleet(seed: int) -> Fleet:
    """Return a fleet of a few crates with random dependencies and calls, and who leans on whom with what weight."""
    draw = random.Random(seed)
    names = [f"crate-{letter}" for letter in "abcdefghij"[: draw.randint(2, 10)]]
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(names)
    texts = {}
    for number, name in enumerate(names):
        lines = ["[ports]", f"http = {20000 + number}"]
        called = [other for other in names if other != name and draw.random() < 0.15]
        lines += [f"{other} = {20000 + names.index(other)}" for other in called]
        needed = [other for other in names if other != name and draw.random() < 0.15]
        lines += ["[dependencies]", *(f'{other} = "{other}"' for other in needed)]
        graph.add_edges_from(((name, other) for other in called), weight=0.5)
        graph.add_edges_from(((name, other) for other in needed), weight=0.8)
        texts[name] = "\n".join(lines)
    return snapshot_of(**texts), graph


@pytest.fixture(name="random_fleet")
def random_fleet_fixture() -> MakeFleet:
    return random_fleet


@pytest.fixture(params=range(12), name="fleet")
def fleet_fixture(request: pytest.FixtureRequest) -> Fleet:
    return random_fleet(request.param)


@pytest.fixture
def shop() -> Snapshot:
    """A chain web → api → store → core, a call from api to cache, a cycle of two, and a crate that stands alone."""
    return snapshot_of(
        core="",
        store='foundation = "core"\n[ports]\nsql = 18020\n[service]\ncapabilities = ["rows"]',
        spare='[service]\ncapabilities = ["rows"]',
        cache="[ports]\nhttp = 18030",
        api='[ports]\nhttp = 18040\ncache = 18030\n[dependencies]\nstore = "store"',
        web='[ports]\nhttp = 18050\n[dependencies]\napi = "api"',
        ring_a='[dependencies]\nb = "ring-b"',
        ring_b='[dependencies]\na = "ring-a"',
        alone="",
    )
