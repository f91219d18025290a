"""POST /api/query: read-only SQL over the newest revision."""

from typing import Annotated, Any, Final, TypeVar

import orjson
from pydantic import AfterValidator, Field

from api.base import JSON
from api.bodies import RequestBody, parse_body
from api.models.query import QueryAnswer
from api.operation import Answer, operation
from api.questions import QuestionHandler
from workbench.errors import QueryError, QueryTimeout, TooManyQueries
from workbench.queries.query_pool import Question, encoded_tables

T = TypeVar("T")

ARROW_STREAM: Final = "application/vnd.apache.arrow.stream"
MAX_SQL: Final = 100_000


def _plain(params: T) -> T:
    """Return parameters that reach the query as they are."""
    try:
        is_plain = orjson.loads(orjson.dumps(params)) == params
    except TypeError:
        is_plain = False
    if not is_plain:
        raise ValueError("send numbers beyond 64 bits, NaN and infinities as texts, and cast these in the query")
    return params


class QueryBody(RequestBody):
    """The query."""

    sql: Annotated[str, Field(min_length=1, max_length=MAX_SQL)]
    """One SELECT over the tables of the newest revision."""
    params: Annotated[dict[str, Any] | list[Any], AfterValidator(_plain)] = Field(default_factory=dict)
    """Values of `$name` parameters, or a list of those of `?`."""


class QueryHandler(QuestionHandler):
    """POST: the rows of one SELECT, as JSON or as an Arrow stream; it needs no token, since it changes nothing."""

    access = "read"

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
        snapshot, hub = self.hub.snapshot, self.hub
        question = Question(body.sql, body.params, is_arrow)
        answer = await self.answered(snapshot, question, lambda s: encoded_tables(s, hub))
        self.set_header("Vary", "Accept, Origin")
        if is_arrow:
            self.set_header("Cache-Control", "no-store")
            self.set_header("Content-Type", ARROW_STREAM)
            self.set_header("X-Truncated", str(answer.truncated).lower())
            self.set_header("X-Revision", str(snapshot.revision))
            self.finish(answer.content)
            return
        self.finish_answer(answer, snapshot.revision)
