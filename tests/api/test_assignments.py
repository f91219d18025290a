"""/api/ports/assign: who may, what is answered, and that nothing is assigned where it says so."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import DEADLINE, SECRET, LiveApi, until
from workbench.errors import StoreError
from workbench.events import Event
from workbench.hub import Hub, HubOptions
from workbench.store.database import Store

CORE = "Foundation and core"
FRONT_END = "http://localhost:21575"


@pytest.fixture
def desk(hub: Hub) -> Iterator[httpx.Client]:
    """A client with a token, of a server over a hub without a state file."""
    with LiveApi(hub) as live:
        live.client.headers["Authorization"] = f"Bearer {SECRET}"
        yield live.client


def assign(http: httpx.Client, crate: str = "sx9-vault", key: str | None = None, **fields: Any) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key is not None else {}
    return http.post("/api/ports/assign", json={"crate_name": crate, **fields}, headers=headers)


def error_of(answer: httpx.Response) -> tuple[int, str, dict[str, Any]]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["details"]


def test_a_port_is_assigned_listed_shown_and_released(desk: httpx.Client, hub: Hub) -> None:
    told: list[Event] = []
    hub.log.subscribe(told.extend)
    answer = assign(desk, label="metrics")
    made = answer.json()
    assert (answer.status_code, answer.headers["Location"]) == (201, "/api/ports/18000")
    assert answer.headers["Cache-Control"] == "no-store"
    assert made == {
        "id": made["id"],
        "crate_name": "sx9-vault",
        "label": "metrics",
        "port": 18000,
        "sister_port": 50768,
        "block": CORE,
        "assigned_at": made["assigned_at"],
        "expires_at": None,
        "released_at": None,
        "actor": "tester",
        "durable": False,
    }
    assert desk.get("/api/ports").json()["assigned"] == [made]
    for port in (18000, 50768):
        assert desk.get(f"/api/ports/{port}").json()["assigned"] == [made]
    assert desk.get("/api/ports/18001").json()["assigned"] == []
    assert desk.get("/api/ports/assignments").json() == [made]

    answer = desk.post("/api/ports/18000/release", json={"id": made["id"]})
    ended = answer.json()
    assert (answer.status_code, ended) == (200, made | {"released_at": ended["released_at"]})
    assert ended["released_at"] >= made["assigned_at"]
    assert desk.get("/api/ports/assignments").json() == desk.get("/api/ports").json()["assigned"] == []
    assert desk.get("/api/ports/assignments?history=true").json() == [ended]
    assert [(event.type, event.topic, event.data) for event in told] == [
        ("assignment.made", "assignments", {"assignment": made, "by": "tester"}),
        ("assignment.released", "assignments", {"assignment": ended, "by": "tester"}),
    ]


def test_each_read_is_tagged_with_the_state_of_the_assignments(desk: httpx.Client) -> None:
    for path in ("/api/ports", "/api/ports/18000", "/api/ports/assignments"):
        before = desk.get(path)
        assert before.headers["Cache-Control"] == "no-cache"
        known = {"If-None-Match": before.headers["ETag"]}
        assert desk.get(path, headers=known).status_code == 304
        port = assign(desk).json()["port"]
        after = desk.get(path, headers=known)
        assert (after.status_code, after.headers["ETag"] != before.headers["ETag"]) == (200, True)
        assert after.content != before.content or path == "/api/ports/18000"
        desk.post(f"/api/ports/{port}/release", json={})


def test_the_registry_keeps_its_claims_and_is_one_sound_document(desk: httpx.Client) -> None:
    before = desk.get("/api/ports").json()
    made = [assign(desk, 'odd "assigned":[] name', block="GIS").json() for _ in range(3)]
    assert desk.get("/api/ports").json() == before | {"assigned": made}


def test_the_same_key_is_the_same_answer(desk: httpx.Client) -> None:
    first, again = assign(desk, key="k-1"), assign(desk, key="k-1")
    assert (again.status_code, again.json(), again.headers["Location"]) == (201, first.json(), "/api/ports/18000")
    assert error_of(assign(desk, "ledger", key="k-1"))[:2] == (409, "idempotency-conflict")
    assert assign(desk, key="k-2").json()["port"] == 18001


@pytest.mark.parametrize("key", ["", "two words", "x" * 201, "é"])
def test_a_key_is_a_short_word(desk: httpx.Client, key: str) -> None:
    answer = desk.post(
        "/api/ports/assign", json={"crate_name": "sx9-vault"}, headers={b"Idempotency-Key": key.encode()}
    )
    assert error_of(answer) == (422, "invalid-request", {"parameter": "Idempotency-Key"})


def test_a_preferred_port_or_why_not(desk: httpx.Client) -> None:
    assert assign(desk, "newcomer", preferred=18050).json()["block"] == CORE
    answer = assign(desk, "other", preferred=18050)
    assert error_of(answer) == (409, "port-taken", {"port": 18050})
    assert answer.json()["error"]["message"] == "18050 is assigned to newcomer"
    answer = assign(desk, "newcomer", preferred=18010)
    assert answer.json()["error"]["message"] == '18010 is claimed by sx9-vault ("http_api", owner)'


def test_a_crate_that_does_not_exist_yet_names_its_block(desk: httpx.Client) -> None:
    status, code, details = error_of(assign(desk, "newcomer"))
    assert (status, code, details["parameter"]) == (422, "invalid-request", "block")
    assert assign(desk, "newcomer", block="gis").json()["port"] == 18400


def test_a_block_that_is_full_or_unknown(desk: httpx.Client) -> None:
    assert assign(desk, "a", block="Front-end development").json()["port"] == 21575
    details = {"block": "Front-end development", "first": 21575, "last": 21575}
    assert error_of(assign(desk, "b", block="Front-end development")) == (409, "block-full", details)
    status, code, details = error_of(assign(desk, "b", block="Attic"))
    assert (status, code, CORE in details["blocks"]) == (422, "unknown-block", True)


@pytest.mark.parametrize("port", [0, 65536, 70000, -1, 1.5, 18050.0, True, "80 ", "18050", "0x50", [18050], {}, 10**30])
def test_what_is_no_port(desk: httpx.Client, hub: Hub, port: object) -> None:
    answer = assign(desk, preferred=port)
    assert error_of(answer) == (422, "invalid-port", {"parameter": "preferred"})
    assert "a port is a whole number from 1 to 65535" in answer.json()["error"]["message"]
    assert hub.desk.book.version == 0


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        (b"", "crate_name"),
        (b"{", "body"),
        (b"[]", "body"),
        (b'{"crate_name": ""}', "crate_name"),
        (b'{"crate_name": 1}', "crate_name"),
        (b'{"crate_name": " a"}', "crate_name"),
        (b'{"crate_name": "a\\u001b[31m"}', "crate_name"),
        (b'{"crate_name": "a\\ud800"}', "body"),
        (b'{"crate_name": "a", "label": null}', "label"),
        (b'{"crate_name": "a", "port": 18050}', "port"),
        (b'{"crate_name": "a", "lease_seconds": 0}', "lease_seconds"),
        (b'{"crate_name": "a", "lease_seconds": "60"}', "lease_seconds"),
        (b'{"crate_name": "a", "lease_seconds": 1e400}', "lease_seconds"),
        (b'{"crate_name": "a", "lease_seconds": NaN}', "lease_seconds"),
    ],
)
def test_a_wrong_body_is_named(desk: httpx.Client, body: bytes, parameter: str) -> None:
    answer = desk.post("/api/ports/assign", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["details"]) == (422, {"parameter": parameter})


@pytest.mark.parametrize("path", ["assign", "18010/release"])
def test_other_types_and_large_bodies_are_refused(desk: httpx.Client, path: str) -> None:
    for media_type in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = desk.post(f"/api/ports/{path}", content=b"{}", headers={"Content-Type": media_type})
        assert error_of(answer) == (415, "unsupported-media-type", {"content_type": media_type})
    answer = desk.post(f"/api/ports/{path}", json={"crate_name": "x" * 20_000})
    assert error_of(answer)[:2] == (413, "payload-too-large")


def test_a_release_is_repeated_under_its_key(desk: httpx.Client) -> None:
    made = desk.post("/api/ports/assign", json={"crate_name": "x", "preferred": 18077}).json()
    key = {"Idempotency-Key": "bye-1"}
    ended = desk.post("/api/ports/18077/release", json={}, headers=key)
    again = desk.post("/api/ports/18077/release", json={}, headers=key)
    assert (ended.status_code, again.status_code, again.json()) == (200, 200, ended.json())
    assert ended.json()["id"] == made["id"]
    other = desk.post("/api/ports/18077/release", json={"id": "another"}, headers=key)
    assert error_of(other)[:2] == (409, "idempotency-conflict")
    assert error_of(desk.post("/api/ports/18077/release", json={}))[:2] == (404, "not-assigned")
    assert error_of(desk.post("/api/ports/18077/release", json={}, headers={"Idempotency-Key": "a b"}))[0] == 422


def test_release_of_what_is_not_there(desk: httpx.Client) -> None:
    assert error_of(desk.post("/api/ports/18050/release", json={})) == (404, "not-assigned", {"port": 18050})
    assert error_of(desk.post("/api/ports/0/release", json={}))[:2] == (422, "invalid-port")
    made = assign(desk).json()
    answer = desk.post(f"/api/ports/{made['port']}/release", json={"id": "another"})
    assert error_of(answer) == (409, "conflict", {"port": made["port"], "id": made["id"]})


@pytest.mark.parametrize("path", ["assign", "18000/release"])
@pytest.mark.parametrize(
    "given", [None, "", SECRET, f"Basic {SECRET}", "Bearer", f"Bearer {SECRET}x", f"Bearer {SECRET} x"]
)
def test_without_the_token_nothing_is_changed(live_api: LiveApi, hub: Hub, path: str, given: str | None) -> None:
    headers = {} if given is None else {"Authorization": given}
    answer = live_api.client.post(f"/api/ports/{path}", json={"crate_name": "sx9-vault"}, headers=headers)
    assert error_of(answer)[:2] == (401, "unauthorized")
    asked = 'Bearer error="invalid_token"' if (given or "").startswith("Bearer") else "Bearer"
    assert (answer.headers["WWW-Authenticate"], "Location" in answer.headers) == (asked, False)
    assert SECRET not in answer.text
    assert hub.desk.book.version == 0


def test_the_scheme_may_be_written_in_any_case(live_api: LiveApi) -> None:
    answer = live_api.client.post(
        "/api/ports/assign", json={"crate_name": "sx9-vault"}, headers={"Authorization": f"bearer {SECRET}"}
    )
    assert answer.status_code == 201


def test_a_strangers_page_is_refused_even_with_the_token(desk: httpx.Client, hub: Hub) -> None:
    for path in ("assign", "18000/release"):
        answer = desk.post(
            f"/api/ports/{path}", json={"crate_name": "sx9-vault"}, headers={"Origin": "http://evil.example"}
        )
        assert error_of(answer) == (403, "forbidden", {"origin": "http://evil.example"})
    assert hub.desk.book.version == 0
    answer = desk.post("/api/ports/assign", json={"crate_name": "sx9-vault"}, headers={"Origin": FRONT_END})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (201, FRONT_END)


def test_a_hub_that_stands_still_is_503(api: LiveApi) -> None:
    answer = assign_with_token(api)
    assert error_of(answer)[:2] == (503, "unavailable")


def assign_with_token(live: LiveApi) -> httpx.Response:
    headers = {"Authorization": f"Bearer {SECRET}"}
    return live.client.post("/api/ports/assign", json={"crate_name": "sx9-vault"}, headers=headers)


def test_what_cannot_be_written_is_503_and_not_assigned(
    fleet_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start_api: Callable[..., LiveApi]
) -> None:
    def fail(store: Store, entries: Sequence[object], events: Sequence[object]) -> None:
        raise StoreError("no space left")

    with Hub([fleet_dir], HubOptions(beat=0.5), Store(tmp_path / "state")) as hub:
        assert hub.wait_ready(DEADLINE)
        live = start_api(hub)
        answer = assign_with_token(live)
        assert (answer.status_code, answer.json()["durable"]) == (201, True)
        monkeypatch.setattr(Store, "commit_assignments", fail)
        answer = assign_with_token(live)
        assert error_of(answer)[:2] == (503, "store")
        assert answer.headers["Retry-After"] == "1"
        assert len(live.client.get("/api/ports/assignments").json()) == 1
        assert until(lambda: hub.status()["journal"]["error"] == "no space left")


def test_a_page_of_the_history(desk: httpx.Client) -> None:
    for n in range(5):
        assign(desk, f"c{n}", block="GIS")
    answer = desk.get("/api/ports/assignments?limit=2&offset=1")
    assert [item["port"] for item in answer.json()] == [18401, 18402]
    assert answer.headers["X-Total-Count"] == "5"
