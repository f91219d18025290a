"""The port on which the server answers as a Neural Mux would."""

import asyncio
import socket
import time
from pathlib import Path

import httpx
import pytest

from api.mux_gateway import gateway_services, gateway_status
from workbench.errors import AddressInUse
from workbench.hub import Hub
from workbench.server import Server, serve
from workbench.serving.address import Address

ORIGIN = "http://localhost:21575"
SERVICES = ["ledger", "portal", "rival", "sx9-vault"]


def answers(fleet_dir: Path, *paths: str) -> list[httpx.Response]:
    async def run() -> list[httpx.Response]:
        hub = Hub([fleet_dir])
        server = Server(hub, Address("127.0.0.1", 0, None, 0), pages={})
        try:
            await server.start()
            await asyncio.to_thread(hub.wait_ready, 20)
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.address.mux_port}") as client:
                return [await client.get(path, headers={"Origin": ORIGIN}) for path in paths]
        finally:
            await server.stop()

    return asyncio.run(run())


def test_what_the_front_end_reads_is_there(fleet_dir: Path) -> None:
    status, services, one, health, unknown, api = answers(
        fleet_dir, "/status", "/services", "/services/ledger", "/health", "/services/none", "/api/crates"
    )
    told = status.json()
    assert (told["status"], told["total_services"], told["healthy_services"], told["unknown_services"]) == (
        "unknown", 4, 0, 4,
    )  # fmt: skip
    assert sorted(item["name"] for item in told["services"]) == SERVICES
    assert all(item["id"] and isinstance(item["port"], int) for item in told["services"])
    assert {item["health"] for item in told["services"]} == {"unknown"}
    assert services.json()["services"] == told["services"]
    assert one.json() == next(item for item in told["services"] if item["name"] == "ledger")
    assert (health.json()["status"], health.json()["source"]) == ("ok", "crate-workbench")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "not-found")
    assert api.status_code == 404
    assert {answer.headers["Access-Control-Allow-Origin"] for answer in (status, services, one, health)} == {ORIGIN}


@pytest.mark.parametrize(
    ("seen", "status", "healthy", "unknown"),
    [
        ({}, "unknown", 0, 4),
        ({"ledger": "healthy"}, "unknown", 1, 3),
        ({"ledger": "unhealthy"}, "degraded", 0, 3),
        (dict.fromkeys(SERVICES, "healthy"), "healthy", 4, 0),
    ],
)
def test_only_what_was_observed_counts(
    still_hub: Hub, seen: dict[str, str], status: str, healthy: int, unknown: int
) -> None:
    now = time.time()
    by_name = {item["name"]: item["id"] for item in gateway_services(still_hub, {})}
    told = gateway_status(gateway_services(still_hub, {by_name[n]: (h, now) for n, h in seen.items()}))  # type: ignore[misc]
    assert (told["status"], told["healthy_services"], told["unknown_services"]) == (status, healthy, unknown)
    assert all((item["last_health_check"] is None) == (item["health"] == "unknown") for item in told["services"])


def test_a_busy_port_is_told(fleet_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(AddressInUse) as caught:
        serve(Hub([fleet_dir]), port=0, ws_port=None, pages={}, mux_gateway=taken.getsockname()[1])
    assert caught.value.details["option"] == "--mux-gateway"
    assert "choose another port with --mux-gateway" in caught.value.message
