"""/api/history and /api/diff: the revisions that are kept, and what changed between two."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.base import ApiHandler, off_loop
from api.queries import Position, Query, parse_query
from workbench.history import History, diff_model, revision_model


class HistoryQuery(Query):
    """Which revisions: after `since`, up to `until` (numbers or times), and the newest of these."""

    since: Position | datetime | None = None
    until: Position | datetime | None = None
    limit: Annotated[int, Field(ge=1, le=10_000)] = 100


class DiffQuery(Query):
    """The two revisions."""

    older: Annotated[int, Field(alias="from", ge=0)]
    newer: Annotated[int | None, Field(alias="to", ge=0)] = None


def _key(row: dict[str, float], bound: int | datetime) -> tuple[float, float]:
    return (row["taken_at"], bound.timestamp()) if isinstance(bound, datetime) else (row["revision"], bound)


class HistoryHandler(ApiHandler):
    """GET: a bare array of revisions, newest first."""

    access = "read"

    async def get(self) -> None:
        query = parse_query(HistoryQuery, self.request.query_arguments)
        rows = await off_loop(History(self.hub).revisions)
        if query.since is not None:
            rows = [row for row in rows if (pair := _key(row, query.since))[0] > pair[1]]
        if query.until is not None:
            rows = [row for row in rows if (pair := _key(row, query.until))[0] <= pair[1]]
        self.set_header("X-Total-Count", str(len(rows)))
        self.finish_json([revision_model(row) for row in reversed(rows[-query.limit :])])


class DiffHandler(ApiHandler):
    """GET: what changed from one revision to another, or to the newest."""

    access = "read"

    async def get(self) -> None:
        query = parse_query(DiffQuery, self.request.query_arguments)
        newer = self.hub.snapshot.revision if query.newer is None else query.newer
        history = History(self.hub)
        self.finish_json(await off_loop(lambda: diff_model(*history.diff(query.older, newer))))
