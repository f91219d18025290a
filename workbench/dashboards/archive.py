"""The kept revisions for all sessions that look at them: read beside the event loop, each answer once."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, TypeVar

import pandas as pd

from workbench.workbench import Workbench

T = TypeVar("T")

_KEPT_CHANGES: Final = 32


class Archive:
    """Answers what revisions there are, and what changed between two, as futures."""

    def __init__(self, wb: Workbench) -> None:
        self._wb = wb
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._revisions: tuple[int, Future[pd.DataFrame]] | None = None
        self._changes: OrderedDict[tuple[int, int], Future[dict[str, Any]]] = OrderedDict()

    def revisions(self) -> "Future[pd.DataFrame]":
        """Return the kept revisions as `Workbench.history` gives them, read once for each revision of the fleet."""
        newest = self._wb.revision
        with self._lock:
            if self._revisions is None or self._revisions[0] != newest or _has_failed(self._revisions[1]):
                self._revisions = newest, self._read(lambda: self._wb.history)
            return self._revisions[1]

    def change(self, older: int, newer: int) -> "Future[dict[str, Any]]":
        """Return what changed from one revision to another; fails with RevisionGone or UnknownRevision."""
        key = older, newer
        with self._lock:
            asked = self._changes.pop(key, None)
            if asked is None or _has_failed(asked):
                asked = self._read(lambda: self._wb.diff(older, newer))
            self._changes[key] = asked
            while len(self._changes) > _KEPT_CHANGES:
                self._changes.popitem(last=False)
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
