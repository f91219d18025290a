"""A registration that was answered is there after a kill -9, stale until it is heard again."""

from collections.abc import Callable
from pathlib import Path

import httpx

from tests.faults.test_assignments import Server

COUNT = 20


def test_an_answered_registration_survives_a_crash(
    fleet_dir: Path, tmp_path: Path, wait_for: Callable[..., None]
) -> None:
    server = Server(fleet_dir, tmp_path / "state")
    told = {}
    try:
        with httpx.Client(timeout=10) as client:
            for n in range(COUNT):
                body = {"service_name": f"service-{n}", "port": 20_000 + n, "protocol": "http", "pid": 100 + n}
                answer = client.post(f"{server.url}/api/ports/register", json=body)
                assert (answer.status_code, answer.json()["durable"]) == (201, True)
                told[body["service_name"]] = answer.json()
            client.post(f"{server.url}/api/ports/register", json={"service_name": "service-0", "port": 21_000})
        server.kill()
        server.start()

        def listed() -> dict[str, dict[str, object]]:
            answer = httpx.get(f"{server.url}/api/ports/registrations", timeout=10)
            return {item["service_name"]: item for item in answer.json()}

        wait_for(lambda: {item["state"] for item in listed().values()} == {"stale"})
        found = listed()
        assert found.keys() == told.keys()
        assert found["service-0"]["port"] == 21_000
        for name in told.keys() - {"service-0"}:
            for key in ("port", "protocol", "pid", "registered_at", "seen_at"):
                assert found[name][key] == told[name][key]
        beat = httpx.post(f"{server.url}/api/ports/heartbeat", json={"service_name": "service-1"}, timeout=10)
        assert beat.status_code == 200
        wait_for(lambda: listed()["service-1"]["state"] == "live")
    finally:
        server.kill()
