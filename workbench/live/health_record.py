"""The history of the crates' health: turns of the event log, folded by crate, bounded."""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, Final

from workbench.events import Draft, Event
from workbench.fleet.health import STATES, Availability, Health, Turn, availability

KEPT_TURNS: Final = 200
"""How many turns of a crate are kept."""
TYPE: Final = "health.changed"
_AT_ONCE: Final = 100


class HealthRecord:
    """The turns of each crate, oldest first. One thread writes, any may read."""

    def __init__(self, kept: int = KEPT_TURNS) -> None:
        self._kept = kept
        self._turns: dict[str, deque[Turn]] = {}

    def restore(self, events: Iterable[Event]) -> dict[str, Turn]:
        """Take up the turns of an earlier run; returns the last that was known of each crate.

        What was between its last event and now is unknown, and said to be.
        """
        last = None
        for event in events:
            last = event.ts
            if event.type == TYPE:
                for change in event.data.get("changes", ()):
                    self._restore(change)
        known = {crate: turns[-1] for crate, turns in self._turns.items()}
        for turns in self._turns.values():
            if last is not None and turns[-1].state != "unknown":
                turns.append(Turn(last, "unknown", None, "the workbench did not run"))
        return known

    def _restore(self, change: dict[str, Any]) -> None:
        if change.get("state") in STATES and isinstance(change.get("at"), (int, float)):
            turn = Turn(change["at"], change["state"], change.get("source"), str(change.get("detail", "")))
            self._of(str(change.get("crate"))).append(turn)

    def note(self, health: Health) -> None:
        """Note that a crate's health has changed."""
        self._of(health.crate).append(Turn(health.since, health.state, health.source, health.detail))

    @property
    def crates(self) -> list[str]:
        """The crates of which anything was ever seen, by name."""
        return sorted(self._turns)

    def turns(self, crate: str) -> tuple[Turn, ...]:
        """Return the kept turns of a crate, oldest first."""
        return tuple(self._turns.get(crate, ()))

    def availability(self, crate: str, start: float, end: float) -> Availability:
        """Return how long a crate was in which state between two moments."""
        return availability(self.turns(crate), start, end)

    def _of(self, crate: str) -> deque[Turn]:
        return self._turns.setdefault(crate, deque(maxlen=self._kept))


def health_drafts(changes: Sequence[tuple[Health, Health | None]]) -> list[Draft]:
    """Return the events that tell changes: every one of them, for the history is made of these, many in one event."""
    told = [_change(newer, older) for newer, older in changes]
    parts = [told[start : start + _AT_ONCE] for start in range(0, len(told), _AT_ONCE)]
    return [Draft(TYPE, "health", {"changes": part}) for part in parts]


def _change(newer: Health, older: Health | None) -> dict[str, Any]:
    return {
        "crate": newer.crate,
        "state": newer.state,
        "was": older.state if older else "unknown",
        "source": newer.source,
        "at": round(newer.since, 3),
        "detail": newer.detail[:300],
    }
