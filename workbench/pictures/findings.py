"""Findings as a picture: how many of each kind, in each block, or in each class of crates, stacked by severity."""

from typing import Any

from workbench.dashboards.charts.finding_counts import FindingCounts, finding_counts
from workbench.dashboards.theme import QUIET, SEVERITY_COLORS
from workbench.fleet.rules import SEVERITIES
from workbench.fleet.snapshot import Snapshot
from workbench.pictures.picture import Picture


def findings_picture(snapshot: Snapshot, by: str = "kind") -> Picture:
    """Return how many findings there are in each group; a finding counts once for each group that it touches."""
    counts = finding_counts(snapshot, by)

    def interactive() -> Any:
        from workbench.dashboards.charts.finding_bars import finding_bars

        return finding_bars(counts)

    size = (8.0, max(2.2, 0.27 * len(counts.groups) + 1.3))
    return Picture(f"Findings by {by}", counts.explanation, size, lambda figure: _draw(figure, counts), interactive)


def _draw(figure: Any, counts: FindingCounts) -> None:
    axes = figure.add_subplot()
    labels = list(counts.groups)
    start = [0] * len(labels)
    for severity in SEVERITIES:
        widths = [counts.groups[label][severity] for label in labels]
        axes.barh(range(len(labels)), widths, left=start, height=0.72, color=SEVERITY_COLORS[severity], label=severity)
        start = [a + b for a, b in zip(start, widths, strict=True)]
    for place, total in enumerate(start):
        axes.text(total, place, f" {total:,}", va="center", color=QUIET, fontsize=8)
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()
    axes.tick_params(length=0)
    axes.xaxis.set_visible(False)
    axes.spines[:].set_visible(False)
    if labels:
        figure.legend(loc="outside lower left", ncols=len(SEVERITIES), frameon=False)
