"""Running commands in turn and comparing their medians."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """The runs of one candidate, in seconds."""

    name: str
    seconds: Sequence[float]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def interleaved(candidates: Mapping[str, Callable[[], float | None]], rounds: int = 5, warmup: int = 1) -> list[Row]:
    """Run the candidates in turn, A B A B …, after a warm-up; returns a row for each.

    A candidate that returns a number is taken at its word: the seconds that count.
    """
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for number in range(warmup + rounds):
        for name, run in candidates.items():
            started = time.perf_counter()
            said = run()
            if number >= warmup:
                seconds[name].append(time.perf_counter() - started if said is None else said)
    return [Row(name, runs) for name, runs in seconds.items()]


def command(*arguments: str, codes: Sequence[int] = (0,)) -> Callable[[], None]:
    """Return a candidate that runs a command to its end; its output is thrown away."""

    def run() -> None:
        code = subprocess.run(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode
        assert code in codes, f"{' '.join(arguments)} ended with {code}"

    return run


def report(title: str, rows: Sequence[Row]) -> None:
    """Print the rows, and the ratio of each median to the first."""
    print(f"\n{title}  (Python {sys.version.split()[0]}, {len(rows[0].seconds)} runs each, interleaved)")
    for row in rows:
        ratio = row.median / rows[0].median
        low, high = min(row.seconds), max(row.seconds)
        runs = f"median {row.median * 1000:9.1f} ms   min {low * 1000:9.1f}   max {high * 1000:9.1f}"
        print(f"  {row.name:<34} {runs}   x{ratio:.2f}")
