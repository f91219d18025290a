"""Having ready what will be asked for: it is made while the fleet is quiet, step by step."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from workbench.events import Event
from workbench.fleet.snapshot import Snapshot
from workbench.hub import Hub
from workbench.tables.frames import tables_made

logger = logging.getLogger(__name__)

Make = Callable[[Snapshot], Iterator[None]]
"""Makes what can be made ahead of a revision, in steps of a fraction of a second each."""

QUIET_SECONDS: Final = 1.0
_LONGEST_WAIT: Final = 10.0
_MOST_MANIFESTS: Final = 25_000
"""Beyond this, what is made ahead takes room that is better left free until somebody asks."""
_LOOK_SECONDS: Final = 0.2
_STOP_SECONDS: Final = 2.0


class Preparer:
    """Makes ahead what is derived of a hub's newest revision, on a thread of its own, once nothing changed for a while.

    One thing is made after another, the tables last; visitors of pages come before all of them.
    """

    def __init__(self, hub: Hub, makes: Sequence[Make] = (), quiet: float = QUIET_SECONDS) -> None:
        self._hub = hub
        self._makes = (*makes, tables_made)
        self._quiet = quiet
        self._changed_at = time.monotonic()
        self._stopping = threading.Event()
        self._changed = threading.Event()
        self._changed.set()
        self._thread = threading.Thread(target=self._run, name="workbench-preparer", daemon=True)
        self._unsubscribe: Callable[[], None] | None = None

    def start(self) -> None:
        """Begin; returns at once."""
        self._unsubscribe = self._hub.log.subscribe(self._note)
        self._thread.start()

    def stop(self) -> None:
        """End, after the step that is being made; harmless twice, and without a start."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        self._stopping.set()
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def _note(self, events: Sequence[Event]) -> None:
        self._changed_at = time.monotonic()
        self._changed.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._changed.wait()
            if self._waited():
                self._changed.clear()
                try:
                    self._make()
                except Exception:
                    logger.exception("what is made ahead could not be made; it will be when it is asked for")

    def _waited(self) -> bool:
        """Wait until the fleet is read and quiet, but not for ever; False if it is to end."""
        patience = time.monotonic() + _LONGEST_WAIT
        while self._hub.phase != "ready" or time.monotonic() < min(self._changed_at + self._quiet, patience):
            if self._stopping.wait(_LOOK_SECONDS):
                return False
        return not self._stopping.is_set()

    def _make(self) -> None:
        snapshot = self._hub.snapshot
        if len(snapshot.records) > _MOST_MANIFESTS:
            return
        for make in self._makes:
            self._give_way()
            for _ in make(snapshot):
                self._give_way()
                if self._stopping.is_set() or self._hub.snapshot is not snapshot:
                    return

    def _give_way(self) -> None:
        while pause := self._hub.visits.pause():
            if self._stopping.wait(pause):
                return
