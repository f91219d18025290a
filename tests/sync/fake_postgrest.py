"""A server that behaves as PostgREST does for the requests that are made of it; its tables are in memory."""

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

MAX_ROWS = 7
"""Fewer than any client asks for, as Supabase has 1,000."""


class Rest:
    """Tables by schema and name, each with rows by id; what was asked; and how to misbehave."""

    def __init__(self, token: str = "service-key") -> None:
        self.token = token
        self.tables: dict[str, dict[str, dict[str, Any]]] = {}
        self.asked: list[tuple[str, str, dict[str, str], str]] = []
        self.breaks_at = -1
        self.url = ""


class TableHandler(RequestHandler):
    """/{table}: GET with select, order, limit and `id=gt.`; POST as upsert; PATCH; DELETE with `id=in.()`."""

    rest: Rest

    def initialize(self, rest: Rest) -> None:
        self.rest = rest

    def prepare(self) -> None:
        profile = self.request.headers["Accept-Profile" if self.request.method == "GET" else "Content-Profile"]
        query = {name: self.get_query_argument(name) for name in self.request.query_arguments}
        prefer = self.request.headers.get("Prefer", "")
        self.rest.asked.append((str(self.request.method), self.path_args[0], query, prefer))
        if len(self.rest.asked) == self.rest.breaks_at:
            assert self.request.connection is not None
            self.request.connection.stream.close()  # type: ignore[attr-defined]
            return
        if self.request.headers.get("Authorization") != f"Bearer {self.rest.token}":
            self.refuse(401, "42501", "permission denied for table crates")
        elif f"{profile}.{self.path_args[0]}" not in self.rest.tables:
            self.refuse(
                404, "PGRST205", f"Could not find the table '{profile}.{self.path_args[0]}' in the schema cache"
            )
        else:
            self.rows = self.rest.tables[f"{profile}.{self.path_args[0]}"]

    def refuse(self, status: int, code: str, message: str) -> None:
        self.set_status(status)
        self.finish(orjson.dumps({"code": code, "details": None, "hint": None, "message": message}))

    def get(self, table: str) -> None:
        names = self.get_query_argument("select").split(",")
        above = self.get_query_argument("id", "gt.").removeprefix("gt.")
        most = min(int(self.get_query_argument("limit", "99999")), MAX_ROWS)
        chosen = [row for identity, row in sorted(self.rows.items()) if identity > above or table == "workbench_sync"]
        self.finish(orjson.dumps([{name: row[name] for name in names} for row in chosen[:most]]))

    def post(self, table: str) -> None:
        assert self.get_query_argument("on_conflict") == "id"
        assert "resolution=merge-duplicates" in self.request.headers["Prefer"]
        rows = orjson.loads(self.request.body)
        if len({tuple(row) for row in rows}) > 1:
            return self.refuse(400, "PGRST102", "All object keys must match")
        self.rows.update((row["id"], row) for row in rows)
        return self.set_status(201)

    def patch(self, table: str) -> None:
        assert self.get_query_argument("version") == "eq.1"
        for row in self.rows.values():
            row.update(orjson.loads(self.request.body))
        self.set_status(204)

    def delete(self, table: str) -> None:
        found = re.fullmatch(r"in\.\(([0-9a-f]{32}(?:,[0-9a-f]{32})*)\)", self.get_query_argument("id"))
        assert found, "a DELETE without a filter would empty the table"
        for identity in found[1].split(","):
            del self.rows[identity]
        self.set_status(204)


@contextmanager
def running_rest(rest: Rest, prefix: str = "") -> Iterator[Rest]:
    """Run the server on a free port until the end."""
    ready, ended = threading.Event(), threading.Event()
    stop: list[Any] = []

    async def run() -> None:
        sockets = bind_sockets(0, "127.0.0.1")
        server = HTTPServer(Application([(rf"{prefix}/(\w+)", TableHandler, {"rest": rest})]))
        server.add_sockets(sockets)
        rest.url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
        done = asyncio.Event()
        loop = asyncio.get_running_loop()
        stop.append(lambda: loop.call_soon_threadsafe(done.set))
        ready.set()
        await done.wait()
        server.stop()
        await server.close_all_connections()
        ended.set()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert ready.wait(10)
    try:
        yield rest
    finally:
        stop[0]()
        thread.join(10)
        assert ended.is_set()
