"""/api/ports/register and heartbeat: who may, what is answered, told and found, and how it survives."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.peer_rate import PeerRate
from tests.api.conftest import DEADLINE, LiveApi, until
from workbench.desks.assignments import AssignmentRequest
from workbench.desks.registrations import Patience
from workbench.errors import NotAssigned, PortTaken, TooManyRequests
from workbench.events import Event
from workbench.fleet.observed import Registration
from workbench.hub import Hub, HubOptions
from workbench.live.layer import LiveOptions
from workbench.store.database import Store

VAULT = {
    "service_name": "vault",
    "port": 18010,
    "protocol": "http",
    "health_endpoint": "/health",
    "metrics_endpoint": None,
}


def live_hub(fleet_dir: Path, state: Path | None = None, **options: Any) -> Hub:
    return Hub([fleet_dir], HubOptions(beat=0.5, live=LiveOptions(**options)), Store(state) if state else None)


@pytest.fixture
def port(live_api: LiveApi) -> httpx.Client:
    return live_api.client


def register(http: httpx.Client, **given: Any) -> httpx.Response:
    return http.post("/api/ports/register", json={**VAULT, **given})


def beat(http: httpx.Client, name: str = "vault", **given: Any) -> httpx.Response:
    return http.post("/api/ports/heartbeat", json={"service_name": name, "status": "healthy", "metrics": {}, **given})


def error_of(answer: httpx.Response) -> tuple[int, str, dict[str, Any]]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["details"]


def test_a_service_registers_beats_and_is_listed_without_a_token(port: httpx.Client, hub: Hub) -> None:
    answer = register(port, role="primary", region="a field that only others know")
    made = answer.json()
    assert (answer.status_code, answer.headers["Location"]) == (201, "/api/ports/registrations")
    assert made.pop("age_seconds") < DEADLINE
    assert made == {
        "service_name": "vault", "port": 18010, "protocol": "http", "health_endpoint": "/health",
        "metrics_endpoint": None, "role": "primary", "pid": None, "host": None, "registered_at": made["registered_at"],
        "state": "live", "status": "", "crate": "sx9-vault", "source": "registration", "seen_at": made["registered_at"],
        "metrics": {}, "durable": False, "findings": [],
    }  # fmt: skip
    heard = beat(port, metrics={"load": 0.5}).json()
    assert (heard["status"], heard["metrics"], heard["registered_at"]) == (
        "healthy",
        {"load": 0.5},
        made["registered_at"],
    )
    (listed,) = port.get("/api/ports/registrations").json()
    assert (listed["status"], listed["state"], listed["source"]) == ("healthy", "live", "registration")
    assert port.get("/api/ports").json()["registered"][0]["service_name"] == "vault"
    assert port.get("/api/ports/18010").json()["registered"][0]["seen_at"] == listed["seen_at"]
    assert port.get("/api/ports/18020").json()["registered"] == []
    assert port.get("/status").json()["observation"]["registrations"] == {"live": 1, "stale": 0, "gone": 0}


def test_a_heartbeat_alone_makes_no_event_and_no_revision(port: httpx.Client, hub: Hub) -> None:
    told: list[Event] = []
    hub.log.subscribe(told.extend)
    register(port)
    beat(port)
    until(lambda: [event.type for event in told].count("fleet.revision") == 2)
    assert [event.type for event in told if event.topic == "ports"] == ["service.registered", "service.changed"]
    observed = hub.snapshot.observed
    told.clear()
    for _ in range(20):
        assert beat(port).status_code == register(port).status_code == 200
    with pytest.raises(NotAssigned):  # the hub's thread is through with all that came before
        hub.release(1).result(DEADLINE)
    assert hub.snapshot.observed is observed
    assert [event.type for event in told if event.type != "fleet.revision"] == []


def test_what_is_wrong_with_a_registration_is_answered_and_found(port: httpx.Client) -> None:
    assert [item["kind"] for item in register(port, port=18011).json()["findings"]] == ["registration-mismatch"]
    assert [item["kind"] for item in register(port, service_name="phantom", port=18011).json()["findings"]] == [
        "registration-unknown",
        "registration-shared",
    ]
    assert len(port.get("/api/findings?kind=registration-shared").json()) == 1
    answer = register(port)
    assert (answer.status_code, answer.json()["findings"]) == (200, [])
    assert port.get("/api/findings?kind=registration-mismatch&kind=registration-shared").json() == []


def test_a_heartbeat_of_an_unknown_service_is_404(port: httpx.Client) -> None:
    assert error_of(beat(port, "nobody")) == (404, "unknown-service", {"service_name": "nobody"})


@pytest.mark.parametrize("value", [0, 65536, -1, 1.5, True, "18010", None, [18010]])
def test_what_is_no_port(port: httpx.Client, value: object) -> None:
    assert error_of(register(port, port=value)) == (422, "invalid-port", {"parameter": "port"})


def test_bodies_are_bounded_and_of_the_right_type(port: httpx.Client) -> None:
    assert error_of(beat(port, metrics={"x": "y" * 20_000}))[:2] == (413, "payload-too-large")
    assert error_of(beat(port, metrics=[1])) == (422, "invalid-request", {"parameter": "metrics"})
    answer = port.post("/api/ports/register", content=b"{}", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415


def test_others_than_programs_of_this_host_need_a_token(port: httpx.Client, hub: Hub) -> None:
    for path in ("register", "heartbeat"):
        answer = port.post(f"/api/ports/{path}", json=VAULT, headers={"X-Forwarded-For": "10.0.0.7"})
        assert error_of(answer)[:2] == (401, "unauthorized")
        answer = port.post(f"/api/ports/{path}", json=VAULT, headers={"Origin": "http://evil.example"})
        assert error_of(answer)[:2] == (403, "forbidden")
    assert hub.live.desk.services() == ()


def test_who_asks_too_often_is_told_to_wait(fleet_dir: Path, start_api: Callable[..., LiveApi]) -> None:
    with live_hub(fleet_dir, rate=1) as hub:
        assert hub.wait_ready(DEADLINE)
        http = start_api(hub).client
        answers = [beat(http) for _ in range(6)]
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert error_of(refused)[1] == "too-many-requests"
        assert int(refused.headers["Retry-After"]) == refused.json()["error"]["details"]["retry_after"] == 1


def test_a_bucket_for_each_peer() -> None:
    now = [0.0]
    rate = PeerRate(2, lambda: now[0])
    for _ in range(4):
        rate.spend("a")
    with pytest.raises(TooManyRequests):
        rate.spend("a")
    rate.spend("b")
    now[0] = 0.5
    rate.spend("a")
    with pytest.raises(TooManyRequests):
        rate.spend("a")


def test_as_many_as_the_settings_allow(fleet_dir: Path, start_api: Callable[..., LiveApi]) -> None:
    with live_hub(fleet_dir, patience=Patience(most=1)) as hub:
        assert hub.wait_ready(DEADLINE)
        http = start_api(hub).client
        assert register(http).status_code == 201
        assert error_of(register(http, service_name="ledger")) == (409, "too-many-services", {"most": 1})


def test_a_silent_service_goes_stale_then_gone_and_comes_back(
    fleet_dir: Path, start_api: Callable[..., LiveApi]
) -> None:
    told: list[Event] = []
    with live_hub(fleet_dir, patience=Patience(0.3, 0.6)) as hub:
        assert hub.wait_ready(DEADLINE)
        hub.log.subscribe(told.extend)
        http = start_api(hub).client
        register(http)
        until(lambda: http.get("/api/ports/registrations").json()[0]["state"] == "gone")
        until(lambda: hub.snapshot.observed.registrations[0].state == "gone")
        assert beat(http).status_code == 200
        until(lambda: hub.snapshot.observed.registrations[0].state == "live")
    kinds = [event.type for event in told if event.type.startswith("service.")]
    assert kinds[:4] == ["service.registered", "service.stale", "service.gone", "service.changed"]


def test_a_registered_port_is_handed_out_to_nobody_else(port: httpx.Client, hub: Hub) -> None:
    register(port, port=18000)
    assert hub.assign(AssignmentRequest("ledger")).result(DEADLINE).port == 18001
    with pytest.raises(PortTaken, match=r"^18000 is registered by vault$"):
        hub.assign(AssignmentRequest("ledger", preferred=18000)).result(DEADLINE)
    assert hub.assign(AssignmentRequest("sx9-vault", preferred=18000)).result(DEADLINE).port == 18000
    assert port.get("/api/findings?kind=registration-mismatch").json() == []


def test_a_reserved_port_is_for_the_crate_that_it_is_kept_for(hub: Hub) -> None:
    with pytest.raises(PortTaken, match=r"reserved for port-manager"):
        hub.assign(AssignmentRequest("ledger", preferred=18103)).result(DEADLINE)
    assert hub.assign(AssignmentRequest("ctas7-port-manager", preferred=18103)).result(DEADLINE).port == 18103


def test_registrations_survive_a_restart_stale_until_heard(fleet_dir: Path, tmp_path: Path) -> None:
    with live_hub(fleet_dir, tmp_path / "state") as hub:
        hub.register(Registration("vault", 18010, pid=7, role="primary")).result(DEADLINE)
        (before,) = hub.live.desk.services()
    with live_hub(fleet_dir, tmp_path / "state") as hub:
        assert hub.wait_ready(DEADLINE)
        until(lambda: [item.state for item in hub.live.desk.services()] == ["stale"])
        assert hub.live.desk.services() == (before._replace(state="stale"),)
        hub.heartbeat("vault", "", {})
        until(lambda: hub.snapshot.observed.registrations == (before,))
