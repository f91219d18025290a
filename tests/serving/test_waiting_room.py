"""Who wants to follow the events while the server starts is let in once it has, or told within a bounded time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler, websocket_connect

from tests.conftest import wait_for
from workbench.serving.front import Front
from workbench.serving.listening import listening_sockets
from workbench.serving.starting import Beginning, EarlyAnswers
from workbench.serving.waiting_room import WaitingRoom

GET = b"GET %s HTTP/1.1\r\nHost: a\r\n%s\r\n"


class Socket(WebSocketHandler):
    """Says hello."""

    def open(self, *_: str) -> None:
        self.write_message("hello")


class Stream(RequestHandler):
    """Answers."""

    def get(self) -> None:
        self.finish("data: hello\n\n")


class Starting:
    """A port where a server starts."""

    def __init__(self, room: WaitingRoom) -> None:
        self.room = room
        self.front = Front(EarlyAnswers(Beginning()), room)
        self._bound = listening_sockets(0, "127.0.0.1")
        self.server = self.front.listen(self._bound)
        self.port = self._bound[0].getsockname()[1]

    def start(self) -> None:
        self.front.give_way(Application([("/api/events", Stream), ("/.*", Socket)]))
        self.room.open()

    async def seated(self, count: int) -> None:
        await asyncio.to_thread(wait_for, lambda: self.room.taken == count)

    async def hello(self, path: str = "/ws") -> Any:
        """Return what a socket says first, or with which status it was refused."""
        try:
            connection = await websocket_connect(HTTPRequest(f"ws://127.0.0.1:{self.port}{path}", request_timeout=10))
        except HTTPClientError as error:
            return error.code
        said = await connection.read_message()
        connection.close()
        while await connection.read_message() is not None:
            pass
        return said

    async def status_of(self, path: bytes, headers: bytes = b"") -> bytes:
        async with self.connection(path, headers) as (reader, _):
            return (await reader.readline()).split()[1]

    @asynccontextmanager
    async def connection(
        self, path: bytes, headers: bytes = b""
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(GET % (path, headers))
        async with asyncio.timeout(10):
            yield reader, writer
        writer.close()
        await writer.wait_closed()


def at_the_start(told: Callable[[Starting], Awaitable[Any]], **options: Any) -> Any:
    """Return what comes of something that happens at a port where a server starts; nobody is left waiting."""

    async def run() -> Any:
        starting = Starting(WaitingRoom(**options))
        found = await told(starting)
        await starting.seated(0)
        starting.server.stop()
        async with asyncio.timeout(10):
            await starting.server.close_all_connections()
        return found

    return asyncio.run(run())


@pytest.mark.parametrize("path", ["/", "/ws", "/ws/system", "/ws?topics=crates"])
def test_a_socket_waits_until_the_server_is_there(path: str) -> None:
    async def told(starting: Starting) -> Any:
        asked = asyncio.create_task(starting.hello(path))
        await starting.seated(1)
        starting.start()
        return await asked, await starting.hello(path)

    assert at_the_start(told) == ("hello", "hello")


def test_a_stream_waits_too_and_nothing_else_does() -> None:
    async def told(starting: Starting) -> Any:
        asked = asyncio.create_task(starting.status_of(b"/api/events"))
        await starting.seated(1)
        upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
        at_once = [
            await starting.status_of(b"/api/ports"),
            await starting.status_of(b"/ws"),
            await starting.status_of(b"/fleet/ws", upgrade),
        ]
        starting.start()
        return await asked, at_once

    assert at_the_start(told) == (b"200", [b"503"] * 3)


def test_there_are_so_many_seats() -> None:
    async def told(starting: Starting) -> Any:
        asked = [asyncio.create_task(starting.hello()) for _ in range(2)]
        await starting.seated(2)
        refused = await starting.hello()
        starting.start()
        return refused, await asyncio.gather(*asked)

    assert at_the_start(told, seats=2) == (503, ["hello", "hello"])


def test_nobody_waits_for_ever() -> None:
    assert at_the_start(lambda starting: starting.hello(), seconds=0.05) == 503


def test_who_leaves_gives_the_seat_back() -> None:
    async def told(starting: Starting) -> Any:
        async with starting.connection(b"/api/events"):
            await starting.seated(1)
        await starting.seated(0)
        asked = asyncio.create_task(starting.hello())
        await starting.seated(1)
        starting.start()
        return await asked

    assert at_the_start(told, seats=1) == "hello"


def test_a_start_that_is_given_up_says_so() -> None:
    async def told(starting: Starting) -> Any:
        asked = asyncio.create_task(starting.hello())
        await starting.seated(1)
        starting.room.open()
        return await asked

    assert at_the_start(told) == 503


def test_who_waits_is_not_read_from_without_end() -> None:
    """A client that sends on while it waits is held back by its own connection."""

    async def told(starting: Starting) -> Any:
        async with starting.connection(b"/api/events") as (_, writer):
            await starting.seated(1)
            writer.write(b"x" * 50_000_000)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(writer.drain(), 0.3)
            writer.transport.abort()
            starting.start()
        return True

    assert at_the_start(told)
