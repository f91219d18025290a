"""Fixtures of the API's tests: a small fleet on disk, its hub, and a real server on a free port."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from tornado.httpclient import HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketClientConnection, websocket_connect

from api import broadcast, grouped, routes
from api.broadcast import EventLimits, broadcaster_of, close_clients
from api.repeats import RepeatedReads
from workbench.events import Draft
from workbench.hub import Hub, HubOptions
from workbench.queries.query_pool import QueryLimits, close_pool
from workbench.security.origins import OriginPolicy
from workbench.security.tokens import Token, Tokens

DEADLINE = 10.0
SECRET = "a-token-for-tests"

MANIFESTS = {
    "core/vault": """\
[smart-crate]
name = "sx9-vault"
version = "2.1.0"
classification = "foundation"
tesla_grade = true
description = "Keeps secrets"

[metadata]
cloned_from = "ctas7-strongroom"

[ports]
http_api = 18010

[endpoints]
health = "/health"
""",
    "core/ledger": """\
[smart-crate]
name = "ledger"
version = "0.9.0"
classification = "service"
tesla_grade = false
foundation = "sx9-vault"

[ports]
http_api = 18020
vault = 18010

[dependencies]
vault = "sx9-vault"
""",
    "edge/portal": """\
[smart-crate]
name = "portal"
version = "0.10.0"
classification = "interface"
tesla_grade = true

[ports]
ui = 18030
ledger = 18020

[dependencies]
ledger = "ledger"
""",
    "edge/rival": """\
[smart-crate]
name = "rival"
version = "1.0.0"
classification = "interface"

[ports]
ui = 18030
""",
    "libs/sums": """\
[smart-crate]
name = "sums"
version = "1.2.3"
classification = "library"
tesla_grade = true
""",
    "libs/ring-a": '[smart-crate]\nname = "ring-a"\nversion = "1.0.0"\n\n[dependencies]\nb = "ring-b"\n',
    "libs/ring-b": '[smart-crate]\nname = "ring-b"\nversion = "1.0.0"\n\n[dependencies]\na = "ring-a"\n',
    "libs/broken": '[smart-crate\nname = "broken"\n',
}

NAMES = ["ledger", "portal", "ring-a", "ring-b", "rival", "sums", "sx9-vault"]


def until(predicate: Callable[[], Any], seconds: float = DEADLINE) -> Any:
    """Return the predicate's first true value; fail after the deadline."""
    deadline = time.monotonic() + seconds
    while not (value := predicate()):
        assert time.monotonic() < deadline, "the deadline passed"
        threading.Event().wait(0.003)
    return value


def write_manifest(root: Path, directory: str, text: str) -> Path:
    path = root / directory / "smart-crate.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def write_fleet(root: Path) -> Path:
    """Write the small fleet below a folder, and return it."""
    for directory, text in MANIFESTS.items():
        write_manifest(root, directory, text)
    return root


class LiveApi:
    """The API of a hub behind a real HTTP server, on a loop in a thread of its own.

    Its reads are repeated as those of `workbench serve`, unless it asks who calls.
    """

    def __init__(self, hub: Hub, *, repeats: bool = True, **settings: Any) -> None:
        self.hub = hub
        self.repeats = repeats and "api_access" not in settings
        self.settings = settings
        self.left_over: list[str] = []
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="live-api")

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        sockets = bind_sockets(0, "127.0.0.1", family=socket.AF_INET)
        self.port = sockets[0].getsockname()[1]
        application = self.application = self.made_application()
        is_repeating = self.repeats and isinstance(application, Application)
        server = HTTPServer(RepeatedReads(application, self.hub) if is_repeating else application)
        server.add_sockets(sockets)
        self._started.set()
        await self._stop.wait()
        server.stop()
        await close_clients(self.hub)
        await server.close_all_connections()
        if others := asyncio.all_tasks() - {asyncio.current_task()}:
            _, left = await asyncio.wait(others, timeout=DEADLINE)
            self.left_over = [str(task) for task in left]

    def made_application(self) -> Any:
        """Return what answers; made on the loop."""
        tokens = Tokens([Token.of("tester", SECRET)])
        return Application(list(grouped(routes(self.hub))), **{"api_tokens": tokens, **self.settings})

    def __enter__(self) -> "LiveApi":
        self._thread.start()
        assert self._started.wait(DEADLINE)
        self.base = f"127.0.0.1:{self.port}"
        self.client = httpx.Client(base_url=f"http://{self.base}", timeout=DEADLINE)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.stop()
        close_pool(self.hub)
        assert self.left_over == []
        assert not [key for key in broadcast._BROADCASTERS if key[0] is self.hub]

    def stop(self) -> None:
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(DEADLINE)
        assert not self._thread.is_alive()

    def on_loop(self, function: Callable[[], Any]) -> Any:
        async def call() -> Any:
            return function()

        return asyncio.run_coroutine_threadsafe(call(), self.loop).result(DEADLINE)

    def clients(self) -> int:
        return int(self.on_loop(lambda: len(broadcaster_of(self.hub).subscribers)))

    def publish(self, *data: dict[str, Any], topic: Any = "crates", kind: str = "crate.changed") -> list[int]:
        events = self.hub.log.number([Draft(kind, topic, item) for item in data], self.hub.snapshot.revision)
        self.hub.log.publish(events)
        return [event.seq for event in events]

    @asynccontextmanager
    async def socket(self, path: str = "/ws", **headers: str) -> AsyncIterator["Socket"]:
        request = HTTPRequest(f"ws://{self.base}{path}", headers=headers)
        connection = await websocket_connect(request)
        client = Socket(connection)
        try:
            yield client
        finally:
            connection.close()
            while not client.has_ended:
                await client.next()


class Socket:
    """A WebSocket client that reads envelopes."""

    def __init__(self, connection: WebSocketClientConnection) -> None:
        self.connection = connection
        self.has_ended = False

    async def next(self) -> dict[str, Any] | None:
        frame = await asyncio.wait_for(self.connection.read_message(), DEADLINE)
        assert frame is None or isinstance(frame, str), "frames are text"
        self.has_ended = frame is None
        return None if frame is None else orjson.loads(frame)

    async def take(self, count: int) -> list[dict[str, Any]]:
        return [envelope for _ in range(count) if (envelope := await self.next()) is not None]

    async def first(self, kind: str) -> dict[str, Any]:
        while envelope := await self.next():
            if envelope["type"] == kind:
                return envelope
        raise AssertionError(f"the socket ended before {kind}")

    async def send(self, message: object) -> None:
        text = message if isinstance(message, (str, bytes)) else orjson.dumps(message).decode()
        await self.connection.write_message(text)


def scanned(root: Path) -> Hub:
    hub = Hub([root], HubOptions(watch=False))
    hub.scan_once()
    hub._ready.set()
    return hub


@pytest.fixture
def fleet_dir(tmp_path: Path) -> Path:
    return write_fleet(tmp_path / "fleet")


@pytest.fixture
def hub(fleet_dir: Path) -> Iterator[Hub]:
    before = set(threading.enumerate())
    with Hub([fleet_dir], HubOptions(beat=0.5)) as running:
        assert running.wait_ready(DEADLINE)
        yield running
    until(lambda: not {t for t in threading.enumerate() if t.name.startswith("workbench-")} - before)


@pytest.fixture
def still_hub(fleet_dir: Path) -> Hub:
    """A hub that was scanned once and follows nothing: its revision stays 1."""
    return scanned(fleet_dir)


@pytest.fixture
def api(still_hub: Hub) -> Iterator[LiveApi]:
    with LiveApi(still_hub) as live:
        yield live


@pytest.fixture
def live_api(hub: Hub) -> Iterator[LiveApi]:
    with LiveApi(hub) as live:
        yield live


@pytest.fixture
def start_api() -> Iterator[Callable[..., LiveApi]]:
    """Start a server over a hub with settings of the test's choice."""
    started: list[LiveApi] = []

    def start(
        hub: Hub,
        limits: EventLimits | None = None,
        origins: tuple[str, ...] = (),
        queries: QueryLimits | None = None,
    ) -> LiveApi:
        live = LiveApi(hub, event_limits=limits, api_origins=OriginPolicy(origins), query_limits=queries)
        started.append(live.__enter__())
        return live

    yield start
    for live in started:
        live.__exit__()


@pytest.fixture
def http(api: LiveApi) -> httpx.Client:
    return api.client


@pytest.fixture(scope="module")
def shared_http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of one server for a whole module, where each would start a process that answers queries."""
    with LiveApi(scanned(write_fleet(tmp_path_factory.mktemp("shared")))) as live:
        yield live.client


@pytest.fixture
def run() -> Callable[[Awaitable[Any]], Any]:
    """Run a coroutine, with a deadline."""

    def run_it(coroutine: Awaitable[Any]) -> Any:
        async def limited() -> Any:
            return await asyncio.wait_for(coroutine, 2 * DEADLINE)

        return asyncio.run(limited())

    return run_it
