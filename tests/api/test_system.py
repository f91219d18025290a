from collections.abc import Callable
from typing import Any

import httpx

from workbench.hub import Hub, HubOptions


def test_health(http: httpx.Client) -> None:
    answer = http.get("/health")
    body = answer.json()
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert body.pop("uptime_seconds") >= 0
    assert body == {"status": "ok", "revision": 1}


def test_ready(http: httpx.Client) -> None:
    answer = http.get("/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "revision": 1})


def test_not_ready_before_the_first_scan(fleet_dir: Any, start_api: Callable[..., Any]) -> None:
    hub = Hub([fleet_dir], HubOptions(watch=False))
    client = start_api(hub).client
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()) == (503, {"status": "scanning", "revision": 0})
    assert client.get("/status").json()["status"] == "scanning"
    for _ in range(2):
        answer = client.get("/api/crates")
        assert (answer.json(), answer.headers["X-Fleet-State"]) == ([], "scanning")
    assert client.get("/health").status_code == 200
    hub.scan_once()
    hub._ready.set()
    answer = client.get("/api/crates")
    assert answer.json()
    assert "X-Fleet-State" not in answer.headers


def test_services_never_claim_a_health_that_nobody_measured(http: httpx.Client) -> None:
    body = http.get("/services").json()
    services = body.pop("services")
    assert body == {"status": "ready", "total_services": 4, "healthy_services": 0, "unknown_services": 4}
    assert services[0] == {
        "id": "ledger",
        "name": "ledger",
        "port": 18020,
        "ports": {"http_api": 18020},
        "classification": "service",
        "health": "unknown",
        "health_source": None,
        "health_age_seconds": None,
    }
    assert len({service["id"] for service in services}) == 4


def test_status_has_both_the_hub_and_what_front_ends_read(http: httpx.Client, still_hub: Hub) -> None:
    body = http.get("/status").json()
    assert {"status", "total_services", "healthy_services", "services"} <= body.keys()
    assert (body["status"], body["instance"], body["revision"]) == ("ready", still_hub.instance, 1)
    assert body["fleet"]["crates"] == 7
    assert all({"id", "name", "port"} <= service.keys() for service in body["services"])


def test_agents_are_a_bare_array(http: httpx.Client) -> None:
    assert http.get("/agents/list").json() == []
