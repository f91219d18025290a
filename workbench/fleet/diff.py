"""What changed between two revisions."""

from dataclasses import dataclass
from typing import Literal

from workbench.fleet.model import Crate, Finding, PortClaim
from workbench.fleet.ranking import Subject, Touched
from workbench.fleet.snapshot import Record, Snapshot

CrateAction = Literal["added", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class CrateChange:
    """A crate that came, went, or is described differently. `record` is the newer one where there is one."""

    action: CrateAction
    path: str
    crate: Crate
    record: Record


@dataclass(frozen=True, slots=True)
class Diff:
    """The difference of two snapshots: crates by path, ports whose claims differ, findings that came and went."""

    older: int
    newer: int
    crates: tuple[CrateChange, ...]
    ports: tuple[tuple[int, tuple[PortClaim, ...]], ...]
    appeared: tuple[Finding, ...]
    vanished: tuple[Finding, ...]

    def __bool__(self) -> bool:
        return bool(self.crates or self.ports or self.appeared or self.vanished)


def diff(older: Snapshot, newer: Snapshot) -> Diff:
    """Return what changed from one snapshot to another.

    For neighbouring revisions the cost is that of what the step touched; for others, that of a walk over
    everything, in which shared parts are recognised by identity.
    """
    touched = newer.touched
    if touched.base is not older.token:
        touched = Touched(
            older.token,
            frozenset(older.records.keys() | newer.records.keys()),
            frozenset(older.at_port.keys() | newer.at_port.keys()),
            frozenset(older.finding_groups().keys() | newer.finding_groups().keys()),
        )
    appeared, vanished = _findings(older, newer, touched.subjects)
    crates, ports = _crates(older, newer, touched.paths), _ports(older, newer, touched.ports)
    return Diff(older.revision, newer.revision, crates, ports, appeared, vanished)


def _crates(older: Snapshot, newer: Snapshot, paths: frozenset[str]) -> tuple[CrateChange, ...]:
    changes = []
    for path in sorted(paths):
        was, now = older.records.get(path), newer.records.get(path)
        if was is now:
            continue
        old, new = was and was.crate, now and now.crate
        if now and new and not old:
            changes.append(CrateChange("added", path, new, now))
        elif was and old and not new:
            changes.append(CrateChange("removed", path, old, was))
        elif was and now and new and _said(was) != _said(now):
            changes.append(CrateChange("changed", path, new, now))
    return tuple(changes)


def _said(record: Record) -> tuple[object, ...]:
    """Return what a record tells the world: the crate, and its claims without their lines."""
    return record.crate, record.is_stale, tuple(_decided(claim) for claim in record.claims)


def _decided(claim: PortClaim) -> tuple[object, ...]:
    return claim.crate, claim.label, claim.port, claim.role, claim.of, claim.rule, claim.site.path


def _ports(older: Snapshot, newer: Snapshot, ports: frozenset[int]) -> tuple[tuple[int, tuple[PortClaim, ...]], ...]:
    changed = []
    for port in ports:
        was, now = older.at_port.get(port, ()), newer.at_port.get(port, ())
        if was is not now and [_decided(c) for c in was] != [_decided(c) for c in now]:
            changed.append((port, now))
    return tuple(sorted(changed, key=lambda item: item[0]))


def _findings(
    older: Snapshot, newer: Snapshot, subjects: frozenset[Subject]
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    was, now = older.finding_groups(), newer.finding_groups()
    gone: dict[tuple[object, ...], Finding] = {}
    came: dict[tuple[object, ...], Finding] = {}
    for subject in subjects:
        before, after = was.get(subject, ()), now.get(subject, ())
        if before is not after:
            gone.update((item.identity, item) for item in before)
            came.update((item.identity, item) for item in after)
    appeared = tuple(item for identity, item in came.items() if identity not in gone)
    vanished = tuple(item for identity, item in gone.items() if identity not in came)
    return appeared, vanished
