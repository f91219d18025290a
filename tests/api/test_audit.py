"""/api/audit: for administrators only, filtered, and fit to be shown."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.api.conftest import DEADLINE, SECRET, LiveApi, until
from workbench.hub import Hub, HubOptions
from workbench.security.tokens import Token, Tokens
from workbench.store.database import Store

ADMIN = {"Authorization": "Bearer the-administrators"}
WRITER = {"Authorization": "Bearer the-writers"}


@pytest.fixture
def desk(fleet_dir: Path, tmp_path: Path) -> Iterator[LiveApi]:
    tokens = Tokens([Token.of("boss", "the-administrators"), Token.of("ci", "the-writers", ["ports:write"])])
    with Hub([fleet_dir], HubOptions(watch=False), Store(tmp_path / "state")) as hub:
        assert hub.wait_ready(DEADLINE)
        with LiveApi(hub, api_tokens=tokens) as live:
            yield live


def assign(http: httpx.Client, crate: str = "ledger", **headers: str) -> httpx.Response:
    return http.post("/api/ports/assign", json={"crate_name": crate}, headers={**WRITER, **headers})


def test_who_what_when_from_where_and_with_which_outcome(desk: LiveApi) -> None:
    http = desk.client
    before = datetime.now(UTC)
    port = assign(http, **{"X-Request-Id": "r-1", "Origin": "http://localhost:3000"}).json()["port"]
    http.post(f"/api/ports/{port}/release", json={"id": "another"}, headers=WRITER)
    http.post(f"/api/ports/{port}/release", json={}, headers=WRITER)
    http.post(f"/api/ports/{port}/release", json={}, headers={"Authorization": "Bearer guessed"})
    answer = http.get("/api/audit", headers=ADMIN)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    found = answer.json()
    assert [(item["actor"], item["action"], item["subject"], item["outcome"], item["status"]) for item in found] == [
        (None, "port.release", f"/api/ports/{port}/release", "refused", 401),
        ("ci", "port.release", f"ledger http {port}", "done", 200),
        ("ci", "port.release", str(port), "failed", 409),
        ("ci", "port.assign", f"ledger http {port}", "done", 201),
    ]
    assert found[3] == {
        "id": found[3]["id"],
        "at": found[3]["at"],
        "actor": "ci",
        "means": "token",
        "action": "port.assign",
        "subject": f"ledger http {port}",
        "outcome": "done",
        "status": 201,
        "code": None,
        "address": "127.0.0.1",
        "origin": "http://localhost:3000",
        "request_id": "r-1",
    }
    assert before - timedelta(seconds=1) < datetime.fromisoformat(found[3]["at"]) < datetime.now(UTC)


def test_it_is_for_administrators(desk: LiveApi) -> None:
    assert desk.client.get("/api/audit").status_code == 401
    answer = desk.client.get("/api/audit", headers=WRITER)
    assert (answer.status_code, answer.json()["error"]["message"]) == (403, "ci lacks the scope admin")
    assert [item["action"] for item in desk.client.get("/api/audit", headers=ADMIN).json()] == ["audit", "audit"]


def test_filters(desk: LiveApi) -> None:
    for n in range(3):
        assign(desk.client, f"c{n}" if n else "ledger")
    moment = (datetime.now(UTC) + timedelta(seconds=5)).isoformat()

    def asked(**query: str) -> list[str]:
        answer = desk.client.get("/api/audit", params=query, headers=ADMIN)
        assert answer.status_code == 200, answer.text
        return [item["outcome"] for item in answer.json()]

    assert asked() == ["failed", "failed", "done"]
    assert asked(outcome="done") == ["done"]
    assert asked(actor="ci", limit="1") == ["failed"]
    assert asked(actor="boss") == asked(action="port.release") == asked(since=moment) == []
    assert asked(since="2020-01-01T00:00:00+02:00") == ["failed", "failed", "done"]
    first = desk.client.get("/api/audit?limit=1", headers=ADMIN).json()[0]["id"]
    assert asked(before=str(first)) == ["failed", "done"]


@pytest.mark.parametrize(
    "query",
    ["since=yesterday", "since=2020-01-01T00:00:00", "outcome=lost", "limit=0", "limit=1001", "before=-1", "who=x"],
)
def test_wrong_parameters_are_named(desk: LiveApi, query: str) -> None:
    answer = desk.client.get(f"/api/audit?{query}", headers=ADMIN)
    assert (answer.status_code, answer.json()["error"]["details"]["parameter"]) == (422, query.partition("=")[0])


def test_entries_are_there_after_a_restart(desk: LiveApi, fleet_dir: Path, tmp_path: Path) -> None:
    assign(desk.client)
    until(desk.hub.audit.entries)
    desk.hub.stop()
    with Hub([fleet_dir], HubOptions(watch=False), Store(tmp_path / "state")) as again:
        assert again.wait_ready(DEADLINE)
        assert [entry.actor for entry in again.audit.entries()] == ["ci"]


@pytest.mark.parametrize(
    "path",
    ["/api/ports/%0d%0aSet-Cookie:%20x/release", "/api/ports/%1b[2J/release", "/api/ports/" + "9" * 5_000 + "/release"],
)
def test_text_of_strangers_stays_on_its_line(desk: LiveApi, path: str) -> None:
    desk.client.post(path, json={}, headers={"Authorization": "Bearer guessed", "Origin": "http://localhost:3000"})
    (entry,) = desk.client.get("/api/audit", headers=ADMIN).json()
    assert len(entry["subject"]) <= 300
    assert entry["subject"].isprintable()


def test_no_secret_reaches_the_log_or_the_audit(desk: LiveApi, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        assign(desk.client)
        assign(desk.client, Authorization=f"Bearer {SECRET}")
        desk.client.post("/api/ports/assign", json={}, headers={**WRITER, "Origin": "http://evil.example"})
    text = caplog.text + desk.client.get("/api/audit", headers=ADMIN).text
    for secret in (SECRET, "the-writers", "the-administrators"):
        assert secret not in text
