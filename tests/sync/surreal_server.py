"""The engine that comes with SurrealDB's SDK, behind a WebSocket: a server that the SDK's own client speaks to."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from surrealdb._surrealdb_ext import AsyncEmbeddedDB
from surrealdb.data.cbor import decode, encode
from surrealdb.request_message.message import RequestMessage
from surrealdb.request_message.methods import RequestMethod
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler


class Engine:
    """One engine, all of whose clients share a session; it can hang up after some requests."""

    def __init__(self) -> None:
        self.place = ""
        self.requests = 0
        self.hangs_up_at = -1
        self.database: Any = None

    async def answer(self, request: bytes) -> bytes:
        """Hand a request to the engine, in CBOR as it is."""
        try:
            answer: bytes = await self.database.execute(request)
        except RuntimeError as error:
            answer = encode({"id": decode(request)["id"], "error": {"code": -32000, "message": str(error)}})
        return answer


class HttpHandler(RequestHandler):
    """One request, one answer."""

    def initialize(self, engine: Engine) -> None:
        self.engine = engine

    async def post(self) -> None:
        self.finish(await self.engine.answer(self.request.body))


class RpcHandler(WebSocketHandler):
    """Requests and answers on one socket."""

    engine: Engine

    def initialize(self, engine: Engine) -> None:
        self.engine = engine

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return "cbor" if "cbor" in subprotocols else None

    async def on_message(self, message: str | bytes) -> None:
        self.engine.requests += 1
        if self.engine.requests == self.engine.hangs_up_at:
            self.close(1011, "the server goes down")
            return
        assert isinstance(message, bytes)
        await self.write_message(await self.engine.answer(message), binary=True)


@contextmanager
def running_engine(user: str, password: str) -> Iterator[Engine]:
    """Run a server on a free port, with one user of the root."""
    engine = Engine()
    ready = threading.Event()
    stop: list[Any] = []

    async def run() -> None:
        engine.database = AsyncEmbeddedDB("mem://")
        await engine.database.connect()
        made = RequestMessage(
            RequestMethod.QUERY,
            query=f'DEFINE USER `{user}` ON ROOT PASSWORD "{password}" ROLES OWNER',
            params={},
        )
        await engine.database.execute(made.WS_CBOR_DESCRIPTOR)
        sockets = bind_sockets(0, "127.0.0.1")
        server = HTTPServer(
            Application([("/ws/rpc", RpcHandler, {"engine": engine}), ("/http/rpc", HttpHandler, {"engine": engine})])
        )
        server.add_sockets(sockets)
        engine.place = f"127.0.0.1:{sockets[0].getsockname()[1]}"
        done = asyncio.Event()
        loop = asyncio.get_running_loop()
        stop.append(lambda: loop.call_soon_threadsafe(done.set))
        ready.set()
        await done.wait()
        server.stop()
        await server.close_all_connections()
        await engine.database.close()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert ready.wait(10)
    try:
        yield engine
    finally:
        stop[0]()
        thread.join(10)
