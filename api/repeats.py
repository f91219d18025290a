"""Reads that are asked again in the same words: answered with the same bytes, before a handler is made for them.

A handler costs Tornado more than all else about such a read. So what a handler answered from a snapshot, and from
nothing else, is kept with that snapshot, and goes when another takes its place. A request that says anything beyond
the headers of `_TOLD`, such as who calls, goes the whole way each time.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Coroutine
from functools import lru_cache
from http.client import responses
from typing import Any, Final, NamedTuple

from tornado.http1connection import HTTP1Connection
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    RequestStartLine,
    ResponseStartLine,
    format_timestamp,
)
from tornado.iostream import StreamClosedError
from tornado.web import Application, RequestHandler

from api.kept import Kept
from api.measures import measures_of
from workbench.fleet.snapshot import Snapshot
from workbench.hub import Hub
from workbench.logs import access as access_log
from workbench.security.access import PROXY_HEADERS
from workbench.security.origins import is_loopback

SETTING: Final = "api_repeats"
"""Where an application says that what its handlers answer may be kept; see `RepeatedReads`."""

PART: Final = 524_288
"""So many bytes of an answer are sent before others have their turn: all of a long one would hold up the loop."""

_COPIED: Final = 65_536
"""So many bytes are sent together with the headers, for which Tornado copies them."""

_TOLD: Final = ("Host", "Origin", "Accept", "Accept-Encoding", "If-None-Match")
_TELLING: Final = frozenset(
    {
        "Authorization",
        "X-Request-Id",
        "Content-Length",
        "Transfer-Encoding",
        "Access-Control-Request-Method",
        *PROXY_HEADERS,
    }
)
_OWN: Final = ("Date", "X-Request-Id", "Connection", "Transfer-Encoding")
"""What each answer has of its own, or its connection adds to it."""
_KEPT_BYTES: Final = 64_000_000
_EACH: Final = 2_000
"""Bytes that Python adds to a reply and its question."""

Question = tuple[str | bool | None, ...]


class Reply(NamedTuple):
    """An answer as it was sent, but for what each has of its own; and the handler that gave it."""

    line: ResponseStartLine
    headers: HTTPHeaders
    body: bytes
    handler: type[RequestHandler]


class Replies(Kept[Question, Reply]):
    """What was answered from one snapshot by question: the newest, up to some bytes in all."""

    def __init__(self, capacity: int = _KEPT_BYTES) -> None:
        super().__init__(capacity)

    def weight(self, key: Question, value: Reply) -> int:
        """Return the bytes of a reply and of its question."""
        words = (*key, *value.headers.values())
        return _EACH + len(value.body) + sum(len(word) for word in words if isinstance(word, str))


def question_of(method: str | None, uri: str, headers: HTTPHeaders, address: str) -> Question | None:
    """Return all that the answer to a plain read depends on; None for any other request.

    Without a `Host` the answer depends on the version of HTTP: HTTP/1.1 asks for one.
    """
    if method != "GET" or "Host" not in headers or not _TELLING.isdisjoint(headers):
        return None
    get = headers.get
    return (uri, is_loopback(address), *[get(name) for name in _TOLD])


def keep_reply(handler: RequestHandler, snapshot: Snapshot, body: bytes) -> None:
    """Keep what a handler answered from a snapshot alone, where its application wants that."""
    request, status = handler.request, handler.get_status()
    if SETTING not in handler.application.settings or status not in (200, 304):
        return
    question = question_of(request.method, request.uri or "", request.headers, request.remote_ip or "")
    headers = handler._headers.copy()
    if question is None or headers.get("Content-Length", "0") != str(len(body)):
        return
    for name in _OWN:
        headers.pop(name, None)
    line = ResponseStartLine("HTTP/1.1", status, responses[status])
    _replies_of(snapshot).keep(question, Reply(line, headers, body, type(handler)))


def _replies_of(snapshot: Snapshot) -> Replies:
    return snapshot.derive(("api", "replies"), lambda _: Replies())


class RepeatedReads(HTTPServerConnectionDelegate):
    """An application whose repeated reads are answered before it is asked. It must let anybody read."""

    def __init__(self, application: Application, hub: Hub) -> None:
        application.settings[SETTING] = True
        self._application = application
        self._hub = hub
        self._measures = measures_of(hub)
        self._sending: set[asyncio.Task[None]] = set()

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        """Return what takes one request."""
        if not isinstance(request_conn, HTTP1Connection):
            return self._application.start_request(server_conn, request_conn)
        return _Read(self, server_conn, request_conn)

    def on_close(self, server_conn: object) -> None:
        """Tell the application that a connection ended."""
        self._application.on_close(server_conn)

    def given(self, line: RequestStartLine, headers: HTTPHeaders, connection: HTTP1Connection) -> Reply | None:
        """Return what the same question was answered in this revision; None where that is not known."""
        if access_log.isEnabledFor(logging.INFO):
            return None  # the handlers write that log
        address: str = getattr(connection.context, "remote_ip", "")
        question = question_of(line.method, line.path, headers, address)
        return None if question is None else _replies_of(self._hub.snapshot).get(question)

    def handed_on(self, server_conn: object, connection: HTTP1Connection) -> HTTPMessageDelegate:
        """Return the application's own delegate for a request."""
        return self._application.start_request(server_conn, connection)

    def send(self, reply: Reply, connection: HTTP1Connection, begun: float) -> None:
        """Send a reply; a long one in parts, between which others have their turn."""
        headers = reply.headers.copy()
        headers["X-Request-Id"] = secrets.token_hex(8)
        headers["Date"] = _date(int(time.time()))
        if len(reply.body) <= PART:
            is_short = len(reply.body) <= _COPIED
            connection.write_headers(reply.line, headers, reply.body if is_short else None)
            if not is_short:
                connection.write(reply.body)
            connection.finish()
            self._note(reply, begun)
        else:
            self._follow(self._send_in_parts(reply, headers, connection, begun))

    async def _send_in_parts(
        self, reply: Reply, headers: HTTPHeaders, connection: HTTP1Connection, begun: float
    ) -> None:
        try:
            await connection.write_headers(reply.line, headers)
            body = memoryview(reply.body)
            for start in range(0, len(body), PART):
                await connection.write(body[start : start + PART])  # type: ignore[arg-type]
                await asyncio.sleep(0)
            connection.finish()
        except StreamClosedError:
            return
        self._note(reply, begun)

    def _follow(self, sending: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(sending)
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    def _note(self, reply: Reply, begun: float) -> None:
        self._measures.note_request(reply.handler, "GET", reply.line.code, time.perf_counter() - begun)


class _Read(HTTPMessageDelegate):
    """One request: answered at its end if the answer is known, else handed on from its headers."""

    __slots__ = ("_begun", "_connection", "_delegate", "_reads", "_reply", "_server")

    def __init__(self, reads: RepeatedReads, server_conn: object, connection: HTTP1Connection) -> None:
        self._reads = reads
        self._server = server_conn
        self._connection = connection
        self._delegate: HTTPMessageDelegate | None = None
        self._reply: Reply | None = None

    def headers_received(self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders) -> Any:
        assert isinstance(start_line, RequestStartLine)
        self._reply = self._reads.given(start_line, headers, self._connection)
        if self._reply is not None:
            self._begun = time.perf_counter()
            return None
        self._delegate = self._reads.handed_on(self._server, self._connection)
        return self._delegate.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Any:
        return None if self._delegate is None else self._delegate.data_received(chunk)

    def finish(self) -> None:
        if self._delegate is not None:
            self._delegate.finish()
        elif self._reply is not None:
            self._reads.send(self._reply, self._connection, self._begun)

    def on_connection_close(self) -> None:
        if self._delegate is not None:
            self._delegate.on_connection_close()


@lru_cache(maxsize=2)
def _date(second: int) -> str:
    return format_timestamp(second)
