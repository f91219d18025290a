"""The events of a running server, followed over its WebSocket on a thread of our own."""

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

import orjson
from tornado.httpclient import HTTPError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from workbench.events import Draft, Event

logger = logging.getLogger(__name__)

_FIRST_WAIT: Final = 0.2
_LONGEST_WAIT: Final = 10.0
_PING_SECONDS: Final = 20.0
_CONNECT_SECONDS: Final = 10.0
_CLOSING_SECONDS: Final = 1.0


class Follower:
    """Calls a listener with the events of a server, from now on, until `stop`.

    When the connection breaks it is made anew, and what was missed is told first; where the server no longer knows
    all of that, an event of type `resync` says so.
    """

    def __init__(self, url: str, headers: Mapping[str, str], listener: Callable[[Sequence[Event]], None]) -> None:
        self._url = url.replace("http", "ws", 1) + "/ws"
        self._headers = dict(headers)
        self._listener = listener
        self._instance = ""
        self._seq: int | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = threading.Event()
        self.connected = threading.Event()
        self._thread = threading.Thread(target=self._run, name="workbench-follower", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the connection and the thread; twice does no harm."""
        self._stopped.set()
        with suppress(RuntimeError):  # the loop may have ended by itself
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._task.cancel)
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        with suppress(asyncio.CancelledError):
            asyncio.run(self._follow())

    async def _follow(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._loop = asyncio.get_running_loop()
        wait = _FIRST_WAIT
        while not self._stopped.is_set():
            try:
                socket = await self._connect()
                wait = _FIRST_WAIT
                await self._listen(socket)
            except (OSError, HTTPError, TimeoutError) as error:
                logger.info("no events from %s: %s", self._url, error)
            self.connected.clear()
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    async def _connect(self) -> WebSocketClientConnection:
        since = "" if self._seq is None else f"?since={self._seq}"
        request = HTTPRequest(self._url + since, headers=self._headers, connect_timeout=_CONNECT_SECONDS)
        return await websocket_connect(request, ping_interval=_PING_SECONDS)

    async def _listen(self, socket: WebSocketClientConnection) -> None:
        try:
            while (message := await socket.read_message()) is not None:
                self._take(message if isinstance(message, bytes) else message.encode())
        finally:
            socket.close()
            with suppress(TimeoutError):
                await asyncio.wait_for(_closed(socket), _CLOSING_SECONDS)

    def _take(self, frame: bytes) -> None:
        event = event_of(frame)
        if event.type == "hello":
            self._greet(event)
            return
        self._seq = event.seq
        self._tell(event)

    def _greet(self, hello: Event) -> None:
        before, self._instance = self._instance, str(hello.data["instance"])
        if self._seq is None:
            self._seq = hello.seq
        elif before != self._instance:
            # Another run of the server may count from the beginning: what was missed cannot be told for certain.
            data = {"since": self._seq, "reason": "restarted"}
            self._tell(Event.of(Draft("resync", "system", data), hello.seq, hello.revision, hello.ts))
        self.connected.set()

    def _tell(self, event: Event) -> None:
        try:
            self._listener([event])
        except Exception:
            logger.exception("a listener failed")


async def _closed(socket: WebSocketClientConnection) -> None:
    while await socket.read_message() is not None:
        pass


def event_of(frame: bytes) -> Event:
    """Return the event of a frame as the server sent it."""
    told: dict[str, Any] = orjson.loads(frame)
    moment = datetime.fromisoformat(told["ts"]).timestamp()
    return Event(told["seq"], told["revision"], moment, told["type"], told["topic"], frame)
