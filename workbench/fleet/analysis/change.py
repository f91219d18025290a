"""What if the fleet changes: what changes of ports and crates do to who leans on whom."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from workbench.fleet.analysis.answer import Answer, columns, counted
from workbench.fleet.analysis.circles import cycles
from workbench.fleet.analysis.health import fleet_health
from workbench.fleet.analysis.leans import lean_graph
from workbench.fleet.analysis.reach import Hit, spread
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.tables import Column, Row
from workbench.fleet.whatif import Change, PlanResult, plan_changes

Joint = tuple[str, str, str]
"""Who leans, in what way, on what: two crate names with the type between them."""


@dataclass(frozen=True, slots=True)
class ChangeImpact(Answer):
    """What changes do to the graph, besides the findings of the plan itself."""

    plan: PlanResult
    changed: tuple[str, ...]
    """The crates whose manifests come, go or differ."""
    hits: tuple[Hit, ...]
    """Who leans on these, now or then, and would feel the change."""
    appeared: tuple[Joint, ...]
    vanished: tuple[Joint, ...]
    cycles_before: int
    cycles: int
    health_before: float
    health: float

    columns: ClassVar[tuple[Column, ...]] = columns(
        ("effect", "text", "changed, affected, lean or finding that appears or vanishes"),
        ("crate", "text", "crate concerned"),
        ("other", "text", "of a lean, what it leans on; of an affected crate, through which"),
        ("depth", "integer", "of an affected crate: steps from the change"),
        ("says", "text", "type of the lean, or the finding's message"),
    )

    @property
    def nodes(self) -> tuple[str, ...]:
        return *(f"crate:{name}" for name in self.changed), *(hit.node for hit in self.hits)

    @property
    def explanation(self) -> str:
        return (
            f"{counted(len(self.changed), 'crate')} would change and {counted(len(self.hits), 'crate')} feel it; "
            f"{counted(len(self.appeared), 'lean')} and {counted(len(self.plan.appeared), 'finding')} would appear, "
            f"{counted(len(self.vanished), 'lean')} and {counted(len(self.plan.vanished), 'finding')} vanish. "
            f"Cycles: {self.cycles_before} before, {self.cycles} after; "
            f"health: {self.health_before:.1f} before, {self.health:.1f} after."
        )

    def rows(self) -> Iterator[Row]:
        for name in self.changed:
            yield "changed", name, None, 0, None
        for hit in self.hits:
            yield "affected", hit.crate, hit.through, hit.depth, hit.lean.type
        for effect, joints in (("lean appears", self.appeared), ("lean vanishes", self.vanished)):
            for source, kind, target in joints:
                yield effect, source, target, None, kind
        for effect, findings in (("finding appears", self.plan.appeared), ("finding vanishes", self.plan.vanished)):
            for item in findings:
                yield effect, item.crates[0] if item.crates else None, None, None, f"{item.code} {item.message}"


def simulate_change(snapshot: Snapshot, *changes: Change) -> ChangeImpact:
    """Return what changes would do to findings, leans, cycles and health; nothing is written.

    Raises what `plan_changes` raises.
    """
    plan = plan_changes(snapshot, changes)
    after = plan.snapshot
    paths = _changed_paths(plan)
    names = {_name(path, snapshot) or _name(path, after) for path in paths} - {None}
    before_joints, after_joints = _joints(snapshot), _joints(after)
    return ChangeImpact(
        plan,
        tuple(sorted(name for name in names if name)),
        _affected(paths, snapshot, after),
        tuple(sorted((after_joints - before_joints).elements())),
        tuple(sorted((before_joints - after_joints).elements())),
        len(cycles(snapshot).circles),
        len(cycles(after).circles),
        fleet_health(snapshot),
        fleet_health(after),
    )


def _changed_paths(plan: PlanResult) -> list[str]:
    before, after = plan.before.records, plan.snapshot.records
    return sorted(
        path
        for path in before.keys() | after.keys()
        if path not in before or path not in after or before[path].manifest is not after[path].manifest
    )


def _name(path: str, snapshot: Snapshot) -> str | None:
    record = snapshot.records.get(path)
    return record.crate.name if record and record.crate else None


def _affected(paths: list[str], *snapshots: Snapshot) -> tuple[Hit, ...]:
    found: dict[str, Hit] = {}
    for snapshot in snapshots:
        graph = lean_graph(snapshot)
        for hit in spread(graph, [path for path in paths if path in graph.crates]):
            if hit.path not in paths:
                found.setdefault(hit.path, hit)
    return tuple(sorted(found.values(), key=lambda hit: (hit.depth, hit.path)))


def _joints(snapshot: Snapshot) -> Counter[Joint]:
    graph = lean_graph(snapshot)
    return Counter((graph.name(lean.source), lean.type, graph.name(lean.target)) for lean in graph.leans())
