"""/api/mux: what a Mux tells, what it told last when it is away, and that nobody waits for it."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import LiveApi, until
from tests.api.test_openapi import check
from tests.mux.fake_mux import STATUS, FakeMux, Reply, hang
from workbench.hub import Hub, HubOptions
from workbench.mux.follower import MuxOptions


@pytest.fixture
def mux() -> Iterator[FakeMux]:
    with FakeMux({"/status": STATUS}) as server:
        yield server


@pytest.fixture
def serve(fleet_dir: Path) -> Iterator[Callable[..., httpx.Client]]:
    """Serve the fleet beside a Mux at a URL."""
    started: list[tuple[Hub, LiveApi]] = []

    def start(url: str | None, **given: Any) -> httpx.Client:
        options = {"interval": 0.1, "timeout": 1.0, "socket": False, "longest_pause": 0.2, **given}
        hub = Hub([fleet_dir], HubOptions(beat=0.5, mux=MuxOptions(url, **options) if url else None))
        hub.start()
        assert hub.wait_ready(10)
        live = LiveApi(hub).__enter__()
        started.append((hub, live))
        return live.client

    yield start
    for hub, live in started:
        live.__exit__()
        hub.stop()


def answered(http: httpx.Client, path: str, status: int) -> dict[str, Any]:
    until(lambda: http.get(path).status_code == status)
    body: dict[str, Any] = http.get(path).json()
    return body


def test_the_status_with_source_and_age(serve: Callable[..., httpx.Client], mux: FakeMux) -> None:
    body = answered(serve(mux.url), "/api/mux/status", 200)
    services = body.pop("services")
    fetched_at, age = body.pop("fetched_at"), body.pop("age_seconds")
    assert fetched_at.endswith("Z")
    assert 0 <= age < 5
    assert body == {
        "status": "degraded", "url": mux.url, "source": "/status", "error": None, "is_mock": False, "mock_reasons": [],
        "notes": [], "said": "operational", "total_services": 3, "healthy_services": 1, "degraded_services": 1,
        "unhealthy_services": 1, "unknown_services": 0,
        "reported": {"total_services": 99, "healthy_services": 98},
    }  # fmt: skip
    assert services[1] == {
        "id": "vault", "name": "vault", "port": 18010, "health": "degraded", "said": "Degraded",
        "endpoint": "http://localhost:18010", "service_type": None, "last_health_check": None,
        "check_age_seconds": None, "capabilities": ["x"], "failure_count": None, "crate": "sx9-vault",
        "matched_by": "id",
    }  # fmt: skip


def test_away_is_503_with_what_was_known_last(serve: Callable[..., httpx.Client], mux: FakeMux) -> None:
    http = serve(mux.url)
    answered(http, "/api/mux/status", 200)
    mux.stop()
    answer = until(lambda: (a := http.get("/api/mux/status")).status_code == 503 and a)
    error = answer.json()["error"]
    assert error["code"] == "mux-away"
    assert error["message"].startswith(f"the Neural Mux at {mux.url} does not answer: /status: ")
    assert error["details"]["last_known"]["total_services"] == 3
    assert error["details"]["last_known"]["age_seconds"] >= 0
    assert error["details"]["since"]
    assert int(answer.headers["Retry-After"]) >= 1
    merged = http.get("/api/mux/topology", params={"merged": 1})
    assert merged.status_code == 503
    assert merged.json()["error"]["details"]["last_known"]["node_counts"]["seen-declared"] == 1
    mux.start()
    answered(http, "/api/mux/status", 200)


def test_never_heard_is_503_without_anything_known(serve: Callable[..., httpx.Client]) -> None:
    with FakeMux() as gone:
        url = gone.url
    error = serve(url).get("/api/mux/status").json()["error"]
    assert (error["code"], error["details"]["last_known"]) == ("mux-away", None)


@pytest.mark.parametrize("path", ["/api/mux/status", "/api/mux/topology", "/api/mux/topology?merged=1"])
def test_without_a_mux_it_is_said_how_to_have_one(http: httpx.Client, path: str) -> None:
    answer = http.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "mux-not-configured"
    assert "mux.url in workbench.toml" in answer.json()["error"]["message"]


def test_the_topology_plain_and_merged(serve: Callable[..., httpx.Client], mux: FakeMux) -> None:
    mux.replies["/api/mux/topology"] = {
        "nodes": [{"id": "portal"}, {"id": "ledger"}], "edges": [{"from": "portal", "to": "ledger", "type": "http"}],
    }  # fmt: skip
    http = serve(mux.url)
    plain = answered(http, "/api/mux/topology", 200)
    assert (plain["source"], plain["is_derived"]) == ("/api/mux/topology", False)
    assert plain["edges"] == [{"source": "portal", "target": "ledger", "type": "http", "required": None}]
    merged = http.get("/api/mux/topology", params={"merged": 1}).json()
    assert merged["node_counts"] == {"seen-declared": 3, "seen-undeclared": 2, "declared-unseen": 1}
    assert {"source": "crate:portal", "target": "crate:ledger", "standing": "seen-declared", "type": "http"} in (
        merged["edges"]
    )
    short = http.get("/api/mux/topology", params={"merged": 1, "limit": 1}).json()
    assert (len(short["nodes"]), short["nodes_total"]) == (1, 6)


def test_answers_are_as_described(serve: Callable[..., httpx.Client], mux: FakeMux) -> None:
    http = serve(mux.url)
    answered(http, "/api/mux/status", 200)
    until(lambda: http.get("/api/health").json()["crates"])
    document = http.get("/api/openapi.json").json()
    for path, query in (
        ("/api/mux/status", ""), ("/api/mux/topology", ""), ("/api/mux/topology", "?merged=1"), ("/api/health", ""),
        ("/services", ""), ("/status", ""),
    ):  # fmt: skip
        check(document, "get", path, http.get(path + query))
    check(document, "get", "/api/crates/{name}/health", http.get("/api/crates/sx9-vault/health"))
    mux.stop()
    until(lambda: http.get("/api/mux/status").status_code == 503)
    for path in ("/api/mux/status", "/api/mux/topology"):
        check(document, "get", path, http.get(path))
    mux.start()


def test_a_wrong_parameter_is_named(serve: Callable[..., httpx.Client], mux: FakeMux) -> None:
    answer = serve(mux.url).get("/api/mux/topology", params={"limit": 0})
    assert (answer.status_code, answer.json()["error"]["details"]["parameter"]) == (422, "limit")


def test_sample_data_is_shown_as_such_and_proves_nothing(serve: Callable[..., httpx.Client], mux: FakeMux) -> None:
    mux.replies["/status"] = {**STATUS, "mock": True}
    http = serve(mux.url)
    body = answered(http, "/api/mux/status", 200)
    assert (body["is_mock"], body["mock_reasons"]) == (True, ["mock: true"])
    assert http.get("/api/health").json()["crates"] == []


def test_what_a_mux_says_becomes_health_with_its_source(serve: Callable[..., httpx.Client], mux: FakeMux) -> None:
    http = serve(mux.url)
    found = until(lambda: http.get("/api/health").json()["crates"])
    assert [(item["crate"], item["state"], item["source"], item["detail"]) for item in found] == [
        ("sx9-vault", "degraded", "mux", 'the Mux says "Degraded"'),
    ]  # fmt: skip
    service = next(item for item in http.get("/services").json()["services"] if item["name"] == "sx9-vault")
    assert (service["health"], service["health_source"]) == ("degraded", "mux")
    assert service["health_age_seconds"] >= 0


def test_a_change_is_told_as_an_event(serve: Callable[..., httpx.Client], mux: FakeMux) -> None:
    http = serve(mux.url)
    until(lambda: http.get("/api/crates/sx9-vault/health").json().get("state") == "degraded")
    mux.replies["/status"] = {"services": [{"id": "vault", "status": "down"}]}
    until(lambda: http.get("/api/crates/sx9-vault/health").json()["state"] == "unhealthy")
    events = http.get("/api/events/recent").json()
    told = [(event["topic"], event["type"]) for event in events]
    assert ("mux", "mux.service") in told
    assert ("health", "health.changed") in told
    history = http.get("/api/crates/sx9-vault/health").json()["history"]
    assert [turn["state"] for turn in history] == ["unhealthy", "degraded"]


def test_a_mux_that_hangs_takes_nobody_with_it(serve: Callable[..., httpx.Client], mux: FakeMux) -> None:
    mux.replies.update(dict.fromkeys(("/api/mux/status", "/status", "/health"), Reply(hang)))
    http = serve(mux.url, timeout=20.0)
    until(lambda: mux.requests)
    started = time.monotonic()
    for path, status in (("/api/crates", 200), ("/services", 200), ("/api/health", 200), ("/api/mux/status", 503)):
        assert http.get(path).status_code == status
    assert time.monotonic() - started < 5, "all answers came while the Mux still hung"
    assert http.get("/status").json()["vitals"]["mux"]["phase"] == "connecting"
