import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from tornado.web import Application, HTTPError

from api.refusals import refusal
from workbench import errors
from workbench.fleet.snapshot import Snapshot


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(Snapshot, "records_named", fail)


@pytest.mark.usefixtures("broken")
def test_what_nobody_foresaw_is_500_and_tells_nothing(http: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "api"):
        answer = http.get("/api/crates/ledger", headers={"X-Request-Id": "find-me"})
    assert answer.status_code == 500
    assert answer.json() == {
        "error": {
            "code": "internal",
            "message": "the server failed to answer; its log has the details under this request id",
            "details": {},
            "request_id": "find-me",
        }
    }
    assert answer.headers["X-Request-Id"] == "find-me"
    assert "find-me" in caplog.text
    assert "a secret of the inside" in caplog.text


@pytest.mark.parametrize("given", ["", "with space", "x" * 65, "tab\there", "é"])
def test_an_unsound_request_id_is_replaced(http: httpx.Client, given: str) -> None:
    answer = http.get("/health", headers={"X-Request-Id": given.encode()})
    assert len(answer.headers["X-Request-Id"]) == 16
    assert answer.headers["X-Request-Id"] != given


def test_request_ids_differ(http: httpx.Client) -> None:
    assert len({http.get("/health").headers["X-Request-Id"] for _ in range(5)}) == 5


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.UnknownCrate("x"), 404, "unknown-crate"),
        (errors.InvalidRequest("x"), 422, "invalid-request"),
        (errors.StoreError("x"), 503, "store"),
        (errors.WorkbenchError("x"), 500, "internal"),
        (HTTPError(400, "inside"), 400, "bad-request"),
        (HTTPError(403), 403, "forbidden"),
        (HTTPError(502), 502, "internal"),
        (KeyError("x"), 500, "internal"),
        (None, 404, "not-found"),
    ],
)
def test_each_source_of_error(error: BaseException | None, status: int, code: str) -> None:
    told = refusal(404, error)
    assert (told.status, told.code) == (status, code)
    assert "inside" not in told.message


def test_invalid_unicode_in_a_path_is_400(http: httpx.Client) -> None:
    answer = http.get("/api/crates/%ff")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad-request")


class Provider:
    """A login like Panel's: it knows who has the right cookie."""

    get_user_async = None

    @staticmethod
    def get_user(handler: Any) -> str | None:
        return "operator" if handler.get_cookie("user") == "yes" else None


def test_where_the_pages_need_a_login_so_does_the_api(
    api: Any, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Application, "auth_provider", Provider, raising=False)
    for path in ("/api/crates", "/status", "/ws", "/api/events"):
        answer = api.client.get(path)
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], "Location" in answer.headers) == (401, "unauthorized", False)
    assert api.client.get("/health").status_code == 200
    assert api.client.options("/api/crates").status_code == 204
    assert api.client.get("/api/crates", headers={"Cookie": "user=yes"}).status_code == 200

    async def talk() -> Any:
        async with api.socket(Cookie="user=yes") as client:
            return await client.next()

    assert run(talk())["type"] == "hello"


def test_a_client_that_goes_away_is_no_failure(api: Any, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(20):
        with api.client.stream("GET", "/api/graph?q=a") as answer:
            assert answer.status_code == 200
    assert api.client.get("/health").status_code == 200
    assert caplog.records == []
