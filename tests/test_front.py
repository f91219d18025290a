"""What answers while the server starts."""

import asyncio
import contextlib
import gzip
import json
import socket
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from tornado.httputil import HTTPConnection, HTTPHeaders, HTTPMessageDelegate, RequestStartLine
from tornado.web import Application, RequestHandler

from tests.conftest import WriteManifest
from workbench.front import Front, LastList, starting_application
from workbench.hub import Hub
from workbench.listening import listening_sockets
from workbench.oversized import MAX_BODY, BoundedRequest
from workbench.server import Address, Server


def started(
    hub: Hub, last: LastList, ask_early: list[str], headers: dict[str, str]
) -> tuple[list[httpx.Response], httpx.Response]:
    """Start a server whose hub is made only after the early questions were answered; returns those answers and a late one."""
    asked = threading.Event()

    def late_hub() -> Hub:
        assert asked.wait(20)
        return hub

    async def run() -> tuple[list[httpx.Response], httpx.Response]:
        server = Server(late_hub, Address("127.0.0.1", 0, None), pages={}, last_list=last)
        start = asyncio.create_task(server.start())
        await asyncio.sleep(0)  # until the server waits for its hub, with its ports bound
        assert server._listening
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.address.port}") as client:
            early = [await client.get(path, headers=headers) for path in ask_early]
            asked.set()
            await start
            await asyncio.to_thread(hub.wait_ready, 20)
            late = await client.get("/api/crates")
            await server._keep_list()
        await server.stop()
        return early, late

    return asyncio.run(run())


@pytest.fixture
def last(tmp_path: Path) -> LastList:
    return LastList(tmp_path / "state", "key")


def test_the_last_known_list_is_served_while_the_rest_starts(
    fleet_dir: Path, write_manifest: WriteManifest, last: LastList
) -> None:
    write_manifest("a")
    last.write(b'[{"name": "old"}]', gzip.compress(b'[{"name": "old"}]'))
    paths = ["/api/crates", "/health", "/api/ports", "/fleet", "/api/crates?q=x"]
    (crates, health, ports, page, filtered), late = started(Hub([fleet_dir]), last, paths, {"Accept": "text/html"})
    assert (crates.status_code, crates.json()) == (200, [{"name": "old"}])
    assert (crates.headers["X-Fleet-State"], crates.headers["Content-Encoding"]) == ("last-known", "gzip")
    assert int(crates.headers["Age"]) >= 0
    assert (health.status_code, health.json()) == (200, {"status": "ok", "phase": "starting"})
    assert {answer.status_code for answer in (ports, page, filtered)} == {503}
    assert {answer.headers["Retry-After"] for answer in (ports, page, filtered)} == {"1"}
    assert "The workbench is starting." in page.text
    assert [crate["name"] for crate in late.json()] == ["a"]
    assert "X-Fleet-State" not in late.headers


def test_a_program_is_told_in_json_that_the_server_starts(fleet_dir: Path, last: LastList) -> None:
    (crates, ports), _ = started(Hub([fleet_dir]), last, ["/api/crates", "/api/ports"], {})
    for answer in (crates, ports):
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "starting")


def test_the_list_is_kept_for_the_next_start(fleet_dir: Path, write_manifest: WriteManifest, last: LastList) -> None:
    write_manifest("a")
    _, late = started(Hub([fleet_dir]), last, [], {})
    plain, zipped = last.read(zipped=False), last.read(zipped=True)
    assert plain is not None
    assert zipped is not None
    assert plain[0] == late.content == gzip.decompress(zipped[0])


def test_a_list_of_another_fleet_is_not_served(tmp_path: Path) -> None:
    LastList(tmp_path, "one").write(b"[]", b"")
    assert LastList(tmp_path, "other").read(zipped=False) is None


def test_a_folder_that_cannot_be_written_does_no_harm(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    LastList(tmp_path / "file", "key").write(b"[]", b"")
    assert "could not be kept" in caplog.text


REFUSED = {
    "error": {
        "code": "payload-too-large",
        "message": f"no request may have more than {MAX_BODY} bytes",
        "details": {"limit": MAX_BODY},
        "request_id": None,
    }
}
DECLARED = f"Content-Length: {MAX_BODY + 1}"
CHUNKED = "Transfer-Encoding: chunked"


class Echo(RequestHandler):
    """Answers how many bytes came."""

    def post(self) -> None:
        self.finish(str(len(self.request.body)))


def answer_to(
    header: str, body: list[bytes], applications: list[Application], *, is_cut_off: bool = False
) -> tuple[bytes, bytes]:
    """Send one request to the last of the applications that answer in turn at a port; returns (head, body)."""

    async def post() -> tuple[bytes, bytes]:
        sockets = listening_sockets(0, "127.0.0.1")
        front = Front(applications[0])
        server = front.listen(sockets)
        for application in applications[1:]:
            front.give_way(application)
        reader, writer = await asyncio.open_connection(*sockets[0].getsockname()[:2])
        writer.write(f"POST /api/query HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{header}\r\n\r\n".encode())
        with contextlib.suppress(ConnectionError):
            for part in body:
                writer.write(part)
                await writer.drain()
        async with asyncio.timeout(10):
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            answered = await reader.readexactly(length)
            if is_cut_off:
                assert await reader.read() == b""
        writer.close()
        server.stop()
        await server.close_all_connections()
        return head, answered

    return asyncio.run(post())


def chunks(count: int, *, ended: bool) -> list[bytes]:
    """A body of so many MiB in chunks of one."""
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    return [*([chunk] * count), *([b"0\r\n\r\n"] if ended else [])]


@pytest.mark.parametrize("has_started", [False, True])
@pytest.mark.parametrize(
    ("header", "body"),
    [
        (DECLARED, []),
        (DECLARED, [b"x" * 3_000_000]),
        (CHUNKED, chunks(17, ended=False)),
        (CHUNKED, chunks(20, ended=True)),
        (CHUNKED, [b"7fffffff\r\n", b"x" * (MAX_BODY + 1)]),
    ],
    ids=["declared", "declared-and-sent", "chunked", "chunked-to-its-end", "one-great-chunk"],
)
def test_a_body_beyond_every_limit_is_refused_in_the_envelope(
    header: str, body: list[bytes], has_started: bool
) -> None:
    started = [Application([(".*", Echo)])] if has_started else []
    head, answered = answer_to(header, body, [starting_application(None), *started])
    assert head.startswith(b"HTTP/1.1 413 ")
    assert json.loads(answered) == REFUSED


@pytest.mark.parametrize(("header", "body"), [(DECLARED, []), (CHUNKED, chunks(17, ended=False))])
def test_who_is_refused_is_cut_off_soon(header: str, body: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.oversized._LINGER_SECONDS", 0.05)
    head, _ = answer_to(header, body, [Application([(".*", Echo)])], is_cut_off=True)
    assert head.startswith(b"HTTP/1.1 413 ")


def test_a_body_of_the_limit_is_taken() -> None:
    head, answered = answer_to(CHUNKED, chunks(16, ended=True), [Application([(".*", Echo)])])
    assert (head.splitlines()[0], answered) == (b"HTTP/1.1 200 OK", str(MAX_BODY).encode())


def test_what_is_refused_is_not_kept() -> None:
    class Kept(HTTPMessageDelegate):
        size = 0
        is_closed = False

        def headers_received(self, start_line: Any, headers: HTTPHeaders) -> None:
            """Take anything."""

        def data_received(self, chunk: bytes) -> None:
            self.size += len(chunk)

        def on_connection_close(self) -> None:
            self.is_closed = True

    class Connection(HTTPConnection):
        ended = 0
        status = 0

        def write_headers(self, start_line: Any, headers: HTTPHeaders, chunk: bytes | None = None) -> Any:
            self.status = start_line.code

        def finish(self) -> None:
            self.ended += 1

    async def send() -> tuple[Kept, Connection]:
        kept, connection = Kept(), Connection()
        request = BoundedRequest(connection, lambda: kept)
        request.headers_received(RequestStartLine("POST", "/", "HTTP/1.1"), HTTPHeaders())
        for _ in range(MAX_BODY // 65_536 + 100):
            request.data_received(bytes(65_536))
        assert connection.ended == 0
        request.finish()
        return kept, connection

    kept, connection = asyncio.run(send())
    assert (kept.size, kept.is_closed) == (MAX_BODY, True)
    assert (connection.status, connection.ended) == (413, 1)


def test_an_accepted_connection_takes_a_large_answer_in_parts() -> None:
    with contextlib.ExitStack() as stack:
        listening = [stack.enter_context(item) for item in listening_sockets(0, "127.0.0.1")]
        stack.enter_context(socket.create_connection(listening[0].getsockname()))
        listening[0].settimeout(5)
        accepted = stack.enter_context(listening[0].accept()[0])
        assert 0 < accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * 131_072
