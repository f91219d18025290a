"""What listens at our ports: one application after the other, and a limit for every body."""

import asyncio
import contextlib
import json
import socket
from typing import Any

import pytest
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    RequestStartLine,
)
from tornado.web import Application, RequestHandler

from workbench.serving.front import Front
from workbench.serving.listening import listening_sockets
from workbench.serving.oversized import MAX_BODY, BoundedRequest
from workbench.serving.starting import Beginning, EarlyAnswers

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
    header: str, body: list[bytes], applications: list[HTTPServerConnectionDelegate], *, is_cut_off: bool = False
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
    head, answered = answer_to(header, body, [EarlyAnswers(Beginning()), *started])
    assert head.startswith(b"HTTP/1.1 413 ")
    assert json.loads(answered) == REFUSED


@pytest.mark.parametrize(("header", "body"), [(DECLARED, []), (CHUNKED, chunks(17, ended=False))])
def test_who_is_refused_is_cut_off_soon(header: str, body: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.serving.oversized._LINGER_SECONDS", 0.05)
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
