from typing import Any

import httpx
import pytest

from workbench.hub import Hub


def plan(http: httpx.Client, *changes: dict[str, Any]) -> httpx.Response:
    return http.post("/api/ports/plan", json={"changes": list(changes)})


def test_a_new_crate_on_a_port_that_is_owned(http: httpx.Client, still_hub: Hub) -> None:
    answer = plan(http, {"type": "add", "name": "newcomer", "ports": {"api": 18010}})
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["revision", "appeared", "vanished", "collisions", "patch"]
    assert ["owner-collision", ["newcomer", "sx9-vault"]] in [
        [item["kind"], sorted(item["crates"])] for item in body["appeared"]
    ]
    assert "+api = 18010" in body["patch"]
    assert still_hub.snapshot.revision == 1


def test_changes_are_made_one_after_another(http: httpx.Client, still_hub: Hub) -> None:
    before = len(still_hub.snapshot.collisions)
    add = {"type": "add", "name": "newcomer", "ports": {"api": 18010}}
    move = {"type": "move", "crate": "newcomer", "label": "api", "port": 18077}
    assert plan(http, add, move).json()["collisions"] == before
    assert plan(http, add, {"type": "remove", "name": "newcomer"}).json()["patch"] == ""
    moved = plan(http, {"type": "renumber", "block": "Foundation and core", "first": 19000}).json()
    assert "+http_api = 19010" in moved["patch"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"type": "move", "crate": "nobody", "label": "api", "port": 18077}, 404, "unknown-crate"),
        ({"type": "move", "crate": "sx9-vault", "label": "nothing", "port": 18077}, 404, "unknown-label"),
        ({"type": "move", "crate": "sx9-vault", "label": "http_api", "port": 0}, 422, "invalid-request"),
        ({"type": "move", "crate": "sx9-vault", "label": "http_api", "port": "80 "}, 422, "invalid-request"),
        ({"type": "move", "crate": "sx9-vault", "label": "http_api", "port": True}, 422, "invalid-request"),
        ({"type": "renumber", "block": "Attic", "first": 19000}, 422, "unknown-block"),
        ({"type": "fly", "name": "x"}, 422, "invalid-request"),
        ({"type": "remove", "name": "sx9-vault", "more": 1}, 422, "invalid-request"),
    ],
)
def test_what_cannot_be_planned_is_refused(http: httpx.Client, change: dict[str, Any], status: int, code: str) -> None:
    answer = plan(http, change)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_an_empty_plan_is_refused(http: httpx.Client) -> None:
    assert plan(http).status_code == 422
    assert http.post("/api/ports/plan", json={}).status_code == 422
