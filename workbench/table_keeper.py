"""Having the tables ready before anybody asks: they are made while the fleet is quiet, step by step."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from workbench.events import Event
from workbench.frames import tables_made
from workbench.hub import Hub

QUIET_SECONDS: Final = 1.0
_LONGEST_WAIT: Final = 10.0
_MOST_MANIFESTS: Final = 25_000
"""Beyond this the tables take room that is better left free until somebody asks."""
_LOOK_SECONDS: Final = 0.2
_STOP_SECONDS: Final = 2.0


class TableKeeper:
    """Makes the tables of a hub's newest revision on a thread of its own, once nothing changed for a while."""

    def __init__(self, hub: Hub, quiet: float = QUIET_SECONDS) -> None:
        self._hub = hub
        self._quiet = quiet
        self._changed_at = time.monotonic()
        self._stopping = threading.Event()
        self._changed = threading.Event()
        self._changed.set()
        self._thread = threading.Thread(target=self._run, name="workbench-tables", daemon=True)
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
                self._make()

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
        for _ in tables_made(snapshot):
            if self._stopping.is_set() or self._hub.snapshot is not snapshot:
                return
