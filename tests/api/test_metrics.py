import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.metrics import wanted_format

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
    assert "workbench_fleet_crates 7" in lines
    assert 'workbench_findings{kind="owner-collision",severity="error"} 1' in lines
    assert "workbench_event_evictions_total 0" in lines
    assert (lines[-1] == "# EOF") is expected.startswith("application/openmetrics")
    sample = re.compile(r'[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? -?[0-9.e+]+')
    assert [line for line in lines if not line.startswith("#") and not sample.fullmatch(line)] == []


def test_preference() -> None:
    assert wanted_format("text/plain;q=oops") == "application/json"
    assert wanted_format("text/plain;q=0") == "application/json"
