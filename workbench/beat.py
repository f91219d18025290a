"""The beat of a hub: when all of its roots are compared with the disk again, whatever was told meanwhile."""

import time
from typing import Final

_RECHECK_AFTER: Final = 0.3
_DUTY: Final = 40
"""A beat is at least this many times as long as the comparison itself took."""


class Beat:
    """The time of the next comparison. `longest` is the time in seconds between two that cost nothing."""

    def __init__(self, longest: float) -> None:
        self.longest = longest
        self._at = 0.0

    @property
    def wait(self) -> float:
        """How long it is until then, in seconds."""
        return max(self._at - time.monotonic(), 0.0)

    @property
    def is_due(self) -> bool:
        """Whether it is time."""
        return time.monotonic() >= self._at

    def compared(self, seconds: float = 0.0) -> None:
        """Note a comparison of everything, and how long it took."""
        self._at = time.monotonic() + max(self.longest, _DUTY * seconds)

    def recheck(self) -> None:
        """Compare again soon."""
        self._at = min(self._at, time.monotonic() + _RECHECK_AFTER)
