"""What no sound client sends is refused in the envelope, and never a failure of the server."""

import asyncio
import logging

import httpx
import pytest

from tests.api.conftest import SECRET, LiveApi

TOKEN = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}
LONG = "9" * 5000


@pytest.mark.parametrize(
    "path",
    [
        "/api/crates/%ff", "/api/crates/%00", "/api/crates/%", "/api/crates/%zz", "/api/crates/..%2f..%2fetc%2fpasswd",
        "/api/graph/%c3%28", "/api/graph/port:%00", "/api/ports/%ff", "/api/ports/%D9%A1", "/api/ports/1e3",
        f"/api/ports/{LONG}", "/api/ports/-1", f"/api/crates?limit={LONG}", "/api/crates?limit=1e9", f"/api/crates?offset={10**30}", "/api/crates?limit=0x10",
        "/api/crates?%ff=1", "/api/findings?severity=%ff", "/api/findings?port=65536", "/api/crates?refresh=perhaps",
        f"/api/events?since={LONG}", f"/api/events?since={2**53}", "/api/events?since=-1", "/api/events/recent?limit=99999", "/api/graph?limit=-5",
    ],
)  # fmt: skip
def test_a_hostile_read_is_refused(http: httpx.Client, caplog: pytest.LogCaptureFixture, path: str) -> None:
    with caplog.at_level(logging.ERROR):
        answer = http.get(path)
    assert answer.status_code in (400, 404, 422)
    assert set(answer.json()["error"]) == {"code", "message", "details", "request_id"}
    assert not caplog.records


@pytest.mark.parametrize("path", ["/api/crates?q=%ff", "/api/crates?q=%00", f"/api/crates?offset={2**53 - 1}"])
def test_a_strange_search_finds_nothing(http: httpx.Client, path: str) -> None:
    answer = http.get(path)
    assert (answer.status_code, answer.json()) == (200, [])


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"crate_name": "\xff"}', b'{"crate_name": "\\ud800"}', b"1e999",
        b'{"crate_name": "a\\u0000"}', b'{"crate_name": "a", "preferred": ' + b"9" * 400 + b"}", b"[" * 9000,
        b'{"crate_name": "a", "lease_seconds": 1e999}', b'{"crate_name": "a", "lease_seconds": NaN}',
    ],
)  # fmt: skip
def test_a_hostile_body_is_refused(http: httpx.Client, caplog: pytest.LogCaptureFixture, body: bytes) -> None:
    with caplog.at_level(logging.ERROR):
        answer = http.post("/api/ports/assign", content=body, headers=TOKEN)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] in ("invalid-request", "invalid-port")
    assert not caplog.records


@pytest.mark.parametrize("last", ["9" * 5000, "-1", "1.5", "x", "٣"])
def test_a_strange_last_event_id_is_passed_over(api: LiveApi, last: str) -> None:
    with api.client.stream("GET", "/api/events", headers={"Last-Event-ID": last.encode()}) as answer:
        assert answer.status_code == 200
        line = next(line for line in answer.iter_lines() if line.startswith("data"))
    assert '"hello"' in line


@pytest.mark.parametrize("since", [10**9, 2**53 - 1])
def test_a_number_beyond_all_events_asks_for_a_new_start(api: LiveApi, since: int) -> None:
    async def ask() -> str:
        async with api.socket(f"/ws?since={since}") as client:
            (_, answer) = await client.take(2)
            return str(answer["type"])

    assert asyncio.run(ask()) == "resync"
