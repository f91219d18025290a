import asyncio
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_families
from prometheus_client.parser import text_string_to_metric_families as text_families

from api.measures import start_clock
from api.metrics import wanted_format
from tests.api.conftest import until
from workbench.errors import StoreError

PROMETHEUS = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1"


def test_system_metrics(http: httpx.Client) -> None:
    metrics = {item["id"]: item for item in http.get("/api/metrics").json()}
    assert metrics["crates"] == {
        "id": "crates", "name": "Crates", "value": 7, "unit": "crates", "trend": "stable", "status": "healthy",
    }  # fmt: skip
    assert (metrics["collisions"]["value"], metrics["collisions"]["status"]) == (1, "critical")
    assert (metrics["broken"]["value"], metrics["broken"]["status"]) == (1, "critical")
    for item in metrics.values():
        assert item.keys() == {"id", "name", "value", "unit", "trend", "status"}
        assert isinstance(item["value"], (int, float))
        assert item["trend"] in ("up", "down", "stable")
        assert item["status"] in ("healthy", "warning", "critical")


def test_the_trend_is_against_the_revision_before(live_api: Any, fleet_dir: Path) -> None:
    (fleet_dir / "libs/sums/smart-crate.toml").unlink()
    live_api.hub.refresh().result(10)
    metrics = {item["id"]: item for item in live_api.client.get("/api/metrics").json()}
    assert (metrics["crates"]["value"], metrics["crates"]["trend"]) == (6, "down")
    assert metrics["collisions"]["trend"] == "stable"


@pytest.mark.parametrize("accept", ["*/*", "", "application/json, text/plain, */*", "text/html,*/*;q=0.8"])
def test_json_for_whoever_takes_anything(http: httpx.Client, accept: str) -> None:
    answer = http.get("/metrics", headers={"Accept": accept})
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Vary"] == "Accept, Origin"
    assert answer.json()[0]["id"] == "crates"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("text/plain", "text/plain; version=0.0.4; charset=utf-8"),
        (PROMETHEUS, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        ("application/json;q=0.1,text/plain", "text/plain; version=0.0.4; charset=utf-8"),
    ],
)
def test_prometheus_text_for_whoever_asks_for_it(http: httpx.Client, accept: str, expected: str) -> None:
    answer = http.get("/metrics", headers={"Accept": accept})
    assert answer.headers["Content-Type"] == expected
    lines = answer.text.splitlines()
    assert "workbench_fleet_crates 7.0" in lines
    assert 'workbench_findings{kind="owner-collision",severity="error"} 1.0' in lines
    assert "workbench_event_evictions_total 0.0" in lines
    assert (lines[-1] == "# EOF") is expected.startswith("application/openmetrics")
    assert {family.name for family in parsed(answer)} >= {"workbench_findings", "workbench_request_seconds"}


def parsed(answer: httpx.Response) -> list[Metric]:
    is_open = answer.headers["Content-Type"].startswith("application/openmetrics")
    return list((open_families if is_open else text_families)(answer.text))


def samples(http: httpx.Client, name: str) -> dict[tuple[tuple[str, str], ...], float]:
    """Return the samples of a name by their labels."""
    answer = http.get("/metrics", headers={"Accept": "text/plain"})
    found = (sample for family in parsed(answer) for sample in family.samples if sample.name == name)
    return {tuple(sorted(sample.labels.items())): sample.value for sample in found}


def test_requests_are_counted_by_route_method_and_status(http: httpx.Client) -> None:
    for path in ("/api/crates/portal", "/api/crates/ledger", "/api/crates/nobody", "/api/nothing", "/api/nothing/else"):
        http.get(path)
    http.post("/api/crates/portal")
    http.request("BREW", "/api/crates/portal")
    counts = samples(http, "workbench_request_seconds_count")

    def of(route: str, method: str, status: str) -> float:
        return counts[("method", method), ("route", route), ("status", status)]

    assert of("/api/crates/{name}", "GET", "200") == 2
    assert of("/api/crates/{name}", "GET", "404") == 1
    assert of("/api/crates/{name}", "POST", "405") == 1
    assert of("/api/crates/{name}", "other", "405") == 1
    assert of("other", "GET", "404") == 2
    seconds = samples(http, "workbench_request_seconds_sum")
    assert 0 < seconds[("method", "GET"), ("route", "/api/crates/{name}"), ("status", "200")] < 10


def test_streams_are_not_measured_and_what_waits_for_them_is(api: Any, run: Any) -> None:
    async def follow() -> None:
        async with api.socket() as client:
            await client.first("hello")
            api.publish({"n": 1})
            await client.first("crate.changed")
            text = "\n".join(
                await asyncio.to_thread(lambda: list(map(str, samples(api.client, "workbench_event_clients").values())))
            )
            assert text == "1.0"

    run(follow())
    assert samples(api.client, "workbench_event_clients") == {(): 0.0}
    assert samples(api.client, "workbench_event_queue") == {(): 0.0}
    assert samples(api.client, "workbench_event_frames_total")[()] >= 2
    assert not [
        labels for labels in samples(api.client, "workbench_request_seconds_count") if ("route", "/ws") in labels
    ]


def test_scans_are_counted_by_extent(live_api: Any) -> None:
    before = samples(live_api.client, "workbench_scan_seconds_count")
    live_api.hub.refresh().result(10)
    after = samples(live_api.client, "workbench_scan_seconds_count")
    assert before[("extent", "full"),] >= 1
    assert after[("extent", "full"),] > before[("extent", "full"),]


def test_a_journal_that_fails_is_counted(api: Any) -> None:
    assert samples(api.client, "workbench_journal_errors_total") == {(): 0.0}
    api.hub.guard.lose(StoreError("the disk is full"))
    assert samples(api.client, "workbench_journal_errors_total") == {(): 1.0}


def test_a_loop_that_is_held_up_is_seen(api: Any) -> None:
    clock = api.on_loop(lambda: start_clock(api.hub))
    try:
        until(lambda: samples(api.client, "workbench_loop_lag_seconds_count")[()] >= 2)
        api.on_loop(lambda: time.sleep(0.3))
        until(lambda: samples(api.client, "workbench_loop_lag_seconds_sum")[()] >= 0.15)
    finally:
        api.on_loop(clock.stop)


def test_preference() -> None:
    assert wanted_format("text/plain;q=oops") == "application/json"
    assert wanted_format("text/plain;q=0") == "application/json"
