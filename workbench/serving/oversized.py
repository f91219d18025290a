"""Bodies beyond every limit: refused in the envelope as soon as that shows. Tornado says 400 and nothing else."""

import asyncio
import contextlib
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Final

from tornado.http1connection import HTTP1Connection
from tornado.httputil import HTTPConnection, HTTPHeaders, HTTPMessageDelegate, RequestStartLine, ResponseStartLine
from tornado.iostream import StreamClosedError

from workbench.errors import PayloadTooLarge

MAX_BODY: Final = 16 * 1024 * 1024
TORNADO_LIMIT: Final = sys.maxsize
"""What Tornado is told to allow, since it would answer 400; nothing beyond `MAX_BODY` is kept."""
_LINGER_SECONDS: Final = 2.0
_CHUNK: Final = 65_536


class BoundedRequest(HTTPMessageDelegate):
    """A request whose body has at most `MAX_BODY` bytes. Who answers it is chosen when its headers are there."""

    def __init__(self, connection: HTTPConnection, choose: Callable[[], HTTPMessageDelegate]) -> None:
        self._connection = connection
        self._choose = choose
        self._delegate: HTTPMessageDelegate | None = None
        self._room = MAX_BODY
        self._end: asyncio.TimerHandle | None = None
        """When to end a connection whose request was refused in the middle of its body."""

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        """Refuse a body that is said to be too large; else choose who answers."""
        if is_oversized(headers) and isinstance(self._connection, HTTP1Connection):
            return refuse(self._connection)
        self._delegate = self._choose()
        return self._delegate.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Hand on a part of the body; of one that turns out too large, the rest is read for a moment and forgotten."""
        if self._delegate is None:
            return None
        self._room -= len(chunk)
        if self._room < 0:
            self._refuse()
            return None
        return self._delegate.data_received(chunk)

    def finish(self) -> None:
        """Hand on the end of the request."""
        if self._delegate is not None:
            self._delegate.finish()
        elif self._end is not None:
            self._end.cancel()
            self._connection.finish()

    def on_connection_close(self) -> None:
        """Hand on the end of the connection."""
        if self._delegate is not None:
            self._delegate.on_connection_close()
        elif self._end is not None:
            self._end.cancel()

    def _refuse(self) -> None:
        delegate, self._delegate = self._delegate, None
        if delegate is not None:
            delegate.on_connection_close()
        body = _body()
        start = ResponseStartLine("HTTP/1.1", PayloadTooLarge.status, _REASON)
        self._connection.write_headers(start, HTTPHeaders(_headers(body)), body)
        self._end = asyncio.get_running_loop().call_later(_LINGER_SECONDS, self._connection.finish)


def is_oversized(headers: HTTPHeaders) -> bool:
    """Whether a request says that its body is too large for any route."""
    length = headers.get("Content-Length", "")
    return length.isdecimal() and (len(length) > len(str(MAX_BODY)) + 9 or int(length) > MAX_BODY)


async def refuse(connection: HTTP1Connection) -> None:
    """Answer 413 and close the connection.

    What the client still sends is read for a moment and forgotten: closing at once would reset the connection, and
    the client might never see the answer.
    """
    stream = connection.detach()
    with contextlib.suppress(StreamClosedError, TimeoutError):
        await stream.write(_answer())
        async with asyncio.timeout(_LINGER_SECONDS):
            while True:
                await stream.read_bytes(_CHUNK, partial=True)
    stream.close()


def _answer() -> bytes:
    body = _body()
    lines = [f"HTTP/1.1 {PayloadTooLarge.status} {_REASON}", *(f"{k}: {v}" for k, v in _headers(body).items()), "", ""]
    return "\r\n".join(lines).encode() + body


_REASON: Final = "Content Too Large"


def _headers(body: bytes) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Connection": "close",
        "Content-Length": str(len(body)),
    }


def _body() -> bytes:
    error = {
        "code": PayloadTooLarge.code,
        "message": f"no request may have more than {MAX_BODY} bytes",
        "details": {"limit": MAX_BODY},
        "request_id": None,
    }
    return json.dumps({"error": error}).encode()
