"""Who is being shown a page just now: what nobody waits for gives way to them for a moment."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_AFTERWARDS: Final = 1.5
"""So long after it was made, a page is taken to be still on its way."""
_LONGEST: Final = 120.0


class Visits:
    """When pages are made, and were made last. Any thread may tell and ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way = 0
        self._began = self._ended = -_LONGEST

    @contextmanager
    def visit(self) -> Iterator[None]:
        """Make a page for a visitor."""
        with self._lock:
            now = time.monotonic()
            if not self._under_way and now > self._ended + _AFTERWARDS:
                self._began = now
            self._under_way += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1
                self._ended = time.monotonic()

    def pause(self) -> float:
        """Return for how many seconds to give way before asking again; 0 where nobody waits.

        Visitors who come one upon the other hold nothing up for more than two minutes.
        """
        now = time.monotonic()
        latest = now if self._under_way else self._ended
        return max(0.0, min(latest + _AFTERWARDS, self._began + _LONGEST) - now)
