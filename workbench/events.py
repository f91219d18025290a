"""The event log: what happened, in order, with sequence numbers that never go back."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Literal, get_args

import orjson

from workbench.fleet.diff import Diff
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.wire import claim_model, crate_model, finding_model, iso, summary_model

Topic = Literal["crates", "ports", "findings", "mux", "deployments", "assignments", "health", "system"]
TOPICS: Final[tuple[Topic, ...]] = get_args(Topic)

COALESCE_ABOVE: Final = 50
"""From how many changes of one topic in one revision they are told as one event with their names."""

Listener = Callable[[Sequence["Event"]], None]


@dataclass(frozen=True, slots=True)
class Draft:
    """An event before it has a place in the log."""

    type: str
    topic: Topic
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the log. `frame` is the envelope as JSON, encoded once for all; `data` is read from it."""

    seq: int
    revision: int
    ts: float
    type: str
    topic: Topic
    frame: bytes

    @classmethod
    def of(cls, draft: Draft, seq: int, revision: int, ts: float) -> "Event":
        """Return the event of a draft at its place in the log."""
        return cls.kept(seq, revision, ts, draft.type, draft.topic, orjson.dumps(draft.data))

    @classmethod
    def kept(cls, seq: int, revision: int, ts: float, kind: str, topic: Topic, data: bytes) -> "Event":
        """Return the event whose data are JSON already."""
        envelope = {"type": kind, "seq": seq, "revision": revision, "ts": iso(ts), "topic": topic}
        frame = b'%s,"data":%s}' % (orjson.dumps(envelope)[:-1], data)
        return cls(seq, revision, ts, kind, topic, frame)

    @property
    def data(self) -> dict[str, Any]:
        """What the event tells: a new dict each time, since many events are kept and few are looked into."""
        told: dict[str, Any] = orjson.loads(self.frame)["data"]
        return told


def drafts_of(change: Diff, snapshot: Snapshot) -> list[Draft]:
    """Return the events that tell a difference: crates, ports, findings, then the new revision itself."""
    crates = [
        Draft(
            f"crate.{item.action}",
            "crates",
            {"name": item.crate.name, "path": item.path, "crate": crate_model(item.record)},
        )
        for item in change.crates
    ]
    ports = [
        Draft("port.changed", "ports", {"port": port, "claims": [claim_model(claim) for claim in claims]})
        for port, claims in change.ports
        if len(change.ports) <= COALESCE_ABOVE
    ]
    findings = [
        Draft(f"finding.{verb}", "findings", {"finding": finding_model(item)})
        for verb, items in (("appeared", change.appeared), ("vanished", change.vanished))
        for item in items
        if len(change.appeared) + len(change.vanished) <= COALESCE_ABOVE
    ]
    return [
        *_coalesced("crates", crates, [draft.data["name"] for draft in crates]),
        *(ports or _many("ports", [port for port, _ in change.ports])),
        *(findings or _many("findings", [item.kind for item in (*change.appeared, *change.vanished)])),
        revision_draft(snapshot),
    ]


def revision_draft(snapshot: Snapshot) -> Draft:
    """Return the event that tells of a new revision, with the fleet's figures."""
    return Draft("fleet.revision", "system", snapshot.derive("summary", summary_model))


def _coalesced(topic: Topic, drafts: list[Draft], names: list[str]) -> list[Draft]:
    return drafts if len(drafts) <= COALESCE_ABOVE else _many(topic, names)


def _many(topic: Topic, names: Sequence[object]) -> list[Draft]:
    if not names:
        return []
    return [
        Draft(f"{topic}.changed", topic, {"count": len(names), "first": list(dict.fromkeys(names))[:COALESCE_ABOVE]})
    ]


class EventLog:
    """The newest events, kept in memory for replay, and those who listen for more.

    One thread appends; any thread reads and subscribes. Listeners are called on the appending thread and
    must not block.
    """

    def __init__(self, capacity: int = 100_000, last_seq: int = 0) -> None:
        self._events: deque[Event] = deque(maxlen=capacity)
        self._listeners: dict[int, Listener] = {}
        self._lock = threading.Lock()
        self._next_listener = 0
        self.last_seq = last_seq

    def restore(self, events: Iterable[Event]) -> None:
        """Fill the log with events kept from an earlier run, oldest first."""
        with self._lock:
            self._events.extend(events)
            self.last_seq = max([self.last_seq, *(event.seq for event in self._events)])

    def number(self, drafts: Sequence[Draft], revision: int) -> list[Event]:
        """Return the events that `publish` will append, so that they can be written down first."""
        now = time.time()
        return [Event.of(draft, self.last_seq + n, revision, now) for n, draft in enumerate(drafts, 1)]

    def publish(self, events: Sequence[Event]) -> None:
        """Append events and tell every listener, in order."""
        if not events:
            return
        with self._lock:
            self._events.extend(events)
            self.last_seq = events[-1].seq
            listeners = list(self._listeners.values())
        for listener in listeners:
            listener(events)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Add a listener; returns the function that removes it, which may be called twice without harm."""
        with self._lock:
            self._next_listener += 1
            token = self._next_listener
            self._listeners[token] = listener
        return lambda: self._unsubscribe(token)

    def _unsubscribe(self, token: int) -> None:
        with self._lock:
            self._listeners.pop(token, None)

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def since(self, seq: int) -> tuple[list[Event], bool]:
        """Return (events after `seq`, whether some of them are no longer kept)."""
        with self._lock:
            oldest = self._events[0].seq if self._events else self.last_seq + 1
            start = min(max(0, seq + 1 - oldest), len(self._events))  # a client may name any number
            kept = list(islice(self._events, start, None))
        return kept, oldest > seq + 1

    def newest(self, count: int) -> list[Event]:
        """Return the newest events, oldest first."""
        with self._lock:
            return list(islice(self._events, max(0, len(self._events) - count), None))
