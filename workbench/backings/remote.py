"""A fleet of a running server: tables as Arrow, questions as REST, news over its WebSocket."""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import pyarrow as pa

from workbench.backings.backing import Json
from workbench.backings.connection import Connection
from workbench.backings.published import events_of
from workbench.errors import QueryError, Unavailable, WorkbenchError
from workbench.events import Event
from workbench.fleet.head import SnapshotHead
from workbench.fleet.snapshot import Snapshot
from workbench.history import Moment, revision_at
from workbench.hub import Hub
from workbench.sources.ingest import collector_paused

if TYPE_CHECKING:
    import httpx

    from workbench.desks.assignments import Assignment

ARROW_STREAM: Final = "application/vnd.apache.arrow.stream"
_TRIES: Final = 5
_GREETING_SECONDS: Final = 5.0


class RemoteBacking:
    """The fleet that a server follows. Each question asks whether there is anything new, and no more than that."""

    def __init__(self, url: str, token: str | None = None, transport: "httpx.BaseTransport | None" = None) -> None:
        """Connect; raises Unavailable if no workbench answers, Unauthorized for a token that it does not know."""
        self.connection = Connection(url, token, transport)
        self._head: tuple[str, SnapshotHead] | None = None
        self._tables: dict[str, tuple[str, pa.Table]] = {}
        self._snapshot: Snapshot | None = None
        self._hub: Hub | None = None
        self._revived = ""
        self._lock = threading.Lock()
        self._followers: list[Callable[[], None]] = []
        try:
            self._tagged_head()
        except WorkbenchError:
            self.connection.close()
            raise

    @property
    def place(self) -> str:
        return self.connection.url

    @property
    def head(self) -> SnapshotHead:
        return self._tagged_head()[1]

    @property
    def snapshot(self) -> Snapshot:
        with self._lock, collector_paused():
            for _ in range(_TRIES):
                tag, head = self._tagged_head()
                if self._snapshot is not None and tag == self._revived:
                    return self._snapshot
                found, manifests = self._tagged_table("manifests")
                if found == tag:
                    self._snapshot = head.revive(manifests.to_pylist(), self._snapshot)
                    self._revived = tag
                    return self._snapshot
        raise Unavailable("the fleet changes faster than it can be read; try again")

    @property
    def hub(self) -> Hub:
        snapshot = self.snapshot
        if self._hub is None or self._hub.snapshot is not snapshot:
            self._hub = Hub.frozen(snapshot)
        return self._hub

    @property
    def assignments(self) -> "Sequence[Assignment]":
        from workbench.desks.assignments import Assignment

        return tuple(
            Assignment(
                item["id"], item["crate_name"], item["label"], item["port"], item["sister_port"], item["block"],
                _seconds(item["assigned_at"]), expires_at=_moment(item["expires_at"]), actor=item["actor"],
            )
            for item in self.connection.json("/api/ports/assignments")
        )  # fmt: skip

    def table(self, name: str) -> pa.Table:
        return self._tagged_table(name)[1]

    def sql(self, query: str, parameters: Mapping[str, Any]) -> pa.Table:
        answer = self.connection.post("/api/query", {"sql": query, "params": dict(parameters)}, ARROW_STREAM)
        table = pa.ipc.open_stream(answer.content).read_all()
        if answer.headers.get("X-Truncated") == "true":
            raise QueryError(f"the query returns more than the server's {table.num_rows} rows: add a LIMIT")
        return table

    def crate(self, name: str) -> Json:
        told: Json = self.connection.json(f"/api/crates/{quote(name, safe='')}")
        return told

    def port(self, number: int) -> Json:
        told: Json = self.connection.json(f"/api/ports/{number}")
        return told

    def at(self, moment: Moment) -> Snapshot:
        head = self.head
        if isinstance(moment, int) and moment == head.revision:
            return self.snapshot
        rows = [
            {"revision": row["revision"], "taken_at": row["taken_at"].timestamp()}
            for row in self.table("history").to_pylist()
        ]
        revision = revision_at(moment, rows, head.revision)["revision"]
        then = {"revision": revision}
        old = SnapshotHead.parse(self.connection.json("/api/snapshot", then))
        manifests = _arrow(self.connection.get("/api/snapshot/manifests.arrow", then))
        with collector_paused():
            return old.revive(manifests.to_pylist(), self._snapshot)

    def status(self) -> Json:
        told: Json = self.connection.json("/status")
        return told

    def refresh(self) -> None:
        self.connection.get("/api/snapshot", {"refresh": "true"})

    def newest_events(self, count: int) -> list[Event]:
        return events_of(self.table("events"), count)

    def subscribe(self, listener: Callable[[Sequence[Event]], None]) -> Callable[[], None]:
        from workbench.backings.follow import Follower

        follower = Follower(self.connection.url, self.connection.headers, listener)
        self._followers.append(follower.stop)
        follower.connected.wait(_GREETING_SECONDS)  # from then on nothing is missed; else it goes on trying
        return follower.stop

    def close(self) -> None:
        while self._followers:
            self._followers.pop()()
        if self._hub is not None:
            from workbench.queries.query_pool import close_pool

            close_pool(self._hub)
        self.connection.close()

    def _tagged_head(self) -> tuple[str, SnapshotHead]:
        known = self._head
        answer = self.connection.get("/api/snapshot", tag=known[0] if known else None)
        if known and answer.status_code == 304:
            return known
        try:
            head = SnapshotHead.parse(self.connection.parsed(answer))
        except ValueError as error:
            raise Unavailable(f"what answers at {self.place} is no workbench of this version: {error}") from None
        self._head = tagged = answer.headers.get("ETag", ""), head
        return tagged

    def _tagged_table(self, name: str) -> tuple[str, pa.Table]:
        known = self._tables.get(name)
        answer = self.connection.get(f"/api/snapshot/{name}.arrow", tag=known[0] if known else None)
        if known and answer.status_code == 304:
            return known
        self._tables[name] = tagged = answer.headers.get("ETag", ""), _arrow(answer)
        return tagged


def _arrow(answer: "httpx.Response") -> pa.Table:
    try:
        return pa.ipc.open_file(pa.py_buffer(answer.content)).read_all()
    except pa.ArrowException as error:
        raise Unavailable(f"the server's answer is no Arrow table: {error}") from None


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _moment(text: str | None) -> float | None:
    return None if text is None else _seconds(text)
