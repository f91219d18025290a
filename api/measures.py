"""What a server measures of itself: how long requests and scans take, and how late its event loop is.

Each hub has a registry of its own, so that two servers in one process do not count each other's requests.
"""

import asyncio
import time
from collections.abc import Iterable
from typing import Final
from weakref import WeakKeyDictionary

from prometheus_client import CollectorRegistry, Histogram
from tornado.web import RequestHandler

from workbench.hub import Hub

_REQUEST_BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_LAG_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
_SCAN_BUCKETS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_LAG_BEAT: Final = 0.1
_OTHER: Final = "other"


class Measures:
    """The histograms of one hub's server."""

    def __init__(self, hub: Hub) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._scanned = hub.scans
        self._requests = Histogram(
            "workbench_request_seconds", "How long requests took, by route.", ("route", "method", "status"),
            registry=self.registry, buckets=_REQUEST_BUCKETS,
        )  # fmt: skip
        self._lag = Histogram(
            "workbench_loop_lag_seconds", f"How late the event loop was, asked every {_LAG_BEAT:g} s.",
            registry=self.registry, buckets=_LAG_BUCKETS,
        )  # fmt: skip
        self._scans = Histogram(
            "workbench_scan_seconds", "How long the disk was read, wholly or in part.", ("extent",),
            registry=self.registry, buckets=_SCAN_BUCKETS,
        )  # fmt: skip
        self._routes: dict[type[RequestHandler], str] = {}
        self._known: dict[tuple[type[RequestHandler], str, int], Histogram] = {}

    def name_routes(self, paths: Iterable[tuple[type[RequestHandler], str]]) -> None:
        """Take up how the routes of handlers are called; a handler of several goes by the first."""
        for handler, path in paths:
            self._routes.setdefault(handler, path)

    def note_request(self, handler: type[RequestHandler], method: str, status: int, seconds: float) -> None:
        """Count a request that was answered, under its route and status."""
        key = (handler, method, status)
        child = self._known.get(key)
        if child is None:
            # A client may send any method; those that no route knows are one.
            known = method if method in RequestHandler.SUPPORTED_METHODS else _OTHER
            child = self._requests.labels(self._routes.get(handler, _OTHER), known, str(status))
            self._known[key] = child
        child.observe(seconds)

    def note_lag(self, seconds: float) -> None:
        """Count how late the loop was once."""
        self._lag.observe(seconds)

    def take_scans(self) -> None:
        """Count the scans since this was called last."""
        while self._scanned:
            extent, seconds = self._scanned.popleft()
            self._scans.labels(extent).observe(seconds)


class LoopClock:
    """Asks the running event loop again and again how late it is; `stop` ends that."""

    def __init__(self, measures: Measures) -> None:
        self._measures = measures
        self._loop = asyncio.get_running_loop()
        self._due = 0.0
        self._next()

    def stop(self) -> None:
        """Ask no more."""
        self._handle.cancel()

    def _next(self) -> None:
        self._due = time.perf_counter() + _LAG_BEAT
        self._handle = self._loop.call_later(_LAG_BEAT, self._ring)

    def _ring(self) -> None:
        self._measures.note_lag(max(0.0, time.perf_counter() - self._due))
        self._next()


_MEASURES: Final[WeakKeyDictionary[Hub, Measures]] = WeakKeyDictionary()


def measures_of(hub: Hub) -> Measures:
    """Return what the server of a hub measures."""
    measures = _MEASURES.get(hub)
    if measures is None:
        measures = _MEASURES[hub] = Measures(hub)
    return measures


def start_clock(hub: Hub) -> LoopClock:
    """Begin to measure how late the running loop is."""
    return LoopClock(measures_of(hub))
