from pathlib import Path
from typing import Any

import httpx
import pytest

from workbench.hub import Hub

NEW = '[smart-crate]\nname = "newcomer"\nversion = "1.0.0"\n\n[ports]\napi = 18010\n'


def post(http: httpx.Client, text: str | bytes, path: str = "", **headers: str) -> httpx.Response:
    given = {"Content-Type": "application/toml", **headers}
    return http.post("/api/crates/validate" + path, content=text, headers=given)


def trial(http: httpx.Client, text: str | bytes, path: str = "") -> Any:
    answer = post(http, text, path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.json()


def test_a_new_crate_and_the_collision_it_would_make(http: httpx.Client, still_hub: Hub) -> None:
    body = trial(http, NEW)
    assert (body["revision"], body["path"], body["replaces"]) == (1, "newcomer/smart-crate.toml", False)
    assert (body["valid"], body["template"]) == (True, False)
    assert body["crate"]["ports"] == {"api": 18010}
    assert [(item["action"], item["name"]) for item in body["changes"]["crates"]] == [("added", "newcomer")]
    assert [item["port"] for item in body["changes"]["ports"]] == [18010, 50778]
    appeared = [item for item in body["changes"]["appeared"] if item["kind"] == "owner-collision"]
    assert [sorted(item["crates"]) for item in appeared] == [["newcomer", "sx9-vault"]]
    assert still_hub.snapshot.revision == 1
    assert len(still_hub.snapshot.crates) == 7


def test_an_edit_of_a_crate_that_exists_takes_its_place(http: httpx.Client, fleet_dir: Path) -> None:
    text = (fleet_dir / "edge/rival/smart-crate.toml").read_text().replace("18030", "18031")
    body = trial(http, text)
    assert (body["path"], body["replaces"]) == ("edge/rival/smart-crate.toml", True)
    assert [(item["action"], item["name"]) for item in body["changes"]["crates"]] == [("changed", "rival")]
    assert "owner-collision" in {item["kind"] for item in body["changes"]["vanished"]}


def test_the_same_manifest_changes_nothing(http: httpx.Client, fleet_dir: Path) -> None:
    body = trial(http, (fleet_dir / "libs/sums/smart-crate.toml").read_text())
    assert body["changes"] == {"crates": [], "ports": [], "appeared": [], "vanished": []}


def test_a_path_can_be_given(http: httpx.Client) -> None:
    assert trial(http, NEW, "?path=core/vault/smart-crate.toml")["replaces"] is True
    body = http.post("/api/crates/validate", json={"text": NEW, "path": "elsewhere/smart-crate.toml"}).json()
    assert (body["path"], body["replaces"]) == ("elsewhere/smart-crate.toml", False)


@pytest.mark.parametrize("text", ["[smart-crate\n", b'[smart-crate]\nname = "\xff"\n', "a = 1\n", ""])
def test_a_broken_manifest_is_an_answer_not_an_error(http: httpx.Client, text: str | bytes) -> None:
    body = trial(http, text)
    assert (body["valid"], body["crate"]) == (False, None)
    assert body["diagnostics"][0]["severity"] == "error"
    assert body["diagnostics"][0]["sites"][0]["line"] >= 1


def test_a_port_of_70000_is_a_diagnostic(http: httpx.Client) -> None:
    body = trial(http, NEW.replace("18010", "70000"))
    assert body["valid"] is False
    assert "70000" in body["diagnostics"][0]["message"]


def test_the_size_is_limited(http: httpx.Client, still_hub: Hub) -> None:
    limit = still_hub.options.scope.max_bytes
    answer = post(http, "#" * (limit + 1))
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "payload-too-large"
    assert answer.json()["error"]["details"] == {"limit": limit, "found": limit + 1}
    assert http.post("/api/crates/validate", json={"text": "#" * (limit + 1)}).status_code == 413


@pytest.mark.parametrize("media_type", ["application/x-www-form-urlencoded", "image/png"])
def test_other_media_types_are_refused(http: httpx.Client, media_type: str) -> None:
    answer = post(http, NEW, **{"Content-Type": media_type})
    assert answer.status_code == 415
    assert answer.json()["error"]["code"] == "unsupported-media-type"
    assert answer.json()["error"]["details"] == {"content_type": media_type}


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        (b"{", "body"),
        (b"[]", "body"),
        (b"{}", "text"),
        (b'{"text": 1}', "text"),
        (b'{"text": "", "path": ""}', "path"),
        (b'{"text": "", "colour": "red"}', "colour"),
        (b'{"text": "\\ud800"}', "body"),
    ],
)
def test_a_wrong_body_is_named(http: httpx.Client, body: bytes, parameter: str) -> None:
    answer = post(http, body, **{"Content-Type": "application/json; charset=utf-8"})
    assert answer.status_code == 422
    assert answer.json()["error"]["details"] == {"parameter": parameter}
