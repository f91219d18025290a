from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.api.conftest import LiveApi
from workbench.fleet.muting import Mute
from workbench.fleet.plan import PortPlan
from workbench.fleet.wire import finding_model
from workbench.hub import Hub, HubOptions


def test_all_gravest_first(http: httpx.Client, still_hub: Hub) -> None:
    answer = http.get("/api/findings")
    assert answer.status_code == 200
    assert answer.json() == [finding_model(item) for item in still_hub.snapshot.findings]
    assert answer.headers["X-Total-Count"] == str(len(still_hub.snapshot.findings))


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("kind=owner-collision", lambda item: item["kind"] == "owner-collision"),
        (
            "kind=syntax&kind=dependency-cycle",
            lambda item: item["kind"] in ("syntax", "dependency-cycle"),
        ),
        ("severity=error", lambda item: item["severity"] == "error"),
        ("crate=vault", lambda item: "sx9-vault" in item["crates"]),
        ("crate=nobody", lambda item: False),
        ("port=18030", lambda item: 18030 in item["ports"]),
        ("port=18030&severity=hint", lambda item: 18030 in item["ports"] and item["severity"] == "hint"),
    ],
)
def test_filters(http: httpx.Client, query: str, wanted: object) -> None:
    everything = http.get("/api/findings").json()
    answer = http.get(f"/api/findings?{query}")
    assert answer.status_code == 200
    assert answer.json() == [item for item in everything if wanted(item)]  # type: ignore[operator]
    assert answer.headers["X-Total-Count"] == str(len(answer.json()))


def test_pages(http: httpx.Client) -> None:
    everything = http.get("/api/findings").json()
    answer = http.get("/api/findings?limit=1&offset=1")
    assert answer.json() == everything[1:2]
    assert answer.headers["X-Total-Count"] == str(len(everything))
    assert 'rel="next"' in answer.headers["Link"]


@pytest.fixture
def muting_api(fleet_dir: Path, start_api: Callable[..., LiveApi]) -> LiveApi:
    """The API over a fleet whose settings accept two kinds of findings."""
    plan = PortPlan(mutes=(Mute("owner-collision", "one host each"), Mute("SC001", "being repaired")))
    hub = Hub([fleet_dir], HubOptions(plan, watch=False))
    hub.scan_once()
    return start_api(hub)


def test_muted_findings_are_listed_when_asked_for_and_always_counted(muting_api: LiveApi) -> None:
    def asked(query: str) -> tuple[list[tuple[str, str | None]], str, str]:
        answer = muting_api.client.get(f"/api/findings{query}")
        found = [(item["kind"], item["muted"]) for item in answer.json()]
        return found, answer.headers["X-Total-Count"], answer.headers["X-Muted-Count"]

    collision, syntax = ("owner-collision", "one host each"), ("syntax", "being repaired")
    assert asked("") == asked("?muted=exclude") == ([("dependency-cycle", None)], "1", "2")
    assert asked("?muted=only") == ([syntax, collision], "2", "2")
    assert asked("?muted=include") == ([syntax, collision, ("dependency-cycle", None)], "3", "2")
    assert asked("?muted=only&port=18030") == ([collision], "1", "1")
    assert asked("?crate=sums") == ([], "0", "0")


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("kind=odd", "kind"),
        ("severity=grave", "severity"),
        ("port=0", "port"),
        ("odd=1", "odd"),
        ("muted=yes", "muted"),
    ],
)
def test_a_wrong_parameter_is_named(http: httpx.Client, query: str, name: str) -> None:
    answer = http.get(f"/api/findings?{query}")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["details"]["parameter"]) == (422, "invalid-request", name)
