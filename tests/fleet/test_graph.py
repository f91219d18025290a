"""The slot graph: typed nodes, typed edges, each edge with the place that declares it."""

import networkx as nx
import pytest

from workbench.config import sample_fleet
from workbench.fleet import model
from workbench.fleet.graph import EDGE_TYPES, NODE_TYPES, slot_graph, slot_sketch
from workbench.fleet.snapshot import Snapshot
from workbench.workbench import Workbench

from .conftest import MakeSnapshot


def edges(graph: "nx.MultiDiGraph[str]", kind: str) -> list[tuple[str, str, int]]:
    return sorted((a, b, d["line"]) for a, b, d in graph.edges(data=True) if d["type"] == kind)


def graph_of(snapshot_of: MakeSnapshot) -> "nx.MultiDiGraph[str]":
    snapshot: Snapshot = snapshot_of(
        core="",
        sx9_gateway="""
            [smart-crate]
            name = "sx9-gateway"
            foundation = "core"
            [metadata]
            cloned_from = "ctas7-old-gate"
            [ports]
            http = 18600
            core = 18001
            gis_backend = 18400
            [endpoints]
            health = "/health"
            [service]
            capabilities = ["rest"]
            [dependencies]
            core = "core"
            nats = "jetstream"
            gone = "sx9-gone"
            [[smart_foundations.required]]
            type = "core_runtime"
            preferred = ["rust-runtime"]
        """,
    )
    return slot_graph(snapshot)


def test_every_edge_type_is_there_with_its_line(snapshot_of: MakeSnapshot) -> None:
    graph = graph_of(snapshot_of)
    gateway = "crate:sx9-gateway"
    assert edges(graph, "OWNS") == [(gateway, "port:18600", 8), ("external:gis_backend", "port:18400", 10)]
    assert edges(graph, "REFERENCES") == [(gateway, "port:18001", 9), (gateway, "port:18400", 10)]
    assert edges(graph, "SISTER_OF") == [("port:51368", "port:18600", 8)]
    assert edges(graph, "BUILT_ON") == [(gateway, "crate:core", 4)]
    assert edges(graph, "CLONED_FROM") == [(gateway, "external:ctas7-old-gate", 6)]
    assert edges(graph, "EXPOSES") == [(gateway, "capability:rest", 14), (gateway, "endpoint:sx9-gateway/health", 12)]
    assert edges(graph, "DEPENDS_ON") == [
        (gateway, "crate:core", 16),
        (gateway, "external:jetstream", 17),
        (gateway, "external:sx9-gone", 18),
        (gateway, "foundation:rust-runtime", 19),
    ]
    assert {data["type"] for _, _, data in graph.edges(data=True)} == set(EDGE_TYPES)
    assert {data["type"] for _, data in graph.nodes(data=True)} == set(NODE_TYPES)
    assert all(data["path"] == "sx9_gateway/smart-crate.toml" for _, _, data in graph.edges(data=True))


def test_a_self_founded_crate_is_a_loop(snapshot_of: MakeSnapshot) -> None:
    graph = slot_graph(snapshot_of(core='[smart-crate]\nname = "core"\nfoundation = "core"'))
    assert edges(graph, "BUILT_ON") == [("crate:core", "crate:core", 3)]


def test_crates_of_one_name_are_two_nodes(snapshot_of: MakeSnapshot) -> None:
    text = '[smart-crate]\nname = "n"'
    graph = slot_graph(snapshot_of(x=text, y=text))
    assert sorted(graph) == ["crate:n", "crate:n@y/smart-crate.toml"]


def test_the_graph_is_built_once_for_each_revision(snapshot_of: MakeSnapshot) -> None:
    snapshot = snapshot_of(core="")
    assert slot_graph(snapshot) is slot_graph(snapshot)


def test_the_sketch_is_the_same_graph(snapshot_of: MakeSnapshot) -> None:
    for snapshot in (Workbench.scan(sample_fleet()).snapshot, snapshot_of()):
        sketch, graph = slot_sketch(snapshot), slot_graph(snapshot)
        assert sketch.nodes == dict(graph.nodes(data=True))
        drawn = [
            (edge.source, edge.target, edge.type, edge.site.path, edge.site.line, edge.site.key)
            for edge in sketch.edges
        ]
        keys = ("type", "path", "line", "declared")
        assert sorted(drawn) == sorted((a, b, *(data[key] for key in keys)) for a, b, data in graph.edges(data=True))
        for node in list(graph)[:20]:
            assert sorted(edge.target for edge in sketch.leaving(node)) == sorted(t for _, t in graph.out_edges(node))
            assert sorted(edge.source for edge in sketch.entering(node)) == sorted(s for s, _ in graph.in_edges(node))


def test_the_sketch_looks_up_no_line(snapshot_of: MakeSnapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = snapshot_of(
        core="", edge='[smart-crate]\nname = "edge"\nfoundation = "core"\n[ports]\nhttp = 18600\n'
        '[smart_meta]\ncapabilities = ["rest"]\n',
    )  # fmt: skip

    def refuse(_: str) -> None:
        raise AssertionError("a text was read for its lines")

    monkeypatch.setattr(model, "Positions", refuse)
    model._positions.cache_clear()
    sketch = slot_sketch(snapshot)
    assert {edge.type for edge in sketch.edges} >= {"OWNS", "BUILT_ON", "EXPOSES"}
    with pytest.raises(AssertionError, match="read for its lines"):
        slot_graph(snapshot)
