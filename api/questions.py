"""Questions that a worker process answers: bounded, told with what they cost, and given up when the client leaves."""

import asyncio
import time
from collections.abc import Callable

import orjson

from api.base import ApiHandler
from workbench.fleet.snapshot import Snapshot
from workbench.queries.query_pool import SQL, Answer, Asked, QueryLimits, Question, Tables, pool_of


class QuestionHandler(ApiHandler):
    """Base of the handlers that have a process of the pool answer."""

    _asked: Asked | None = None

    async def answered(
        self, snapshot: Snapshot, question: Question, tables: Callable[[Snapshot], Tables], module: str = SQL
    ) -> Answer:
        """Return the answer to a question about a snapshot; raises QueryError, QueryTimeout, TooManyQueries."""
        self._started = time.monotonic()
        limits: QueryLimits | None = self.application.settings.get("query_limits")
        self._asked = pool_of(self.hub, limits, module).ask(snapshot, question, tables)
        return await asyncio.wrap_future(self._asked.answer)

    def finish_answer(self, answer: Answer, revision: int) -> None:
        """Finish with {columns, rows, row_count, truncated, revision, elapsed_ms}."""
        told = {
            "row_count": answer.row_count,
            "truncated": answer.truncated,
            "revision": revision,
            "elapsed_ms": round((time.monotonic() - self._started) * 1e3, 3),
        }
        columns = orjson.dumps(answer.columns)
        self.set_header("Cache-Control", "no-store")
        self.finish(b'{"columns":%s,"rows":%s,%s' % (columns, answer.content, orjson.dumps(told)[1:]))

    def on_connection_close(self) -> None:
        """Stop a question that nobody waits for any more."""
        if self._asked is not None:
            self._asked.cancel()
