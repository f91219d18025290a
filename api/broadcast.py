"""From the hub's thread to every client of one event loop: bounded queues, replay, announced gaps."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from weakref import WeakKeyDictionary

from tornado.websocket import WebSocketClosedError

from api.standing import Standing
from workbench.errors import TooManyClients
from workbench.events import TOPICS, Draft, Event, Topic
from workbench.hub import Hub

logger = logging.getLogger(__name__)

GOING_AWAY: Final = 1001
TRY_AGAIN_LATER: Final = 1013
_BATCH_EVENTS: Final = 64
_BATCH_BYTES: Final = 262_144
"""What is written together: the deadline of a write holds for so much."""


@dataclass(frozen=True)
class EventLimits:
    """What a client may cost: events waiting for it, seconds for one write, bytes of a message from it, and so on."""

    queue: int = 1_000
    replay: int = 20_000
    write_seconds: float = 10.0
    message_bytes: int = 65_536
    clients: int = 1_000
    ping_seconds: float = 20.0
    standing_seconds: float = 1.0
    """How often it is asked whether what let a client in still holds."""


class Sink(Protocol):
    """A client's connection, as its subscriber sees it."""

    def send(self, events: Sequence[Event]) -> "asyncio.Future[None]":
        """Send events together; done when they have left, at once if the connection takes them."""

    def beat(self) -> "asyncio.Future[None]":
        """Say nothing, so that a connection on which nothing happens stays alive."""

    def end(self, code: int, reason: str) -> None:
        """Close the connection; harmless if it is closed."""


@dataclass
class Figures:
    """What happened to the clients of a hub."""

    clients: int = 0
    evictions: int = 0
    sent: int = 0


class Subscriber:
    """One client: what it wants, what waits for it, and the one task that writes to it."""

    def __init__(self, broadcaster: "Broadcaster", sink: Sink, topics: Iterable[Topic]) -> None:
        self._broadcaster = broadcaster
        self._sink = sink
        self._topics = frozenset(topics)
        self._replay: deque[Event] = deque()
        self._queue: deque[Event] = deque()
        self._wake = asyncio.Event()
        self._in_flight: asyncio.Future[None] | None = None
        self._is_idle = False
        """Whether the task waits for something to do: then what comes is sent without it."""
        self._cursor = 0
        self._is_open = True
        self._task = asyncio.get_running_loop().create_task(self._write_all())

    @property
    def topics(self) -> list[Topic]:
        """The topics that the client gets, in the contract's order."""
        return [topic for topic in TOPICS if topic in self._topics]

    @property
    def is_open(self) -> bool:
        """Whether the client is still there, as far as is known."""
        return self._is_open

    @property
    def waiting(self) -> int:
        """How many events wait to be sent."""
        return len(self._replay) + len(self._queue)

    def greet(self, since: int | None) -> None:
        """Send `hello`, then everything after `since`, if given, and what happens from now on."""
        self._cursor = self._broadcaster.hub.log.last_seq
        self._begin("hello", {"instance": self._broadcaster.hub.instance, "topics": self.topics}, since)

    def subscribe(self, topics: Iterable[Topic] | None, since: int | None) -> None:
        """Change the topics, and with `since` begin anew after that event; `subscribed` marks the place."""
        if topics is not None:
            self._topics = frozenset(topics)
        self._begin("subscribed", {"topics": self.topics, "since": since}, since)

    def offer(self, events: Sequence[Event]) -> None:
        """Queue what the client wants of new events; a client that is too far behind is sent away."""
        if not self._is_open:
            return
        wanted = [event for event in events if event.seq > self._cursor and event.topic in self._topics]
        self._cursor = max(self._cursor, events[-1].seq)
        if len(self._queue) + len(wanted) > self._broadcaster.limits.queue:
            self._evict(f"more than {self._broadcaster.limits.queue} events behind")
            return
        self._queue.extend(wanted)
        if self._is_idle:
            self._send_at_once()
        else:
            self._wake.set()

    def close(self, code: int | None = None, reason: str = "") -> None:
        """Forget the client, closing its connection if there is a code; may be called twice without harm."""
        if not self._is_open:
            return
        self._is_open = False
        self._replay.clear()
        self._queue.clear()
        self._broadcaster.leave(self)
        if asyncio.current_task() is not self._task:
            self._task.cancel()
        if code is not None:
            self._sink.end(code, reason)

    async def wait_closed(self) -> None:
        """Wait until the writing task has ended."""
        await asyncio.wait([self._task])

    def _begin(self, kind: str, data: dict[str, Any], since: int | None) -> None:
        """Queue a mark and, with `since`, everything after that event, in place of what waits: that is part of it."""
        mark = self._control(kind, data)
        if since is None:
            self._put(mark)
            return
        self._queue.clear()
        self._replay = deque([mark, *self._events_since(since)])
        self._wake.set()

    def _events_since(self, since: int) -> list[Event]:
        """Return the kept events after `since`, or a `resync` that says why they are not all there."""
        log, limit = self._broadcaster.hub.log, self._broadcaster.limits.replay
        kept, has_gap = log.since(since)
        reason = (
            "unknown" if since > log.last_seq else "expired" if has_gap else "too-many" if len(kept) > limit else ""
        )
        self._cursor = kept[-1].seq if kept else log.last_seq
        if reason:
            return [self._control("resync", {"since": since, "reason": reason})]
        return [event for event in kept if event.topic in self._topics]

    def _control(self, kind: str, data: dict[str, Any]) -> Event:
        revision = self._broadcaster.hub.snapshot.revision
        return Event.of(Draft(kind, "system", data), self._cursor, revision, time.time())

    def _put(self, mark: Event) -> None:
        """Queue what is no event of the log; a client that asks and asks without reading goes too."""
        if len(self._queue) >= self._broadcaster.limits.queue:
            self._evict(f"more than {self._broadcaster.limits.queue} answers behind")
            return
        self._queue.append(mark)
        self._wake.set()

    def _send_at_once(self) -> None:
        """Send what waits while the connection takes it, without waking the task; the rest is the task's."""
        try:
            while self._in_flight is None and (batch := self._next()):
                self._send(batch)
        except (OSError, WebSocketClosedError) as error:
            self._lose(error)
            return
        if self._in_flight is not None:
            self._wake.set()

    def _send(self, batch: Sequence[Event]) -> None:
        self._in_flight = sent = self._sink.send(batch)
        self._broadcaster.figures.sent += len(batch)
        if sent.done():
            self._in_flight = None
            sent.result()

    async def _write_all(self) -> None:
        limits = self._broadcaster.limits
        try:
            while self._is_open:
                if self._in_flight is None and (batch := self._next()):
                    self._send(batch)
                elif self._in_flight is None and not await self._is_woken(limits.ping_seconds):
                    self._in_flight = self._sink.beat()
                if self._in_flight is not None:
                    async with asyncio.timeout(limits.write_seconds):
                        await self._in_flight
                    self._in_flight = None
        except TimeoutError:
            self._evict(f"a write took longer than {limits.write_seconds:g} s")
        except (OSError, WebSocketClosedError) as error:
            self._lose(error)

    def _lose(self, error: Exception) -> None:
        logger.debug("a client of the events went away: %r", error)
        self.close()

    def _next(self) -> list[Event]:
        """Take what is to be sent next: what waits, up to so many events and bytes."""
        waiting = self._replay or self._queue
        batch: list[Event] = []
        size = 0
        while waiting and len(batch) < _BATCH_EVENTS and size < _BATCH_BYTES:
            batch.append(waiting.popleft())
            size += len(batch[-1].frame)
        return batch

    async def _is_woken(self, seconds: float) -> bool:
        """Wait until there is something to do; False if nothing came for some seconds."""
        self._wake.clear()
        self._is_idle = True
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return False
        finally:
            self._is_idle = False
        return True

    def _evict(self, reason: str) -> None:
        logger.warning("sent away a slow client of the events: %s", reason)
        self._broadcaster.figures.evictions += 1
        self.close(TRY_AGAIN_LATER, reason)


@dataclass
class Broadcaster:
    """The clients of one hub on one event loop; follows the hub's log while there are any."""

    hub: Hub
    loop: asyncio.AbstractEventLoop
    limits: EventLimits
    figures: Figures
    subscribers: set[Subscriber] = field(default_factory=set)
    standing: Standing = field(default_factory=Standing)

    def join(self, sink: Sink, topics: Collection[Topic], since: int | None = None) -> Subscriber:
        """Add a client and greet it; raises TooManyClients."""
        self.check_room()
        subscriber = Subscriber(self, sink, topics)
        if not self.subscribers:
            _BROADCASTERS[self.hub, self.loop] = self
            self._unsubscribe = self.hub.log.subscribe(self._hand_over)
        self.subscribers.add(subscriber)
        self.figures.clients += 1
        subscriber.greet(since)
        return subscriber

    def check_room(self) -> None:
        """Raise TooManyClients if no further client is taken."""
        if len(self.subscribers) >= self.limits.clients:
            raise TooManyClients(f"{self.limits.clients} clients follow the events already", limit=self.limits.clients)

    def leave(self, subscriber: Subscriber) -> None:
        """Remove a client; with the last one, stop following the log."""
        self.subscribers.discard(subscriber)
        self.figures.clients -= 1
        if not self.subscribers:
            self._unsubscribe()
            _BROADCASTERS.pop((self.hub, self.loop), None)

    async def close(self, reason: str = "the server is stopping") -> None:
        """Close every client's connection and wait for their tasks."""
        leaving = list(self.subscribers)
        for subscriber in leaving:
            subscriber.close(GOING_AWAY, reason)
        await asyncio.gather(*(subscriber.wait_closed() for subscriber in leaving))

    def _hand_over(self, events: Sequence[Event]) -> None:
        """Take a batch from the hub's thread to the loop: one call for all clients."""
        try:
            self.loop.call_soon_threadsafe(self._deliver, events)
        except RuntimeError:
            # The loop was closed without a stop of ours; nobody listens there any more.
            self._unsubscribe()

    def _deliver(self, events: Sequence[Event]) -> None:
        for subscriber in list(self.subscribers):
            subscriber.offer(events)


_FIGURES: Final[WeakKeyDictionary[Hub, Figures]] = WeakKeyDictionary()
_BROADCASTERS: Final[dict[tuple[Hub, asyncio.AbstractEventLoop], Broadcaster]] = {}
"""Those that have clients; a broadcaster leaves with its last one."""


def figures_of(hub: Hub) -> Figures:
    """Return what happened to the clients of a hub so far."""
    return _FIGURES.setdefault(hub, Figures())


def broadcaster_of(hub: Hub, limits: EventLimits | None = None) -> Broadcaster:
    """Return the broadcaster of a hub on the running loop; `limits` count for a new one."""
    loop = asyncio.get_running_loop()
    return _BROADCASTERS.get((hub, loop)) or Broadcaster(hub, loop, limits or EventLimits(), figures_of(hub))


def waiting_of(hub: Hub) -> list[int]:
    """Return how many events wait for each client of a hub."""
    return [
        subscriber.waiting
        for (owner, _), broadcaster in list(_BROADCASTERS.items())
        if owner is hub
        for subscriber in list(broadcaster.subscribers)
    ]


async def close_clients(hub: Hub) -> None:
    """Close all sockets and event streams of a hub on the running loop, because the server stops."""
    await broadcaster_of(hub).close()
