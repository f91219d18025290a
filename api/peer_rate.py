"""How often one peer may ask: a bucket of tokens for each address, the newest addresses only."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from workbench.errors import TooManyRequests

_BURST_SECONDS: Final = 2.0
_MOST_PEERS: Final = 1024


class PeerRate:
    """Lets each peer ask `rate` times a second, and for two seconds' worth at once. Used from one thread."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._full = max(rate * _BURST_SECONDS, 1.0)
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, peer: str) -> None:
        """Count one request; raises TooManyRequests with the seconds to wait."""
        now = self._clock()
        tokens, at = self._buckets.pop(peer, (self._full, now))
        tokens = min(self._full, tokens + (now - at) * self._rate)
        self._buckets[peer] = (tokens - 1 if tokens >= 1 else tokens), now
        while len(self._buckets) > _MOST_PEERS:
            self._buckets.popitem(last=False)
        if tokens < 1:
            wait = max(1, math.ceil((1 - tokens) / self._rate))
            raise TooManyRequests(
                f"{peer} asks more than {self._rate:g} times a second; wait {wait} s", retry_after=wait
            )
