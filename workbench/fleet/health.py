"""The health of a crate: what several sources say, each with its age, made into one verdict that names its source."""

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

State = Literal["healthy", "degraded", "unhealthy", "up", "silent", "unknown"]
"""`up`: it is there, and nothing says how it fares. `silent`: nothing answers, and nothing says that it should."""

Source = Literal["http-probe", "mux", "registration", "tcp-probe", "listener"]

STATES: Final[tuple[State, ...]] = ("unhealthy", "degraded", "healthy", "up", "silent", "unknown")
SOURCES: Final[tuple[Source, ...]] = ("http-probe", "mux", "registration", "tcp-probe", "listener")
"""Which source is named among those that say the same: the one that knows most of it first."""

PRESENT: Final[frozenset[State]] = frozenset({"healthy", "degraded", "up"})


class Evidence(NamedTuple):
    """What one source says of a crate. `at` is when it saw that, `fresh_for` for how many seconds that counts."""

    source: Source
    state: State
    at: float
    fresh_for: float
    detail: str

    def is_fresh(self, now: float) -> bool:
        """Whether it still counts."""
        return now - self.at <= self.fresh_for


class Health(NamedTuple):
    """The verdict on a crate: since when it holds, who says so, and when that was last seen."""

    crate: str
    state: State
    since: float
    source: Source | None = None
    at: float | None = None
    detail: str = ""
    evidence: tuple[Evidence, ...] = ()


def verdict(crate: str, evidence: Iterable[Evidence], now: float, before: Health | None = None) -> Health:
    """Return the health of a crate by what is fresh of the evidence.

    The worst that a source says counts. Two rules go beyond that: a source that calls a crate healthy while our own
    probe finds nobody there makes it degraded, and a crate that was seen up before and is silent now is unhealthy.
    """
    known = tuple(sorted(evidence, key=lambda item: SOURCES.index(item.source)))
    fresh = [item for item in known if item.is_fresh(now)]
    if not fresh:
        state, source, at, detail = _faded(known, now)
    else:
        chosen = min(fresh, key=lambda item: STATES.index(item.state))
        state, detail = _judged(chosen, fresh, before)
        source, at = chosen.source, chosen.at
    since = before.since if before is not None and before.state == state else now
    return Health(crate, state, since, source, at, detail, known)


def _faded(known: tuple[Evidence, ...], now: float) -> tuple[State, Source | None, float | None, str]:
    if not known:
        return "unknown", None, None, "nothing is known of it"
    newest = max(known, key=lambda item: item.at)
    ago = f"{now - newest.at:,.0f} s ago"
    return "unknown", newest.source, newest.at, f"last known {newest.state} by {newest.source}, {ago}: {newest.detail}"


def _judged(chosen: Evidence, fresh: list[Evidence], before: Health | None) -> tuple[State, str]:
    others = [item for item in fresh if item is not chosen and item.state != chosen.state and _differs(chosen, item)]
    words = "; ".join([chosen.detail, *(f"but {item.source} says {item.state}: {item.detail}" for item in others)])
    if chosen.state in PRESENT and any(item.state == "silent" for item in others):
        return "degraded", words
    if chosen.state == "silent" and before is not None and (before.state in PRESENT or before.state == "unhealthy"):
        return "unhealthy", f"{words}; it was there before"
    return chosen.state, words


def _differs(chosen: Evidence, other: Evidence) -> bool:
    """Whether another source contradicts, rather than knows less."""
    return other.state != "unknown" and not (other.state == "up" and chosen.state in PRESENT)


class Turn(NamedTuple):
    """A change of a crate's health."""

    at: float
    state: State
    source: Source | None
    detail: str


class Span(NamedTuple):
    """A time in which a crate's health did not change, from `start` to `end`."""

    state: State
    start: float
    end: float
    source: Source | None = None
    detail: str = ""


def spans(turns: Iterable[Turn], start: float, end: float) -> list[Span]:
    """Return the spans between two moments, by a crate's turns, oldest first; together they fill that time."""
    found: list[Span] = []
    current = Span("unknown", start, start, None, "nothing was seen of it")
    for turn in turns:
        at = max(current.start, min(max(turn.at, start), end))
        if at > current.start:
            found.append(current._replace(end=at))
        current = Span(turn.state, at, at, turn.source, turn.detail)
    if end > current.start:
        found.append(current._replace(end=end))
    return found


class Availability(NamedTuple):
    """How long a crate was there, within a span of time. `share` is of the time in which anything was known."""

    seconds: dict[State, float]
    known_seconds: float
    share: float | None


def availability(turns: Iterable[Turn], start: float, end: float) -> Availability:
    """Return the times that a crate spent in each state between two moments, by its turns, oldest first."""
    return times_of(spans(turns, start, end))


def times_of(known: Iterable[Span]) -> Availability:
    """Return the times of some spans, added up by state."""
    seconds: dict[State, float] = dict.fromkeys(STATES, 0.0)
    for span in known:
        seconds[span.state] += span.end - span.start
    known_seconds = sum(seconds.values()) - seconds["unknown"]
    there = sum(seconds[state] for state in PRESENT)
    return Availability(seconds, known_seconds, there / known_seconds if known_seconds > 0 else None)
