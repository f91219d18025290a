"""The quality thresholds that crates set themselves, and how many set them: limits, never measurements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from workbench.fleet.snapshot import Snapshot

NAMES: Final[Mapping[str, str]] = {
    "minimum_score": "minimum score",
    "code_coverage_minimum": "code coverage, minimum %",
    "complexity_threshold": "complexity, maximum",
    "maintainability_index_minimum": "maintainability, minimum",
    "technical_debt_ratio_maximum": "technical debt, maximum",
}
_MOST_BINS: Final = 24


@dataclass(frozen=True, slots=True)
class Bin:
    """How many crates set a value from `start` up to `end`."""

    start: float
    end: float
    crates: int


@dataclass(frozen=True, slots=True)
class Threshold:
    """One threshold: the values that crates set, ascending, of so many crates in all."""

    title: str
    values: Sequence[float]
    crates: int

    @property
    def share(self) -> float:
        """How much of the fleet sets it, from 0 to 1."""
        return len(self.values) / self.crates if self.crates else 0.0

    @property
    def note(self) -> str:
        """How many crates set it, and to what in the middle."""
        median = f"; median {self.values[len(self.values) // 2]:g}" if self.values else ""
        return f"{len(self.values):,} of {self.crates:,} crates set it{median}"

    @property
    def bins(self) -> list[Bin]:
        """The values in bins of one width, at most 24; none where nobody sets it."""
        if not self.values:
            return []
        count = min(_MOST_BINS, max(4, len(set(self.values))))
        low, high = self.values[0], self.values[-1]
        low, high = (low, high) if high > low else (low - 0.5, high + 0.5)
        width = (high - low) / count
        counts = [0] * count
        for value in self.values:
            counts[min(count - 1, int((value - low) / width))] += 1
        return [Bin(low + n * width, low + (n + 1) * width, found) for n, found in enumerate(counts)]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """All thresholds, and how many crates set any."""

    all: tuple[Threshold, ...]
    set_by: int
    crates: int

    @property
    def explanation(self) -> str:
        """What is to be seen, in words."""
        return f"{self.set_by:,} of {self.crates:,} crates set thresholds; none of these is a measurement."


def thresholds(snapshot: Snapshot) -> Thresholds:
    """Return the thresholds of a fleet."""
    crates = len(snapshot.crates)
    found = tuple(Threshold(title, _values(snapshot, name), crates) for name, title in NAMES.items())
    return Thresholds(found, sum(1 for crate in snapshot.crates if crate.qa is not None), crates)


def _values(snapshot: Snapshot, name: str) -> list[float]:
    found = (getattr(crate.qa, name) for crate in snapshot.crates if crate.qa is not None)
    return sorted(float(value) for value in found if value is not None)
