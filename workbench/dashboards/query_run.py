"""One query at a time for a session: asked in a process of its own, given up on request or when the session ends."""

from collections.abc import Callable
from concurrent.futures import Future

from workbench.dashboards.result_table import Result, result_of
from workbench.dashboards.session import Session
from workbench.errors import QueryCancelled, QueryError, WorkbenchError
from workbench.queries.query_pool import Answer, Asked
from workbench.workbench import Workbench

Outcome = Result | WorkbenchError
SHOWN_ROWS = 10_000


class QueryRun:
    """Asks for a page, and tells it in its own session what came of it."""

    def __init__(self, wb: Workbench, on_outcome: Callable[[Outcome], None]) -> None:
        self._wb = wb
        self._on_outcome = on_outcome
        self._asked: Asked | None = None
        self._session = Session()
        self._session.on_end(self.cancel)

    @property
    def is_running(self) -> bool:
        """Whether an answer is awaited."""
        return self._asked is not None

    def start(self, sql: str) -> None:
        """Ask; a query that still runs is given up. Raises TooManyQueries."""
        self.cancel()
        self._asked = None
        revision = self._wb.revision
        asked = self._asked = self._wb.ask(sql, SHOWN_ROWS)

        def heard(answer: Future[Answer]) -> None:
            # The worker's thread reads the answer, so that the event loop need not.
            outcome = _outcome(answer, revision)
            self._session.call(lambda: self._told(asked, outcome))

        asked.answer.add_done_callback(heard)

    def cancel(self) -> None:
        """Give up what runs; harmless if nothing does."""
        if self._asked is not None:
            self._asked.cancel()

    def _told(self, asked: Asked, outcome: Outcome) -> None:
        if asked is self._asked:
            self._asked = None
            self._on_outcome(outcome)


def _outcome(answer: Future[Answer], revision: int) -> Outcome:
    if answer.cancelled():
        return QueryCancelled("the query was cancelled")
    error = answer.exception()
    if isinstance(error, WorkbenchError):
        return error
    if error is not None:
        return QueryError(f"the query could not be answered: {error}")
    try:
        return result_of(answer.result(), revision)
    except (ValueError, OverflowError, ArithmeticError) as problem:
        return QueryError(f"a value cannot be shown ({problem}); cast it to VARCHAR")
