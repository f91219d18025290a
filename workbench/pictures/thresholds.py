"""The quality thresholds of the crates as a picture. They are limits that crates set themselves, never measurements."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from workbench.dashboards.theme import ACCENT, LINE, QUIET, TEXT
from workbench.fleet.snapshot import Snapshot
from workbench.pictures.picture import Picture

THRESHOLDS: Final[Mapping[str, str]] = {
    "minimum_score": "minimum score",
    "code_coverage_minimum": "code coverage, minimum %",
    "complexity_threshold": "complexity, maximum",
    "maintainability_index_minimum": "maintainability, minimum",
    "technical_debt_ratio_maximum": "technical debt, maximum",
}


def thresholds_picture(snapshot: Snapshot) -> Picture:
    """Return how the values of each threshold are spread over the fleet, and how many crates set none."""
    values = {name: _values(snapshot, name) for name in THRESHOLDS}
    set_by = sum(1 for crate in snapshot.crates if crate.qa is not None)
    return Picture(
        "Quality thresholds",
        f"{set_by:,} of {len(snapshot.crates):,} crates set thresholds; none of these is a measurement.",
        (9.5, 1.05 * len(THRESHOLDS) + 1.0),
        lambda figure: _draw(figure, values, len(snapshot.crates)),
    )


def _values(snapshot: Snapshot, name: str) -> list[float]:
    found = (getattr(crate.qa, name) for crate in snapshot.crates if crate.qa is not None)
    return sorted(float(value) for value in found if value is not None)


def _draw(figure: Any, values: Mapping[str, Sequence[float]], crates: int) -> None:
    for place, axes in enumerate(figure.subplots(len(values), 1)):
        name = list(values)[place]
        found = values[name]
        axes.set_ylabel(THRESHOLDS[name].replace(", ", "\n"), rotation=0, ha="right", va="center", color=TEXT)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        note = f"{len(found):,} of {crates:,} crates set it"
        if found:
            axes.hist(found, bins=min(24, max(4, len(set(found)))), color=ACCENT, edgecolor=LINE)
            note += f"; median {found[len(found) // 2]:g}"
        else:
            axes.set_xticks([])
        axes.set_title(note, loc="right", fontsize=8, color=QUIET)
