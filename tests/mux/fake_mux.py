"""A Mux for tests: a real Tornado server on a free port that answers what a test says, and misbehaves on request."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from tornado.httpserver import HTTPServer
from tornado.iostream import StreamClosedError
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler

SERVICES = [
    {"id": "universal-telemetry", "name": "Universal Telemetry", "port": 18101, "health_status": "HEALTHY"},
    {"id": "vault", "name": "vault", "port": 18010, "health_status": "Degraded"},
    {"id": "stray", "name": "stray", "port": 19999, "health_status": "down"},
]
STATUS = {
    "status": "operational",
    "total_services": 99,
    "healthy_services": 98,
    "services": [
        {**item, "endpoint": f"http://localhost:{item['port']}", "last_health_check": None, "capabilities": ["x"]}
        for item in SERVICES
    ],
}

Stream = Callable[[], AsyncIterator[bytes]]


@dataclass
class Reply:
    """What a path answers: a JSON value, bytes as they are, or chunks of a stream."""

    body: object = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    etag: str | None = None


async def hang() -> AsyncIterator[bytes]:
    """Begin an answer and never go on."""
    yield b"{"
    await asyncio.Event().wait()


async def drip() -> AsyncIterator[bytes]:
    """Send one byte at a time, each well within any time limit for one read."""
    yield b'{"status": "ok", "services": ['
    while True:
        await asyncio.sleep(0.05)
        yield b" "


class FakeMux:
    """Answers on `url` from a thread of its own. `replies` may be changed at any time."""

    def __init__(self, replies: dict[str, Any] | None = None, token: str | None = None) -> None:
        self.replies: dict[str, Any] = dict(replies or {})
        self.token = token
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.subscriptions: list[Any] = []
        self.sockets: set[WebSocketHandler] = set()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.requests]

    def __enter__(self) -> "FakeMux":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(started)), name="fake-mux")
        self._thread.start()
        assert started.wait(10)

    def stop(self) -> None:
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(10)
        assert not self._thread.is_alive()

    def push(self, message: object) -> None:
        """Send a message to all who subscribed."""

        def send() -> None:
            for client in list(self.sockets):
                client.write_message(orjson.dumps(message).decode())

        self.loop.call_soon_threadsafe(send)

    def drop_sockets(self) -> None:
        self.loop.call_soon_threadsafe(lambda: [client.close() for client in list(self.sockets)])

    async def _serve(self, started: threading.Event) -> None:
        self.loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        sockets = bind_sockets(self.port, "127.0.0.1", family=socket.AF_INET)
        self.port = sockets[0].getsockname()[1]
        routes = [(r"/ws/mux", _Socket, {"mux": self}), (r"/.*", _Handler, {"mux": self})]
        server = HTTPServer(Application(routes))  # type: ignore[arg-type]
        server.add_sockets(sockets)
        started.set()
        await self._stop.wait()
        server.stop()
        for client in list(self.sockets):
            client.close()
        await server.close_all_connections()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)


class _Handler(RequestHandler):
    def initialize(self, mux: FakeMux) -> None:
        self.mux = mux

    async def get(self) -> None:
        mux, path = self.mux, self.request.path
        mux.requests.append((path, dict(self.request.headers)))
        if mux.token and self.request.headers.get("Authorization") != f"Bearer {mux.token}":
            self.set_status(401)
            return
        reply = mux.replies.get(path)
        reply = reply if isinstance(reply, Reply) else Reply(reply, 404 if reply is None else 200)
        self.set_status(reply.status)
        for name, value in reply.headers.items():
            self.set_header(name, value)
        if reply.etag:
            self.set_header("Etag", reply.etag)
            if self.request.headers.get("If-None-Match") == reply.etag:
                self.set_status(304)
                return
        await self._send(reply.body)

    async def _send(self, body: Any) -> None:
        if callable(body):
            with contextlib.suppress(StreamClosedError):
                async for chunk in body():
                    self.write(chunk)
                    await self.flush()
        elif isinstance(body, bytes):
            self.write(body)
        elif body is not None:
            self.set_header("Content-Type", "application/json")
            self.write(orjson.dumps(body))

    def compute_etag(self) -> None:
        return None

    def log_exception(self, *_: Any) -> None:
        """A client that gives up is what these tests are about."""


class _Socket(WebSocketHandler):
    def initialize(self, mux: FakeMux) -> None:
        self.mux = mux

    def check_origin(self, origin: str) -> bool:
        return True

    async def prepare(self) -> None:
        if self.mux.token and self.request.headers.get("Authorization") != f"Bearer {self.mux.token}":
            self.set_status(401)
            await self.finish()

    def open(self, *_: str) -> None:
        self.mux.sockets.add(self)

    def on_message(self, message: str | bytes) -> None:
        self.mux.subscriptions.append(orjson.loads(message))

    def on_close(self) -> None:
        self.mux.sockets.discard(self)
