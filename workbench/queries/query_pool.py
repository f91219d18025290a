"""SQL and Cypher for the clients of a server: worker processes, each with the newest revision that was asked about."""

import threading
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final
from weakref import WeakKeyDictionary

import orjson

from workbench.errors import QueryCancelled, TooManyQueries
from workbench.fleet.snapshot import Snapshot
from workbench.hub import Hub
from workbench.processes.worker import Worker

_GRACE: Final = 1.0
"""Seconds after which a query that does not heed its interruption is ended with its process."""
_LOAD_SECONDS: Final = 30.0

SQL: Final = "workbench.store.query_worker"
CYPHER: Final = "workbench.queries.cypher_worker"
"""The modules that the processes of a pool run."""


@dataclass(frozen=True)
class QueryLimits:
    """What a query over the API may cost: seconds, rows, bytes of memory; and how many run and wait at a time."""

    seconds: float = 10.0
    rows: int = 100_000
    memory_bytes: int = 512_000_000
    workers: int = 2
    waiting: int = 16


@dataclass(frozen=True)
class Question:
    """One SELECT with its parameters, or one pattern; whether the answer is Arrow, and how many rows are enough."""

    text: str
    params: dict[str, Any] | list[Any] = field(default_factory=dict)
    arrow: bool = False
    rows: int | None = None
    part: str = ""
    """What of a revision is enough for it; empty for all."""


@dataclass(frozen=True)
class Answer:
    """The rows of an answer, encoded, with their columns and count."""

    columns: list[dict[str, str]]
    row_count: int
    truncated: bool
    content: bytes


class Asked:
    """A query that waits or runs; it can be given up at any time."""

    def __init__(self) -> None:
        self.answer: Future[Answer] = Future()
        self._lock = threading.Lock()
        self._worker: Worker | None = None
        self._is_given_up = False

    def cancel(self) -> None:
        """Give the query up: it is not begun, or its process ends."""
        with self._lock:
            self._is_given_up = True
            if self._worker is not None:
                self._worker.cancel()

    def begin(self, worker: Worker) -> bool:
        """Take a worker; False if the query was given up meanwhile."""
        with self._lock:
            self._worker = None if self._is_given_up else worker
            return not self._is_given_up

    def end(self) -> None:
        """Give the worker back."""
        with self._lock:
            self._worker = None


class QueryPool:
    """A bounded number of workers and of queries that wait for one. Processes start when they are needed."""

    def __init__(self, limits: QueryLimits, module: str = SQL) -> None:
        self.limits = limits
        self._module = module
        self._threads = ThreadPoolExecutor(limits.workers, thread_name_prefix="query")
        self._idle = [Worker(module) for _ in range(limits.workers)]
        self._workers = tuple(self._idle)
        self._lock = threading.Lock()
        self._open = 0
        weakref.finalize(self, _end, self._workers)

    def ask(self, snapshot: Snapshot, question: Question, tables: Callable[[Snapshot], "Tables"]) -> Asked:
        """Ask a question about a snapshot; raises TooManyQueries."""
        with self._lock:
            if self._open >= self.limits.workers + self.limits.waiting:
                raise TooManyQueries(f"{self._open} queries run and wait already; try again", limit=self._open)
            self._open += 1
        asked = Asked()
        self._threads.submit(self._run, asked, snapshot, question, tables)
        return asked

    def close(self) -> None:
        """End all workers; queries under way are cancelled."""
        for worker in self._workers:
            worker.cancel()
        self._threads.shutdown(wait=True, cancel_futures=True)
        _end(self._workers)

    def _run(
        self, asked: Asked, snapshot: Snapshot, question: Question, tables: Callable[[Snapshot], "Tables"]
    ) -> None:
        with self._lock:
            # The one that holds the revision already, if it has nothing to do.
            holding = (worker for worker in self._idle if _holds(worker, snapshot, question))
            worker = next(holding, self._idle[0])
            self._idle.remove(worker)
        worker.reset()
        try:
            if not asked.begin(worker):
                raise QueryCancelled("the query was cancelled")
            asked.answer.set_result(self._answered(worker, snapshot, question, tables))
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever asked
            asked.answer.set_exception(error)
        finally:
            asked.end()
            with self._lock:
                self._idle.insert(0, worker)
                self._open -= 1

    def _answered(
        self, worker: Worker, snapshot: Snapshot, question: Question, tables: Callable[[Snapshot], "Tables"]
    ) -> Answer:
        if not _holds(worker, snapshot, question):
            worker.begin()  # it imports what it needs while the tables are made
            sizes, content = snapshot.derive(("loaded into", self._module, question.part), tables)
            load = {"verb": "load", "sizes": sizes, "memory_bytes": self.limits.memory_bytes}
            worker.ask(load, content, _LOAD_SECONDS)
            worker.holds = snapshot.token, question.part
        rows = self.limits.rows if question.rows is None else min(question.rows, self.limits.rows)
        limits = {"seconds": self.limits.seconds, "rows": rows}
        header = {"verb": "query", "params": question.params, "arrow": question.arrow, **limits}
        said, content = worker.ask(header, question.text.encode(), self.limits.seconds + _GRACE)
        return Answer(said["columns"], said["row_count"], said["truncated"], content)


def _holds(worker: Worker, snapshot: Snapshot, question: Question) -> bool:
    """Whether a worker has what a question about a snapshot needs: all of it, or the part that is enough."""
    return worker.holds in ((snapshot.token, ""), (snapshot.token, question.part))


Tables = tuple[Sequence[tuple[str, int]], bytes]
"""[name, bytes] of each table, and their Arrow streams one after another."""


def encoded_tables(snapshot: Snapshot, hub: Hub) -> Tables:
    """Return the tables of a snapshot, and the newest events, as they are handed to a worker."""
    from workbench.store.query import query_tables
    from workbench.store.query_worker import arrow_stream

    streams = {name: arrow_stream(table) for name, table in query_tables(snapshot, hub.log.newest(10_000)).items()}
    return [(name, len(stream)) for name, stream in streams.items()], b"".join(streams.values())


def encoded_graph(snapshot: Snapshot) -> Tables:
    """Return the slot graph of a snapshot as it is handed to a worker."""
    return _encoded_graph(snapshot, lines=True)


def encoded_graph_without_lines(snapshot: Snapshot) -> Tables:
    """Return the slot graph for patterns that ask for no lines; to find those is most of the work."""
    return _encoded_graph(snapshot, lines=False)


def _encoded_graph(snapshot: Snapshot, *, lines: bool) -> Tables:
    from workbench.fleet.property_graph import graph_lists

    content = orjson.dumps(graph_lists(snapshot, lines=lines))
    return [("graph", len(content))], content


def _end(workers: Sequence[Worker]) -> None:
    for worker in workers:
        worker.close()


_POOLS: Final[WeakKeyDictionary[Hub, dict[str, QueryPool]]] = WeakKeyDictionary()


def pool_of(hub: Hub, limits: QueryLimits | None = None, module: str = SQL) -> QueryPool:
    """Return the pool of a hub whose processes run a module; `limits` count for a new one."""
    pools = _POOLS.setdefault(hub, {})
    if module not in pools:
        pools[module] = QueryPool(limits or QueryLimits(), module)
    return pools[module]


def close_pool(hub: Hub) -> None:
    """End the pools of a hub, if it has any."""
    for pool in _POOLS.pop(hub, {}).values():
        pool.close()
