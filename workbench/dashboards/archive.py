"""The kept revisions for all sessions that look at them: read beside the event loop, each answer once."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import pandas as pd

from workbench.dashboards.cartography import Cartographer
from workbench.dashboards.live import Feed
from workbench.workbench import Workbench

K = TypeVar("K")
T = TypeVar("T")

_KEPT_CHANGES: Final = 32
_KEPT_REVISIONS: Final = 4


@dataclass(frozen=True, slots=True)
class Then:
    """The fleet at a kept revision, and what all sessions share that look at it."""

    wb: Workbench
    feed: Feed
    cartographer: Cartographer


class Archive:
    """Answers what revisions there are, and what changed between two, as futures."""

    def __init__(self, wb: Workbench) -> None:
        self._wb = wb
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._revisions: tuple[int, Future[pd.DataFrame]] | None = None
        self._changes: OrderedDict[tuple[int, int], Future[dict[str, Any]]] = OrderedDict()
        self._thens: OrderedDict[int, Future[Then]] = OrderedDict()

    def revisions(self) -> "Future[pd.DataFrame]":
        """Return the kept revisions as `Workbench.history` gives them, read once for each revision of the fleet."""
        newest = self._wb.revision
        with self._lock:
            if self._revisions is None or self._revisions[0] != newest or _has_failed(self._revisions[1]):
                self._revisions = newest, self._read(lambda: self._wb.history)
            return self._revisions[1]

    def change(self, older: int, newer: int) -> "Future[dict[str, Any]]":
        """Return what changed from one revision to another; fails with RevisionGone or UnknownRevision."""
        return self._kept(self._changes, (older, newer), _KEPT_CHANGES, lambda: self._wb.diff(older, newer))

    def at(self, revision: int) -> "Future[Then]":
        """Return the fleet as it was at a revision; fails with RevisionGone or UnknownRevision."""
        return self._kept(self._thens, revision, _KEPT_REVISIONS, lambda: self._then(revision))

    def _then(self, revision: int) -> Then:
        wb = self._wb.at(revision)
        return Then(wb, Feed(wb), Cartographer())

    def _kept(self, answers: "OrderedDict[K, Future[T]]", key: K, most: int, read: Callable[[], T]) -> "Future[T]":
        """Return the answer for a key, read if it is not among the newest `most` that were asked for."""
        with self._lock:
            asked = answers.pop(key, None)
            if asked is None or _has_failed(asked):
                asked = self._read(read)
            answers[key] = asked
            while len(answers) > most:
                answers.popitem(last=False)
            return asked

    def _read(self, read: Callable[[], T]) -> "Future[T]":
        """Have something read off the loop, one thing at a time, on a thread that ends with it."""
        answer: Future[T] = Future()

        def run() -> None:
            with self._reading:
                try:
                    answer.set_result(read())
                except Exception as error:  # noqa: BLE001 - whoever waits for the answer gets it
                    answer.set_exception(error)

        threading.Thread(target=run, name="workbench-archive", daemon=True).start()
        return answer


def _has_failed(answer: "Future[Any]") -> bool:
    return answer.done() and (answer.cancelled() or answer.exception() is not None)


def when_done(answer: "Future[T]", tell: Callable[[T | Exception], None]) -> None:
    """Call `tell` with a future's result or error, at once or on the thread that finishes it."""
    # A future keeps its callbacks as long as it lives, and ours outlive the sessions that asked.
    waiting = [tell]

    def heard(done: "Future[T]") -> None:
        tell = waiting.pop()
        error = done.exception()
        if error is None:
            tell(done.result())
        elif isinstance(error, Exception):
            tell(error)

    if answer.done():
        heard(answer)
    else:
        answer.add_done_callback(heard)
