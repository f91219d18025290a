"""A thread that looks at this host at a beat, and tells when something else is to be seen."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from workbench.sources.listeners import Sight

logger = logging.getLogger(__name__)

_DUTY: Final = 50
"""A beat is at least this many times as long as the look itself took of the processor: two percent of one."""


class Observer:
    """Keeps the newest sight. `look` is called on the observer's own thread, `on_change` too."""

    def __init__(self, look: Callable[[], Sight], on_change: Callable[[], None], beat: float) -> None:
        self._look = look
        self._on_change = on_change
        self._beat = beat
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self.sight = Sight()
        self.looked_at: float | None = None
        """When the newest sight was taken, in seconds since the epoch; None before the first."""
        self.cost = 0.0
        """Processor seconds that the newest look took."""

    def start(self) -> None:
        """Begin to look; returns at once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="workbench-observe", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread; returns when it has ended."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopped.is_set():
            started = time.thread_time()
            try:
                sight = self._look()
            except Exception as error:
                logger.exception("looking at this host failed")
                sight = Sight(error=f"looking at this host failed: {error}")
            self.cost = time.thread_time() - started
            is_first, differs = self.looked_at is None, sight != self.sight
            self.sight, self.looked_at = sight, time.time()
            if is_first or differs:
                self._on_change()
            self._stopped.wait(max(self._beat, _DUTY * self.cost))
