"""The newest events as rows, made once for all sessions that look at them."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
import pandas as pd

from workbench.dashboards.vital_words import vital_words
from workbench.events import Event
from workbench.fleet.wire import iso
from workbench.workbench import Workbench

COLUMNS: Final = ("time", "topic", "type", "words")
NEWEST: Final = 5_000
_LONGEST: Final = 240


@dataclass(frozen=True, slots=True)
class EventsFilter:
    """Which events are wanted: a text in any of their words, a topic; empty for all."""

    text: str = ""
    topic: str = ""


class EventRows:
    """The newest events of a workbench, newest first, as a frame indexed by sequence number."""

    def __init__(self, wb: Workbench, newest: int = NEWEST) -> None:
        self._wb = wb
        self._newest = newest
        self._lock = threading.Lock()
        self._events: list[Event] = []
        self._frame = _frame([])

    def frame(self) -> pd.DataFrame:
        """Return the rows, made anew only when there are newer events; shared, so not to be changed."""
        events = self._wb.newest_events(self._newest)
        with self._lock:
            if [event.seq for event in events[-1:]] != [event.seq for event in self._events[-1:]]:
                self._events, self._frame = events, _frame(events)
            return self._frame

    def event(self, seq: int) -> Event | None:
        """Return the event with a number, if it is among the newest."""
        with self._lock:
            return next((event for event in reversed(self._events) if event.seq == seq), None)


def matching_events(frame: pd.DataFrame, wanted: EventsFilter) -> pd.DataFrame:
    """Return the rows that a filter lets through."""
    keep = pd.Series(True, index=frame.index)
    if wanted.topic:
        keep &= frame["topic"] == wanted.topic
    for word in wanted.text.casefold().split():
        keep &= frame["searched"].str.contains(word, regex=False)
    return frame[keep]


def _frame(events: list[Event]) -> pd.DataFrame:
    rows = [(clock(event.ts), event.topic, event.type, event_words(event)) for event in reversed(events)]
    index = pd.Index([event.seq for event in reversed(events)], dtype="int64")
    frame = pd.DataFrame(rows, columns=list(COLUMNS), index=index, dtype=object)
    frame["searched"] = pd.Series([" ".join(row[1:]).casefold() for row in rows], index=index, dtype=object)
    return frame


def clock(seconds: float) -> str:
    """Return a moment (seconds since the epoch) as `2026-01-31 12:34:56`, in UTC."""
    return (iso(seconds) or "")[:19].replace("T", " ")


def event_words(event: Event) -> str:
    """Return what an event tells, in one line."""
    words = vital_words(event.data) if event.topic in ("mux", "health") else None
    if event.topic == "deployments":
        words = _deployment_words(event.data)
    words = words or _words(event.type, event.data)
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"


def _deployment_words(data: Mapping[str, Any]) -> str:
    if "lines" in data:
        return f"{data['crate_name']}: {data['lines'][-1] if data['lines'] else ''}"
    item = data["deployment"]
    step = f", {item['step']}" if item["step"] else ""
    return f"{item['crate_name']} {item['version']}: {item['state'].replace('_', ' ')}{step}"


def _words(kind: str, data: Mapping[str, Any]) -> str:
    match data:
        case {"finding": {"severity": severity, "message": message}}:
            return f"{severity}: {message}"
        case {"port": port, "claims": claims}:
            told = [f"{claim['crate']} ({claim['role']})" for claim in claims]
            return f"port {port}: {', '.join(told) or 'nobody claims it any more'}"
        case {"count": count, "first": [*first]}:
            return f"{count:,} at once: {', '.join(map(str, first))}"
        case {"name": name, "path": path}:
            return f"{name} ({path})"
        case {"crates": crates, "errors": errors, "warnings": warnings}:
            return f"{crates:,} crates, {errors:,} errors, {warnings:,} warnings"
        case {"crate_name": name, "port": port}:
            return f"{name}: port {port}"
    return orjson.dumps(data, default=str).decode() if data else kind
