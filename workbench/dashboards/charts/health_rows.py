"""The health of crates over time: for each the spans in which it was in one state, out of the kept history."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from workbench.dashboards.theme import BAD, GOOD, WARN
from workbench.fleet.analysis.answer import counted
from workbench.fleet.health import Span, State, Turn, spans, times_of

MOST_CRATES: Final = 40
STATE_COLORS: Final[Mapping[State, str]] = {
    "healthy": GOOD, "up": "#2dd4bf", "degraded": WARN, "unhealthy": BAD, "silent": "#64748b", "unknown": "#263449",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class HealthRow:
    """One crate: its spans, oldest first, and the share of the known time in which it was there."""

    crate: str
    spans: Sequence[Span]
    share: float | None

    @property
    def note(self) -> str:
        """The availability in words."""
        return "nothing known" if self.share is None else f"{self.share:.1%}"


@dataclass(frozen=True, slots=True)
class HealthRows:
    """The crates that were there least come first. `start` and `end` are in seconds since the epoch."""

    rows: tuple[HealthRow, ...]
    of: int
    start: float
    end: float

    @property
    def explanation(self) -> str:
        """What is to be seen, in words."""
        hours = f"{(self.end - self.start) / 3600:g} h"
        if not self.rows:
            return f"Nothing was seen of the health of any crate in the last {hours}."
        rest = f", showing the {len(self.rows)} that were there least" if len(self.rows) < self.of else ""
        first = self.rows[0]
        least = f"; least of all {first.crate}: {first.note} of the known time" if first.share is not None else ""
        return f"The health of {counted(self.of, 'crate')} in the last {hours}{rest}{least}."

    @property
    def states(self) -> list[State]:
        """The states that occur, in the order of the legend."""
        found = {span.state for row in self.rows for span in row.spans}
        return [state for state in STATE_COLORS if state in found]


def health_rows(turns: Mapping[str, Iterable[Turn]], start: float, end: float) -> HealthRows:
    """Return the rows of crates by their turns, for the time between two moments."""
    found = []
    for crate, kept in turns.items():
        known = tuple(spans(kept, start, end))
        found.append(HealthRow(crate, known, times_of(known).share))
    found.sort(key=lambda row: (row.share is None, row.share, row.crate))
    return HealthRows(tuple(found[:MOST_CRATES]), len(found), start, end)
