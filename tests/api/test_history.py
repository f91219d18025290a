"""/api/history and /api/diff, and the same for notebooks, over a restart."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import LiveApi, write_manifest
from workbench.errors import RevisionGone, UnknownRevision
from workbench.hub import Hub, HubOptions
from workbench.store.database import Store
from workbench.workbench import Workbench

SUMS = '[smart-crate]\nname = "sums"\nversion = "{}"\n[ports]\nhttp = {}\n'


def hub_of(fleet_dir: Path, state: Path) -> Hub:
    hub = Hub([fleet_dir], HubOptions(watch=False, beat=60), Store(state))
    hub.start()
    assert hub.wait_ready(10)
    return hub


@pytest.fixture
def past(fleet_dir: Path, tmp_path: Path) -> Iterator[Hub]:
    """A hub of four revisions, restarted in the middle."""
    hub = hub_of(fleet_dir, tmp_path / "state")
    write_manifest(fleet_dir, "libs/sums", SUMS.format("2.0.0", 18010))
    hub.refresh().result(10)
    hub.stop()
    hub = hub_of(fleet_dir, tmp_path / "state")
    write_manifest(fleet_dir, "libs/sums", SUMS.format("3.0.0", 18011))
    hub.refresh().result(10)
    yield hub
    hub.stop()


def test_the_revisions_and_what_changed(past: Hub) -> None:
    with LiveApi(past) as live:
        rows = live.client.get("/api/history").json()
        assert [(row["revision"], row["changed"]) for row in rows] == [(4, 1), (3, 0), (2, 1), (1, 8)]
        assert rows[0]["taken_at"] > rows[1]["taken_at"]
        assert [row["revision"] for row in live.client.get("/api/history?since=1&until=3").json()] == [3, 2]
        after = httpx.QueryParams({"since": rows[1]["taken_at"], "limit": "1"})
        assert [row["revision"] for row in live.client.get("/api/history", params=after).json()] == [4]
        told = live.client.get("/api/diff?from=2&to=4").json()
        of_sums = live.client.get("/api/history?crate=sums&limit=2")
        assert ([row["revision"] for row in of_sums.json()], of_sums.headers["X-Total-Count"]) == ([4, 2], "3")
        assert live.client.get("/api/history?crate=nobody").status_code == 404
    (crate,) = told["crates"]
    assert (told["from"], told["to"], crate["action"], crate["name"]) == (2, 4, "changed", "sums")
    assert crate["fields"] == {
        "version": {"old": "2.0.0", "new": "3.0.0"},
        "ports": {"old": {"http": 18010}, "new": {"http": 18011}},
    }
    assert {18010, 18011} <= {item["port"] for item in told["ports"]}
    assert 18010 in [port for item in told["vanished"] for port in item["ports"]]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("from=0&to=1", 410, "revision-gone"),
        ("from=1&to=99", 404, "unknown-revision"),
        ("to=1", 422, "invalid-request"),
        ("from=x", 422, "invalid-request"),
    ],
)
def test_a_revision_that_is_not_there(past: Hub, query: str, status: int, code: str) -> None:
    with LiveApi(past) as live:
        answer = live.client.get(f"/api/diff?{query}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    if status == 410:
        assert answer.json()["error"]["details"]["oldest"] == 1


def test_a_notebook_looks_back(past: Hub) -> None:
    wb = Workbench(past)
    assert wb.history["revision"].tolist() == [1, 2, 3, 4]
    then = wb.at(2)
    assert (then.revision, then.crate("sums").version) == (2, "2.0.0")
    assert then.sql("SELECT count(*) AS n FROM crates WHERE version = '2.0.0'")["n"].tolist() == [1]
    moment = wb.history["taken_at"][0].to_pydatetime()
    assert wb.at(moment).crate("sums").version == "1.2.3"
    assert wb.at(moment.isoformat()).revision == wb.at(moment.timestamp()).revision == 1
    assert wb.diff(1, 2)["crates"][0]["fields"]["version"] == {"old": "1.2.3", "new": "2.0.0"}
    with pytest.raises(RevisionGone, match="the oldest is 1"):
        wb.at(0)
    with pytest.raises(UnknownRevision):
        wb.at(5)
    with pytest.raises(RevisionGone):
        wb.at(0.0)


def test_without_a_state_file_there_is_the_present(still_hub: Any) -> None:
    wb = Workbench(still_hub)
    assert wb.history["revision"].tolist() == [1]
    assert wb.at(1).summary() == wb.summary()
