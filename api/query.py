"""POST /api/query: read-only SQL over the newest revision."""

import asyncio
import time
from typing import Annotated, Any, Final

import orjson
from pydantic import Field

from api.base import JSON, ApiHandler
from api.bodies import RequestBody, parse_body
from api.models.query import QueryAnswer
from api.operation import Answer, operation
from workbench.errors import QueryError, QueryTimeout, TooManyQueries
from workbench.query_pool import Asked, QueryLimits, Question, encoded_tables, pool_of

ARROW_STREAM: Final = "application/vnd.apache.arrow.stream"
MAX_SQL: Final = 100_000


class QueryBody(RequestBody):
    """The query."""

    sql: Annotated[str, Field(min_length=1, max_length=MAX_SQL)]
    """One SELECT over the tables of the newest revision."""
    params: dict[str, Any] | list[Any] = Field(default_factory=dict)
    """Values of `$name` parameters, or a list of those of `?`."""


class QueryHandler(ApiHandler):
    """POST: the rows of one SELECT, as JSON or as an Arrow stream; it needs no token, since it changes nothing."""

    access = "read"

    _asked: Asked | None = None

    @operation(
        "Crates",
        "Ask in SQL",
        answers={200: Answer("The rows", {JSON: QueryAnswer, ARROW_STREAM: bytes}, ("X-Truncated", "X-Revision"))},
        detail="Read-only, over a copy of the newest revision, with limits of time, rows and memory.",
        body=QueryBody,
        errors=(QueryError, QueryTimeout, TooManyQueries),
    )
    async def post(self) -> None:
        body = parse_body(QueryBody, self.request, limit=2 * MAX_SQL)
        is_arrow = ARROW_STREAM in self.request.headers.get("Accept", "")
        snapshot, hub, started = self.hub.snapshot, self.hub, time.monotonic()
        limits: QueryLimits | None = self.application.settings.get("query_limits")
        question = Question(body.sql, body.params, is_arrow)
        self._asked = pool_of(hub, limits).ask(snapshot, question, lambda s: encoded_tables(s, hub))
        answer = await asyncio.wrap_future(self._asked.answer)
        self.set_header("Cache-Control", "no-store")
        self.set_header("Vary", "Accept, Origin")
        if is_arrow:
            self.set_header("Content-Type", ARROW_STREAM)
            self.set_header("X-Truncated", str(answer.truncated).lower())
            self.set_header("X-Revision", str(snapshot.revision))
            self.finish(answer.content)
            return
        told = {
            "row_count": answer.row_count,
            "truncated": answer.truncated,
            "revision": snapshot.revision,
            "elapsed_ms": round((time.monotonic() - started) * 1e3, 3),
        }
        columns = orjson.dumps(answer.columns)
        self.finish(b'{"columns":%s,"rows":%s,%s' % (columns, answer.content, orjson.dumps(told)[1:]))

    def on_connection_close(self) -> None:
        """Stop a query that nobody waits for any more."""
        if self._asked is not None:
            self._asked.cancel()
