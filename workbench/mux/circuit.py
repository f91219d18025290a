"""When to ask again: soon after a failure, ever later while it lasts, and never all at one time."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

CircuitState = Literal["closed", "open", "half-open"]

FAILURES_TO_OPEN: Final = 3
_FIRST_PAUSE: Final = 0.25


@dataclass
class Circuit:
    """A circuit breaker without a clock. Times are in seconds; `draw` gives a number from 0 to 1.

    While it is closed, a failure is followed by quick tries; after `FAILURES_TO_OPEN` in a row it is open, and one
    try at a time is made after pauses that double up to `longest`.
    """

    interval: float
    longest: float = 60.0
    draw: Callable[[], float] = field(default=random.random)
    failures: int = 0
    is_trying: bool = False

    @property
    def state(self) -> CircuitState:
        """Whether requests flow, are held back, or one is sent to see."""
        if self.failures < FAILURES_TO_OPEN:
            return "closed"
        return "half-open" if self.is_trying else "open"

    @property
    def is_open(self) -> bool:
        """Whether the other side counts as away."""
        return self.failures >= FAILURES_TO_OPEN

    def begin(self) -> None:
        """Note that a try begins."""
        self.is_trying = True

    def succeed(self) -> None:
        """Note that it succeeded."""
        self.is_trying, self.failures = False, 0

    def fail(self) -> None:
        """Note that it failed."""
        self.is_trying, self.failures = False, self.failures + 1

    def pause(self) -> float:
        """Return how long to wait before the next try; after a failure a random time between half of it and all."""
        if not self.failures:
            return self.interval
        if not self.is_open:
            whole = min(self.interval, _FIRST_PAUSE * 2.0 ** (self.failures - 1))
        else:
            whole = min(self.longest, self.interval * 2.0 ** min(self.failures - FAILURES_TO_OPEN, 30))
        return float(whole * (0.5 + 0.5 * self.draw()))
