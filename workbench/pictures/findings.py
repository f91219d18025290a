"""Findings as a picture: how many of each kind, in each block, or in each class of crates, stacked by severity."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from workbench.dashboards.theme import QUIET, SEVERITY_COLORS
from workbench.errors import InvalidRequest
from workbench.fleet.analysis.answer import counted
from workbench.fleet.model import Finding
from workbench.fleet.rules import SEVERITIES
from workbench.fleet.snapshot import Snapshot
from workbench.pictures.picture import Picture

MOST_BARS: Final = 30
GROUPS: Final = ("kind", "block", "class")

Counts = Mapping[str, Counter[str]]
"""By group, how many findings of each severity."""


def findings_picture(snapshot: Snapshot, by: str = "kind") -> Picture:
    """Return how many findings there are in each group; a finding counts once for each group that it touches."""
    if by not in GROUPS:
        raise InvalidRequest(f"findings are counted by {', '.join(GROUPS)}, not by {by!r}")
    counts: dict[str, Counter[str]] = {}
    for item in snapshot.findings:
        for group in dict.fromkeys(_groups(item, by, snapshot)):
            counts.setdefault(group, Counter())[item.severity] += 1
    order = sorted(counts, key=lambda group: (-counts[group].total(), group))
    shown = {group: counts[group] for group in order[:MOST_BARS]}
    most = f", most in {order[0]}" if order else ""
    rest = f"; showing {MOST_BARS} of {len(order)}" if len(order) > MOST_BARS else ""
    return Picture(
        f"Findings by {by}",
        f"{counted(len(snapshot.findings), 'finding')}{most}{rest}.",
        (8.0, max(2.2, 0.27 * len(shown) + 1.3)),
        lambda figure: _draw(figure, shown),
    )


def _groups(item: Finding, by: str, snapshot: Snapshot) -> Iterable[str]:
    if by == "kind":
        return [item.kind]
    if by == "block":
        blocks = (snapshot.plan.block_of(port) for port in item.ports)
        return [block.name if block else "outside every block" for block in blocks] or ["no port concerned"]
    records: Sequence[Any] = [record for name in item.crates for record in snapshot.records_named(name)]
    return [record.crate.classification or "no class" for record in records] or ["no crate concerned"]


def _draw(figure: Any, counts: Counts) -> None:
    axes = figure.add_subplot()
    labels = list(counts)
    start = [0] * len(labels)
    for severity in SEVERITIES:
        widths = [counts[label][severity] for label in labels]
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
