"""Crates coloured by their health, and what the legend must say beside: how many, and how old what they rest on is."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from workbench.dashboards.theme import BAD, GOOD, OTHER_COLOR, WARN
from workbench.fleet.health import PRESENT, Health
from workbench.fleet.wire import iso

Board = Mapping[str, Health]
"""The health of crates by name; crates of which nothing was ever seen are not on it."""

UNKNOWN: Final = "unknown"
HEALTH_COLORS: Final[Mapping[str, str]] = {
    "unhealthy": BAD, "degraded": WARN, "healthy": GOOD, "up": "#38bdf8", "silent": "#64748b", UNKNOWN: OTHER_COLOR,
}  # fmt: skip
"""The colour of each state, worst first. A crate that is merely there is no green."""


@dataclass(frozen=True, slots=True)
class Note:
    """What a colour's name in the legend stands for: how many nodes, and when the oldest of it was seen."""

    count: int
    oldest: float | None = None
    """In seconds since the epoch; None if nothing was ever seen."""

    def __str__(self) -> str:
        """Return it for a file, which does not grow older by itself."""
        return f"{self.count:,}, " + (f"oldest seen {iso(self.oldest)}" if self.oldest is not None else "never seen")


def health_name(data: Mapping[str, Any], board: Board) -> str:
    """Return the state of a crate, or of a group: its worst, and no better than that of any member."""
    if data["type"] != "group":
        return _state(data["label"], board)
    states = {_state(crate, board) for crate in data["crates"]}
    trouble = next((state for state in ("unhealthy", "degraded") if state in states), None)
    if trouble or not states or not states <= PRESENT:
        return trouble or UNKNOWN
    return "healthy" if states == {"healthy"} else "up"


def health_notes(names: Mapping[str, str], nodes: Mapping[str, Mapping[str, Any]], board: Board) -> dict[str, Note]:
    """Return the note of each name, given the name of each node."""
    counts = Counter(names.values())
    oldest: dict[str, float] = {}
    for node, name in names.items():
        for seen in _seen(nodes[node], board):
            oldest[name] = min(seen, oldest.get(name, seen))
    return {name: Note(count, oldest.get(name)) for name, count in counts.items() if name in HEALTH_COLORS}


def _state(crate: str, board: Board) -> str:
    health = board.get(crate)
    return health.state if health else UNKNOWN


def _seen(data: Mapping[str, Any], board: Board) -> Iterable[float]:
    crates = data["crates"] if data["type"] == "group" else (data["label"],)
    return (health.at for crate in crates if (health := board.get(crate)) and health.at is not None)
