"""/api/history and /api/diff: the revisions that are kept, and what changed between two."""

from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, Field

from api.base import ApiHandler, off_loop
from api.models.history import FleetDiff, Revision
from api.operation import Answer, operation
from api.queries import Position, Query, Text, parse_query
from workbench.errors import RevisionGone, UnknownCrate, UnknownRevision
from workbench.history import History, diff_model, revision_model


def _text_of_time(value: object) -> object:
    """Refuse numbers, which pydantic would take for seconds since the epoch."""
    if isinstance(value, str) and "-" not in value[1:]:
        raise ValueError("a time is written as in ISO 8601, such as 2026-01-31T12:00:00Z")
    return value


Time = Annotated[datetime, BeforeValidator(_text_of_time)]


class HistoryQuery(Query):
    """Which revisions, and the newest of these."""

    since: Position | Time | None = None
    """Those after this revision or time."""
    until: Position | Time | None = None
    """Those up to this revision or time."""
    crate: Text | None = None
    """Those that changed the manifest of this crate, by its name, or by the manifest's path if it is gone."""
    limit: Annotated[int, Field(ge=1, le=10_000)] = 100
    """At most so many."""


class DiffQuery(Query):
    """The two revisions."""

    older: Annotated[Position, Field(alias="from")]
    """The revision to begin at."""
    newer: Annotated[Position | None, Field(alias="to")] = None
    """The revision to end at; the newest if it is left out."""


def _key(row: dict[str, float], bound: int | datetime) -> tuple[float, float]:
    return (row["taken_at"], bound.timestamp()) if isinstance(bound, datetime) else (row["revision"], bound)


class HistoryHandler(ApiHandler):
    """GET: a bare array of revisions, newest first."""

    access = "read"

    @operation(
        "History",
        "List the kept revisions",
        answers={200: Answer("Revisions, newest first", list[Revision], ("X-Total-Count",))},
        query=HistoryQuery,
        errors=(UnknownCrate,),
    )
    async def get(self) -> None:
        query = parse_query(HistoryQuery, self.request.query_arguments)
        history = History(self.hub)
        rows = await off_loop(lambda: history.revisions_of(query.crate) if query.crate else history.revisions())
        if query.since is not None:
            rows = [row for row in rows if (pair := _key(row, query.since))[0] > pair[1]]
        if query.until is not None:
            rows = [row for row in rows if (pair := _key(row, query.until))[0] <= pair[1]]
        self.set_header("X-Total-Count", str(len(rows)))
        self.finish_json([revision_model(row) for row in reversed(rows[-query.limit :])])


class DiffHandler(ApiHandler):
    """GET: what changed from one revision to another, or to the newest."""

    access = "read"

    @operation("History", "Compare two revisions", FleetDiff, query=DiffQuery, errors=(UnknownRevision, RevisionGone))
    async def get(self) -> None:
        query = parse_query(DiffQuery, self.request.query_arguments)
        newer = self.hub.snapshot.revision if query.newer is None else query.newer
        history = History(self.hub)
        self.finish_json(await off_loop(lambda: diff_model(*history.diff(query.older, newer))))
