"""How many findings there are of each kind, in each block, or in each class of crates."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from workbench.errors import InvalidRequest
from workbench.fleet.analysis.answer import counted
from workbench.fleet.model import Finding
from workbench.fleet.snapshot import Snapshot

GROUPS: Final = ("kind", "block", "class")
MOST_GROUPS: Final = 30


@dataclass(frozen=True, slots=True)
class FindingCounts:
    """By group, those with most first, how many findings of each severity; `of` groups there are in all."""

    by: str
    groups: Mapping[str, Counter[str]]
    of: int
    findings: int

    @property
    def explanation(self) -> str:
        """What is to be seen, in words."""
        most = f", most in {next(iter(self.groups))}" if self.groups else ""
        rest = f"; showing {len(self.groups)} of {self.of}" if self.of > len(self.groups) else ""
        return f"{counted(self.findings, 'finding')}{most}{rest}."


def finding_counts(snapshot: Snapshot, by: str = "kind") -> FindingCounts:
    """Return the counts by `kind`, by `block` of the port plan, or by `class`; raises InvalidRequest for anything else.

    A finding counts once for each group that it touches.
    """
    if by not in GROUPS:
        raise InvalidRequest(f"findings are counted by {', '.join(GROUPS)}, not by {by!r}")
    counts: dict[str, Counter[str]] = {}
    for item in snapshot.findings:
        for group in dict.fromkeys(_groups(item, by, snapshot)):
            counts.setdefault(group, Counter())[item.severity] += 1
    order = sorted(counts, key=lambda group: (-counts[group].total(), group))
    shown = {group: counts[group] for group in order[:MOST_GROUPS]}
    return FindingCounts(by, shown, len(order), len(snapshot.findings))


def _groups(item: Finding, by: str, snapshot: Snapshot) -> Iterable[str]:
    if by == "kind":
        return [item.kind]
    if by == "block":
        blocks = (snapshot.plan.block_of(port) for port in item.ports)
        return [block.name if block else "outside every block" for block in blocks] or ["no port concerned"]
    crates = (record.crate for name in item.crates for record in snapshot.records_named(name))
    return [crate.classification or "no class" for crate in crates if crate] or ["no crate concerned"]
