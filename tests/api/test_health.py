"""/api/health and /api/crates/{name}/health: verdicts with source and age, evidence, history, availability."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.api.conftest import LiveApi, until
from tests.mux.fake_mux import FakeMux
from workbench.hub import Hub, HubOptions
from workbench.live.layer import LiveOptions
from workbench.sources.rounds import Target
from workbench.store.database import Store


def test_nothing_seen_is_said(http: httpx.Client) -> None:
    body = http.get("/api/health").json()
    assert body["crates"] == []
    assert set(body["counts"].values()) == {0}
    one = http.get("/api/crates/ledger/health").json()
    assert (one["crate"], one["state"], one["source"], one["since"]) == ("ledger", "unknown", None, None)
    assert (one["evidence"], one["history"], one["availability"]["share"]) == ([], [], None)


def test_an_unknown_crate_is_404_with_the_nearest(http: httpx.Client) -> None:
    error = http.get("/api/crates/legder/health").json()["error"]
    assert (error["code"], error["details"]["nearest"]) == ("unknown-crate", ["ledger"])


def test_a_wrong_window_is_named(http: httpx.Client) -> None:
    answer = http.get("/api/crates/ledger/health", params={"window": -1})
    assert (answer.status_code, answer.json()["error"]["details"]["parameter"]) == (422, "window")


def test_a_registration_with_its_heartbeat_is_evidence(live_api: LiveApi) -> None:
    http = live_api.client
    http.post("/api/ports/register", json={"service_name": "ledger", "port": 18020})
    until(lambda: http.get("/api/crates/ledger/health").json()["state"] == "up")
    http.post("/api/ports/heartbeat", json={"service_name": "ledger", "status": "failing"})
    body = until(lambda: (b := http.get("/api/crates/ledger/health").json())["state"] == "unhealthy" and b)
    assert (body["source"], body["detail"]) == ("registration", 'it says "failing"')
    assert body["age_seconds"] < 10
    assert [turn["state"] for turn in body["history"]] == ["unhealthy", "up"]
    assert body["availability"]["share"] is not None


@pytest.fixture
def service() -> Iterator[FakeMux]:
    with FakeMux({"/health": {"status": "ok"}}) as server:
        yield server


def test_a_declared_endpoint_is_asked_and_the_history_outlives_a_restart(tmp_path: Path, service: FakeMux) -> None:
    folder = tmp_path / "probed" / "vault"
    folder.mkdir(parents=True)
    (folder / "smart-crate.toml").write_text(
        f'[smart-crate]\nname = "vault"\nversion = "1"\n[ports]\nhttp_api = {service.port}\n'
        '[endpoints]\nhealth = "/health"\n'
    )
    target = Target("127.0.0.1", interval=1.0, timeout=1.0, health=True)
    options = HubOptions(beat=0.5, live=LiveOptions(targets=(target,)))

    def run(expected: str, source: str) -> dict[str, object]:
        with Hub([tmp_path / "probed"], options, Store(tmp_path / "state")) as hub, LiveApi(hub) as live:
            assert hub.wait_ready(10)
            found: dict[str, object] = until(
                lambda: (b := live.client.get("/api/crates/vault/health").json())["state"] == expected and b
            )
            until(lambda: hub.vitals.health_of("vault").source == source)  # type: ignore[union-attr]
            return found

    assert run("healthy", "http-probe")["detail"] == f'HTTP 200, "ok" from /health on port {service.port}'
    service.replies["/health"] = {"status": "down"}
    again = run("unhealthy", "http-probe")
    history = again["history"]
    assert isinstance(history, list)
    states = [turn["state"] for turn in history]
    assert states[0] == "unhealthy"
    assert "healthy" in states
    assert "the workbench did not run" in [turn["detail"] for turn in history]
