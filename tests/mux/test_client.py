"""The client against a real server: every shape that Muxes are known to answer in, and every way to fail."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.mux.fake_mux import STATUS, FakeMux, Reply, drip, hang
from workbench.fleet.mux import MuxLink, MuxResult, MuxService, MuxTopology
from workbench.mux.client import STATUS_PATHS, TOPOLOGY_PATHS, MuxClient
from workbench.mux.exchange import Exchange
from workbench.mux.failures import MuxFailure

CHECKED = "2026-01-31T12:00:00Z"
CHECKED_AT = 1769860800.0


def fetch(mux: FakeMux, times: int = 1, **options: Any) -> list[MuxResult]:
    async def run() -> list[MuxResult]:
        exchange = Exchange(mux.url, **{"timeout": 2.0, **options})
        client = MuxClient(exchange)
        try:
            return [await client.fetch() for _ in range(times)]
        finally:
            await exchange.close()

    return asyncio.run(run())


def failing(mux: FakeMux, **options: Any) -> MuxFailure:
    with pytest.raises(MuxFailure) as caught:
        fetch(mux, **options)
    return caught.value


def test_the_full_shape(mux: FakeMux) -> None:
    service = {
        "id": "a", "name": "Alpha", "endpoint": "http://localhost:18101", "port": 18101, "health_status": "Healthy",
        "last_health_check": CHECKED, "capabilities": ["probe", "route"],
    }  # fmt: skip
    mux.replies["/api/mux/status"] = {
        "status": "operational", "total_services": 5, "healthy_services": 5, "services": [service],
    }  # fmt: skip
    (result,) = fetch(mux)
    assert result.services == (
        MuxService(
            "a", "Alpha", 18101, "healthy", "Healthy", "http://localhost:18101", None, CHECKED_AT, ("probe", "route")
        ),
    )
    assert (result.source, result.said, result.status) == ("/api/mux/status", "operational", "healthy")
    assert (result.reported_total, result.reported_healthy) == (5, 5)
    assert (len(result.services), result.counts["healthy"]) == (1, 1), "totals are counted, not believed"
    assert result.topology == MuxTopology(result.services, (), "services")


def test_services_with_status_and_health(mux: FakeMux) -> None:
    mux.replies["/status"] = {
        "services": [{"id": "a", "name": "A", "port": "18101", "status": "running", "health": "unhealthy"}],
        "total_services": 1, "healthy_services": 1, "timestamp": CHECKED,
    }  # fmt: skip
    (result,) = fetch(mux)
    assert result.services == (MuxService("a", "A", 18101, "unhealthy", "unhealthy"),)
    assert (result.source, result.status) == ("/status", "unhealthy")


def test_a_bare_array(mux: FakeMux) -> None:
    mux.replies["/api/mux/status"] = [{"service_id": "a", "healthy": True}, {"system_id": "b", "healthy": False}]
    (result,) = fetch(mux)
    assert [(item.id, item.health) for item in result.services] == [("a", "healthy"), ("b", "unhealthy")]
    assert result.status == "degraded"


def test_a_gateway_status_and_services_without_ids(mux: FakeMux) -> None:
    mux.replies["/api/v1/flow/orchestrator"] = {
        "gateway_status": {"total_services": 2, "healthy_services": 2, "threat_level": "low"},
        "services": [{"name": "twin", "port": 1001, "status": "UP"}, {"name": "twin", "port": 1002, "status": "up"}],
        "timestamp": CHECKED,
    }  # fmt: skip
    (result,) = fetch(mux)
    assert [item.id for item in result.services] == ["twin", "twin:1002"]
    assert (result.source, result.reported_total) == ("/api/v1/flow/orchestrator", 2)


def test_a_gateway_status_alone_tells_totals_only(mux: FakeMux) -> None:
    mux.replies["/status"] = {"gateway_status": {"total_services": 7, "healthy_services": 6}, "timestamp": CHECKED}
    (result,) = fetch(mux)
    assert (result.services, result.reported_total, result.status) == ((), 7, "unknown")


def test_services_with_dependencies_beside_them(mux: FakeMux) -> None:
    mux.replies["/api/mux/status"] = {
        "services": [
            {"name": "a", "port": 1001, "service_type": "core", "status": "running", "healthy": False,
             "failure_count": 3, "dependencies": ["b"]},
            {"name": "b", "port": 1002, "service_type": "edge", "status": "running", "healthy": True,
             "failure_count": 0, "dependencies": []},
        ],
        "dependencies": [{"from_service": "b", "to_service": "c", "dependency_type": "http", "required": True}],
    }  # fmt: skip
    (result,) = fetch(mux)
    first, second = result.services
    assert (first.health, first.said, first.failures, first.kind) == ("unhealthy", "running, healthy: false", 3, "core")
    assert (second.health, second.failures) == ("healthy", 0)
    assert result.topology.links == (MuxLink("b", "c", "http", True), MuxLink("a", "b"))


@pytest.mark.parametrize("path", TOPOLOGY_PATHS)
def test_nodes_and_edges(mux: FakeMux, path: str) -> None:
    mux.replies["/status"] = STATUS
    mux.replies[path] = {
        "nodes": [{"id": "a", "name": "A", "status": "ok"}, {"id": "b"}],
        "edges": [{"source": "a", "target": {"id": "b"}, "type": "calls"}, {"source": "a"}],
        "stats": {"nodes": 2},
    }
    (result,) = fetch(mux)
    assert result.topology == MuxTopology(
        (MuxService("a", "A", health="healthy", said="ok"), MuxService("b", "b")), (MuxLink("a", "b", "calls"),), path
    )


def test_a_graph_alone_lists_the_services_too(mux: FakeMux) -> None:
    mux.replies["/status"] = {"nodes": [{"id": "a", "health": {"status": "warn"}}], "edges": [], "stats": {}}
    (result,) = fetch(mux)
    assert [(item.id, item.health) for item in result.services] == [("a", "degraded")]


def test_envelopes_and_tables_by_name(mux: FakeMux) -> None:
    mux.replies["/status"] = {"success": True, "data": {"services": {"a": {"port": 1001, "status": "ok"}, "b": "down"}}}
    (result,) = fetch(mux)
    assert [(item.id, item.port, item.health) for item in result.services] == [
        ("a", 1001, "healthy"), ("b", None, "unhealthy"),
    ]  # fmt: skip


def test_health_alone_says_that_it_lives(mux: FakeMux) -> None:
    mux.replies["/health"] = {"status": "ok"}
    (result,) = fetch(mux)
    assert (result.services, result.source, result.status) == ((), "/health", "healthy")
    assert mux.paths == [*STATUS_PATHS, *TOPOLOGY_PATHS]


@pytest.mark.parametrize(
    "answer",
    [{"error": "no backend", "status": "error"}, {"status": "error", "message": "no backend"},
     {"success": False, "message": "no backend"}, {"data": {"error": {"message": "no backend"}}}],
)  # fmt: skip
def test_an_error_told_as_a_success_is_a_failure(mux: FakeMux, answer: object) -> None:
    mux.replies.update({"/api/mux/status": answer, "/health": {"status": "ok"}})
    failure = failing(mux)
    assert (failure.kind, failure.reason) == ("error", "it says: no backend")


def test_an_endpoint_once_found_is_asked_first(mux: FakeMux) -> None:
    mux.replies["/status"] = STATUS
    fetch(mux, times=3)
    assert mux.paths.count("/api/mux/status") == 1
    assert mux.paths.count("/status") == 3
    assert mux.paths.count("/api/mux/topology") == 1, "what is not there is not asked for each time"


def test_an_unchanged_answer_is_not_sent_again(mux: FakeMux) -> None:
    mux.replies["/api/mux/status"] = Reply(STATUS, etag='"one"')
    first, second = fetch(mux, times=2)
    assert dict(mux.requests[-1][1])["If-None-Match"] == '"one"'
    assert first.facts == second.facts
    assert second.fetched_at > first.fetched_at


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (Reply(hang), "timeout", "no complete answer in 0.3 s"),
        (Reply(drip), "timeout", "no complete answer in 0.3 s"),
        (Reply({"services": []}, 500), "http", "HTTP 500"),
        (Reply(b"{not json"), "not-json", "the answer is no JSON"),
        (Reply(b"<html></html>"), "not-json", "the answer is no JSON"),
        (Reply(b"[" * 100_000), "not-json", "the answer is no JSON"),
        (Reply(b'"' + b"x" * 10_000_000 + b'"'), "too-large", "exceeds 4,000,000 bytes"),
        (Reply(42), "shape", "expected an object or an array, found int"),
        (Reply({"some": "thing"}), "shape", "neither services nor a status"),
        (Reply({}, 302, {"Location": "/health"}), "http", "HTTP 302"),
        (Reply(b"\x1f\x8b", 200, {"Content-Encoding": "gzip"}), "not-json", "encoded as gzip"),
    ],
)
def test_what_is_no_answer_is_a_failure(mux: FakeMux, reply: Reply, kind: str, words: str) -> None:
    mux.replies["/api/mux/status"] = reply
    failure = failing(mux, timeout=0.3)
    assert failure.kind == kind
    assert words in failure.reason


def test_nobody_there(mux: FakeMux) -> None:
    mux.stop()
    assert failing(mux).kind == "unreachable"


def test_a_failing_topology_does_not_take_the_services_along(mux: FakeMux) -> None:
    mux.replies.update({"/status": STATUS, "/api/mux/topology": Reply(hang)})
    (result,) = fetch(mux, timeout=0.3)
    assert len(result.services) == 3
    assert result.topology.source == "services"
    assert result.notes == ("topology: /api/mux/topology: no complete answer in 0.3 s",)


def test_a_token_is_sent_and_a_missing_one_named(fake: Callable[..., FakeMux]) -> None:
    mux = fake({"/status": STATUS}, token="s3cret")
    (result,) = fetch(mux, token="s3cret")
    assert len(result.services) == 3
    failure = failing(mux, token="wrong-one")
    assert failure.kind == "unauthorized"
    assert "mux.token_env" in failure.reason
    assert "wrong-one" not in failure.reason


@pytest.fixture
def fake(request: pytest.FixtureRequest) -> Callable[..., FakeMux]:
    def make(*arguments: Any, **options: Any) -> FakeMux:
        server = FakeMux(*arguments, **options)
        server.start()
        request.addfinalizer(server.stop)
        return server

    return make


@pytest.mark.parametrize(
    ("answer", "headers", "reason"),
    [
        ({"mock": True, "services": []}, {}, "mock: true"),
        ({"services": [], "source": "Simulated"}, {}, "source: simulated"),
        ({"services": [], "metadata": {"demo": True}}, {}, "demo: true"),
        ({"services": []}, {"X-Mock": "1"}, "header x-mock"),
        ({"services": [], "timestamp": CHECKED}, {}, "its time stamp is older than a day"),
        ({"services": [{"id": "mock-a"}, {"id": "b"}]}, {}, "1 of 2 services are named as samples"),
        ({"services": [], "source": "crate-workbench"}, {}, "a workbench answers there in place of a Mux"),
    ],
)
def test_what_looks_like_sample_data_is_called_that(mux: FakeMux, answer: Any, headers: Any, reason: str) -> None:
    mux.replies["/status"] = Reply(answer, headers=headers)
    (result,) = fetch(mux)
    assert result.mock == (reason,)


def test_a_real_answer_is_not_called_sample_data(mux: FakeMux) -> None:
    mux.replies["/status"] = STATUS
    assert fetch(mux)[0].mock == ()
