"""What is answered without a handler is what a handler would answer."""

import asyncio
import itertools
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tornado.httputil import HTTPHeaders, ResponseStartLine

from api.crates import CratesHandler
from api.repeats import PART, Replies, Reply, question_of
from tests.api.conftest import DEADLINE, MANIFESTS, SECRET, LiveApi, until, write_manifest
from workbench.hub import Hub

PATHS = (
    "/api/crates",
    "/api/crates?class=service",
    "/api/crates?fields=name,version",
    "/api/crates?limit=2&offset=1",
    "/api/crates?limit=many",
    "/api/crates/ledger",
    "/api/crates/nobody",
    "/api/crates/ledger/health",
    "/api/ports",
    "/api/ports/18030",
    "/api/ports/conflicts",
    "/api/findings",
    "/api/findings?severity=error",
    "/api/search?q=vault",
    "/api/graph",
    "/api/graph/blast-radius/sx9-vault",
    "/api/snapshot",
    "/api/snapshot/crates.csv",
    "/api/snapshot/crates.parquet",
    "/api/snapshot/claims.json",
    "/api/openapi.json",
)
MANNERS: tuple[dict[str, str], ...] = (
    {},
    {"Accept-Encoding": "gzip"},
    {"Accept-Encoding": "zstd, gzip"},
    {"Origin": "http://localhost:5173"},
    {"Origin": "https://elsewhere.example"},
    {"Host": "attacker.example"},
    {"If-None-Match": "*"},
    {"If-None-Match": '"of-another-day"'},
    {"Authorization": f"Bearer {SECRET}"},
    {"Authorization": "Bearer of-nobody"},
    {"X-Forwarded-For": "192.0.2.1"},
    {"X-Request-Id": "mine"},
    {"Connection": "close"},
)
OWN = {"date", "x-request-id"}


@pytest.fixture
def both(hub: Hub) -> Iterator[tuple[LiveApi, LiveApi]]:
    """A server that repeats and one that does not, over the same hub."""
    with LiveApi(hub) as repeating, LiveApi(hub, repeats=False) as plain:
        yield repeating, plain


def told(live: LiveApi, method: str, path: str, headers: dict[str, str]) -> tuple[Any, ...]:
    host = {"Host": "localhost:15180"} | headers
    with live.client.stream(method, path, headers={"Accept-Encoding": "identity"} | host) as answer:
        body = b"".join(answer.iter_raw())
    if answer.status_code >= 400:
        body = body.partition(b'"request_id"')[0]
    kept = sorted((name, value) for name, value in answer.headers.items() if name not in OWN)
    return answer.status_code, answer.reason_phrase, kept, body


def kept_answers(live: LiveApi) -> int:
    replies = live.hub.snapshot._derived.get(("api", "replies"))
    return len(replies) if replies else 0


def test_answers_are_the_same_with_and_without_a_handler(both: tuple[LiveApi, LiveApi], fleet_dir: Path) -> None:
    repeating, plain = both
    for version in ("2.1.0", "2.2.0"):
        write_manifest(fleet_dir, "core/vault", MANIFESTS["core/vault"].replace("2.1.0", version))
        until(lambda v=version: f'"{v}"' in plain.client.get("/api/crates/sx9-vault").text)
        for path, manner in itertools.product(PATHS, MANNERS):
            expected = told(plain, "GET", path, manner)
            assert [told(repeating, "GET", path, manner) for _ in range(2)] == [expected] * 2, (path, manner)
        assert kept_answers(repeating) > len(PATHS), "most of them were kept"


def test_a_repeated_read_makes_no_handler(api: LiveApi, monkeypatch: pytest.MonkeyPatch) -> None:
    first = api.client.get("/api/crates")
    made: list[str] = []
    initialize = CratesHandler.initialize
    monkeypatch.setattr(
        CratesHandler, "initialize", lambda self, hub: (made.append(self.request.uri or ""), initialize(self, hub))[1]
    )
    again = [api.client.get("/api/crates") for _ in range(3)]
    tag = {"If-None-Match": first.headers["ETag"]}
    assert [api.client.get("/api/crates", headers=tag).status_code for _ in range(3)] == [304] * 3
    assert made == ["/api/crates"], "the first conditional read alone"
    assert {answer.content for answer in again} == {first.content}
    assert len({answer.headers["X-Request-Id"] for answer in (first, *again)}) == 4


def test_repeated_reads_are_measured_as_all_others(api: LiveApi) -> None:
    for _ in range(5):
        api.client.get("/api/crates/ledger")
    told = api.client.get("/metrics", headers={"Accept": "text/plain"}).text
    line = 'workbench_request_seconds_count{method="GET",route="/api/crates/{name}",status="200"} 5.0'
    assert line in told


def test_the_access_log_misses_none(api: LiveApi, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "workbench.access"):
        for _ in range(3):
            api.client.get("/api/crates/ledger")
        until(lambda: len([r for r in caplog.records if r.name == "workbench.access"]) == 3)


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS", "DELETE"])
def test_other_methods_go_the_whole_way(api: LiveApi, method: str) -> None:
    assert api.client.get("/api/crates").status_code == 200
    answer = api.client.request(method, "/api/crates")
    assert not answer.content if method in ("HEAD", "OPTIONS") else answer.json()["error"]["code"]


def test_a_look_at_the_disk_is_never_repeated(live_api: LiveApi, fleet_dir: Path) -> None:
    for version in ("7.0.0", "7.0.1", "7.0.2"):
        write_manifest(fleet_dir, "libs/sums", MANIFESTS["libs/sums"].replace("1.2.3", version))
        assert live_api.client.get("/api/crates/sums?refresh=true").json()["version"] == version


def test_what_was_assigned_is_never_out_of_date(live_api: LiveApi) -> None:
    headers = {"Authorization": f"Bearer {SECRET}"}
    assert [live_api.client.get("/api/ports/19000").json()["assigned"] for _ in range(3)] == [[]] * 3
    wanted = {"crate_name": "ledger", "preferred": 19000}
    port = live_api.client.post("/api/ports/assign", json=wanted, headers=headers).json()["port"]
    assert [item["port"] for item in live_api.client.get(f"/api/ports/{port}").json()["assigned"]] == [port]


def test_a_pipeline_is_answered_in_order(api: LiveApi) -> None:
    paths = ["/api/crates", "/api/crates/ledger", "/health", "/api/crates", "/api/crates/sums"] * 3
    lines = "".join(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n" for path in paths[:-1])
    last = f"GET {paths[-1]} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

    async def ask() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
        writer.write((lines + last).encode())
        data = await asyncio.wait_for(reader.read(-1), DEADLINE)
        writer.close()
        return data

    for _ in range(2):
        data = asyncio.run(ask())
        assert data.count(b"HTTP/1.1 200 OK") == len(paths)
        assert data.rstrip().endswith(api.client.get("/api/crates/sums").content)


async def spoken(port: int, *requests: str) -> list[str]:
    """Return what is answered to each request of one connection; the last ends with it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heads = []
    async with asyncio.timeout(DEADLINE):
        for request in requests:
            writer.write(request.encode() + b"\r\n\r\n")
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            size = re.search(r"Content-Length: (\d+)", head)
            await reader.readexactly(int(size[1]) if size else 0)
            heads.append(head)
    writer.close()
    await writer.wait_closed()
    return heads


@pytest.mark.parametrize(
    "first",
    [
        "GET /api/crates HTTP/1.1\r\nHost: localhost\r\nConnection: close",
        "GET /api/crates HTTP/1.0\r\nHost: localhost\r\nConnection: Keep-Alive",
    ],
)
def test_what_was_said_of_one_connection_is_not_repeated_on_another(api: LiveApi, first: str) -> None:
    plain = "GET /api/crates HTTP/1.1\r\nHost: localhost"
    (told,) = asyncio.run(spoken(api.port, first))
    assert "Connection: " in told
    until(lambda: kept_answers(api) == 1)
    assert [head.count("Connection: ") for head in asyncio.run(spoken(api.port, plain, plain))] == [0, 0]


def test_a_request_without_a_host_is_refused_whatever_older_clients_asked(api: LiveApi) -> None:
    for _ in range(2):
        (old,) = asyncio.run(spoken(api.port, "GET /api/crates HTTP/1.0"))
        assert old.startswith("HTTP/1.1 200 ")
    (new,) = asyncio.run(spoken(api.port, "GET /api/crates HTTP/1.1"))
    assert new.startswith("HTTP/1.1 400 ")


def test_long_answers_arrive_whole_and_leave_when_the_client_does(api: LiveApi) -> None:
    body = b"0123456789abcdef" * (PART // 4)
    question = ("/api/long", True, f"127.0.0.1:{api.port}", None, "*/*", None, None)
    line = ResponseStartLine("HTTP/1.1", 200, "OK")
    headers = HTTPHeaders({"Content-Length": str(len(body))})
    replies = api.hub.snapshot.derive(("api", "replies"), lambda _: Replies())
    replies.keep(question, Reply(line, headers, body, CratesHandler))
    client = httpx.Client(base_url=f"http://127.0.0.1:{api.port}", timeout=DEADLINE)
    client.headers.pop("Accept-Encoding")
    with client:
        assert client.get("/api/long").content == body
        with client.stream("GET", "/api/long") as left:
            assert next(left.iter_raw())
    assert api.client.get("/api/crates").status_code == 200


@pytest.mark.parametrize("name", ["Authorization", "authorization", "X-REQUEST-ID", "Via", "Content-Length"])
def test_a_request_that_says_more_is_no_plain_read(name: str) -> None:
    assert question_of("GET", "/api/crates", HTTPHeaders({"Host": "localhost"}), "127.0.0.1") is not None
    assert question_of("GET", "/api/crates", HTTPHeaders({"Host": "localhost", name: "1"}), "127.0.0.1") is None


def test_who_calls_from_afar_is_asked_for_another_answer() -> None:
    headers = HTTPHeaders({"Host": "localhost"})
    near, far = (question_of("GET", "/api/crates", headers, address) for address in ("127.0.0.1", "192.0.2.1"))
    assert near != far
