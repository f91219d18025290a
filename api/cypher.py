"""POST /graph/query: a Cypher pattern over the slot graph of the newest revision."""

from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from api.bodies import RequestBody, parse_body
from api.models.query import PatternAnswer
from api.operation import Answer, operation
from api.questions import QuestionHandler
from workbench.errors import QueryError, QueryTimeout, TooManyQueries
from workbench.fleet.property_graph import asks_for_lines
from workbench.fleet.snapshot import Snapshot
from workbench.queries.query_pool import CYPHER, Question, Tables, encoded_graph, encoded_graph_without_lines

_MAX_PATTERN = 10_000


class PatternBody(RequestBody):
    """The pattern."""

    pattern: Annotated[str, Field(min_length=1, max_length=_MAX_PATTERN)]
    """One `MATCH … RETURN …`."""


class PatternHandler(QuestionHandler):
    """POST: what a pattern finds; it needs no token, since it changes nothing."""

    access = "read"

    @operation(
        "Graph",
        "Ask in Cypher",
        answers={200: Answer("What was found", PatternAnswer)},
        detail="Read-only, over a copy of the newest revision's slot graph, with limits of time, rows and memory.",
        body=PatternBody,
        errors=(QueryError, QueryTimeout, TooManyQueries),
    )
    async def post(self) -> None:
        body = parse_body(PatternBody, self.request, limit=4 * _MAX_PATTERN)
        snapshot = self.hub.snapshot
        answer = await self.answered(snapshot, *_asked(body.pattern), CYPHER)
        self.finish_answer(answer, snapshot.revision)


def _asked(pattern: str) -> tuple[Question, Callable[[Snapshot], Tables]]:
    """Return the question for a pattern, and what makes as much of the slot graph as it needs."""
    if asks_for_lines(pattern):
        return Question(pattern), encoded_graph
    return Question(pattern, part="without lines"), encoded_graph_without_lines
