"""Where those wait who want to follow the events while the server starts: many never come back after a refusal."""

import asyncio
from collections.abc import Awaitable
from typing import Final

from tornado.http1connection import HTTP1Connection
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    RequestStartLine,
    ResponseStartLine,
)

SEATS: Final = 1_000
"""As many as may follow the events, later."""
WAIT_SECONDS: Final = 20.0
"""Less than clients give a connection to begin. A start takes a few."""
_STREAM: Final = "/api/events"


class WaitingRoom:
    """Holds requests for events until it is opened, so many of them at most, and each for so long."""

    def __init__(self, seats: int = SEATS, seconds: float = WAIT_SECONDS) -> None:
        self._seats = seats
        self._seconds = seconds
        self._waiting: set[asyncio.Future[None]] = set()
        self.is_open = False
        """Whether nobody need wait any more."""

    @property
    def taken(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def open(self) -> None:
        """Let everybody go on, and hold nobody from now on."""
        self.is_open = True
        for waiting in list(self._waiting):
            _wake(waiting)

    def takes(self, start_line: RequestStartLine, headers: HTTPHeaders) -> bool:
        """Whether a request is to wait: it wants a WebSocket or a stream of events, and there is a seat for it."""
        return not self.is_open and self.taken < self._seats and _is_for_events(start_line, headers)

    async def wait(self, connection: HTTP1Connection) -> bool:
        """Wait until the room is opened, or too long; returns whether the client is still there."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        late = asyncio.get_running_loop().call_later(self._seconds, _wake, waiting)
        self._waiting.add(waiting)
        # Without it nobody would look at the connection, and one that is gone would keep its seat.
        connection.stream.set_close_callback(lambda: _wake(waiting))
        try:
            await waiting
        finally:
            late.cancel()
            self._waiting.discard(waiting)
            connection.stream.set_close_callback(None)
        return not connection.stream.closed()


class PatientRequest(HTTPMessageDelegate):
    """A request that waits, if the room takes it, before another answers it."""

    def __init__(self, room: WaitingRoom, connection: HTTPConnection, delegate: HTTPMessageDelegate) -> None:
        self._room = room
        self._connection = connection
        self._delegate: HTTPMessageDelegate | None = delegate

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        """Hand on the beginning of the request, at once or later; Tornado reads no further before that."""
        assert self._delegate is not None
        connection = self._connection
        assert isinstance(start_line, RequestStartLine)
        if isinstance(connection, HTTP1Connection) and self._room.takes(start_line, headers):
            return self._hand_on_later(connection, start_line, headers)
        return self._delegate.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Hand on a part of the body."""
        return self._delegate.data_received(chunk) if self._delegate is not None else None

    def finish(self) -> None:
        """Hand on the end of the request."""
        if self._delegate is not None:
            self._delegate.finish()

    def on_connection_close(self) -> None:
        """Hand on the end of the connection."""
        if self._delegate is not None:
            self._delegate.on_connection_close()

    async def _hand_on_later(
        self, connection: HTTP1Connection, start_line: RequestStartLine, headers: HTTPHeaders
    ) -> None:
        delegate, self._delegate = self._delegate, None
        if not await self._room.wait(connection):
            return  # Whoever would answer has never heard of this request.
        self._delegate = delegate
        assert delegate is not None
        answered = delegate.headers_received(start_line, headers)
        if answered is not None:
            await answered


def _is_for_events(start_line: RequestStartLine, headers: HTTPHeaders) -> bool:
    """Whether somebody wants to follow the events. Pages have sockets too, and come back by themselves."""
    path = start_line.path.partition("?")[0]
    if start_line.method != "GET":
        return False
    is_socket = headers.get("Upgrade", "").lower() == "websocket"
    return path == _STREAM or (is_socket and (path in ("/", "/ws") or path.startswith("/ws/")))


def _wake(waiting: "asyncio.Future[None]") -> None:
    if not waiting.done():
        waiting.set_result(None)
