"""Pages follow the fleet: one listener for a workbench, one update at a time for each session."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from weakref import WeakMethod

from workbench.dashboards.session import Session
from workbench.fleet.snapshot import Snapshot
from workbench.workbench import Workbench

Update = Callable[[], None]
Prepare = Callable[[Snapshot], object]
Subscribe = Callable[[Callable[[Sequence[Any]], None]], Callable[[], None]]


class Feed:
    """Hands each new revision of a workbench to the sessions that follow it.

    It listens while anybody follows, and not longer. Revisions that come faster than a session can take them
    are skipped, never queued. What is slow to derive, of what somebody looks at, is derived once, on the feed's own
    thread, before the sessions are told. `subscribe` names another source of news than the fleet's events.
    """

    def __init__(self, wb: Workbench, subscribe: Subscribe | None = None) -> None:
        self.wb = wb
        self._subscribe = subscribe or wb.subscribe
        self._lock = threading.Lock()
        self._followers: list[Follower] = []
        self._unsubscribe: Callable[[], None] | None = None
        self._publisher: ThreadPoolExecutor | None = None
        self._is_behind = False

    @property
    def followers(self) -> int:
        """How many follow."""
        return len(self._followers)

    def follow(self, update: Update, prepare: Prepare | None = None) -> "Follower":
        """Call `update` in the current session after each new revision, until the session ends or `stop()`.

        What `prepare` derives of the revision is derived before: once, however many follow with the same function.
        """
        follower = Follower(self, update, prepare)
        with self._lock:
            self._followers.append(follower)
            if self._unsubscribe is None:
                self._publisher = ThreadPoolExecutor(1, "workbench-feed")
                self._unsubscribe = self._subscribe(self._heard)
        return follower

    def leave(self, follower: "Follower") -> None:
        """Forget a follower; harmless if it is forgotten already."""
        with self._lock:
            if follower in self._followers:
                self._followers.remove(follower)
            if self._followers or self._unsubscribe is None:
                return
            self._unsubscribe()
            self._unsubscribe = None
            publisher, self._publisher = self._publisher, None
        if publisher is not None:
            publisher.shutdown(wait=False, cancel_futures=True)

    def _heard(self, _: Sequence[Any]) -> None:
        """Called on the hub's thread, which must not wait: hand over to the feed's own."""
        with self._lock:
            if self._is_behind or self._publisher is None:
                return
            self._is_behind = True
            self._publisher.submit(self._publish)

    def _publish(self) -> None:
        with self._lock:
            self._is_behind = False
            followers = list(self._followers)
        snapshot = self.wb.snapshot
        for prepare in dict.fromkeys(follower.prepare for follower in followers if follower.prepare):
            prepare(snapshot)
        for follower in followers:
            follower.tell()


class Follower:
    """One session's interest in new revisions."""

    def __init__(self, feed: Feed, update: Update, prepare: Prepare | None = None) -> None:
        self._feed = feed
        self.prepare = prepare
        # A notebook has no session that ends: there the page's own life is what counts.
        self._update: Callable[[], Update | None] = (
            WeakMethod(update) if hasattr(update, "__self__") else lambda: update
        )
        self._is_told = False
        self._session = Session()
        self._session.on_end(self.stop)

    def tell(self) -> None:
        """Schedule one update, unless one is scheduled already. Called from any thread."""
        if self._is_told:
            return
        self._is_told = True
        self._session.call(self._run)

    def stop(self) -> None:
        """End it; harmless if it has ended."""
        self._feed.leave(self)

    def _run(self) -> None:
        self._is_told = False
        update = self._update()
        if update is None:
            self.stop()
        else:
            update()
