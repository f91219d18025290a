"""The Snapshot: an immutable revision of the whole fleet, and the pure step to the next one."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Generic, TypeVar

from workbench.fleet import findings as rules
from workbench.fleet.claims import Names, decide_claims, mentions
from workbench.fleet.cycles import Link, cycles_of
from workbench.fleet.model import Crate, Dependency, Finding, Manifest, PortClaim, fold
from workbench.fleet.plan import PortPlan

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")

Subject = tuple[str, str | int]
"""What a group of findings is about, such as ("port", 18001); groups are recomputed one by one."""


@dataclass(frozen=True, slots=True)
class Record:
    """One manifest file in a snapshot: its crate (the last good one, if the file broke) and what was decided."""

    manifest: Manifest
    crate: Crate | None
    is_stale: bool = False
    """Whether the file is broken now and `crate` is its last good version."""
    claims: tuple[PortClaim, ...] = ()
    links: tuple[Link, ...] = ()
    """Dependencies that resolve to crates of the fleet."""
    missing: tuple[Dependency, ...] = ()
    """Dependencies that should be crates of the fleet and are not."""
    mentions: frozenset[str] = frozenset()


class Snapshot:
    """One revision of the fleet. Immutable; everything derived from it is computed once and shared.

    `records` maps manifest paths to records, `at_port` ports to the claims on them (both in path order).
    """

    __slots__ = (
        "_by_alias",
        "_by_name",
        "_derived",
        "_findings",
        "_references",
        "at_port",
        "plan",
        "records",
        "revision",
        "taken_at",
    )

    def __init__(self, plan: PortPlan | None = None) -> None:
        self.plan = plan or PortPlan()
        self.revision = 0
        self.taken_at = time.time()
        self.records: Mapping[str, Record] = {}
        self.at_port: Mapping[int, tuple[PortClaim, ...]] = {}
        self._by_name: Mapping[str, tuple[str, ...]] = {}
        self._by_alias: Mapping[str, tuple[str, ...]] = {}
        self._references: Mapping[str, tuple[PortClaim, ...]] = {}
        self._findings: Mapping[Subject, tuple[Finding, ...]] = {}
        self._derived: dict[object, Any] = {}

    def apply(self, changes: Mapping[str, Manifest | None], taken_at: float | None = None) -> "Snapshot":
        """Return the next revision, given manifests by path (None for a file that is gone).

        Costs in proportion to what the changes touch; returns `self` if they change nothing.
        """
        real = {path: manifest for path, manifest in changes.items() if self._differs(path, manifest)}
        if not real:
            return self
        return _Step(self, real).taken(time.time() if taken_at is None else taken_at)

    def _differs(self, path: str, manifest: Manifest | None) -> bool:
        record = self.records.get(path)
        if record is None or manifest is None:
            return (record is None) != (manifest is None)
        old = record.manifest
        return old.digest != manifest.digest or old.diagnostics != manifest.diagnostics

    def derive(self, key: object, compute: Callable[["Snapshot"], T]) -> T:
        """Return `compute(self)`, computed at the first call for `key` and shared by all later ones."""
        if key not in self._derived:
            self._derived.setdefault(key, compute(self))
        value: T = self._derived[key]
        return value

    @property
    def names(self) -> Names:
        """The crates by folded name and alias."""
        return Names(self._by_name, self._by_alias, self._name_of)

    def _name_of(self, path: str) -> str:
        crate = self.records[path].crate
        assert crate is not None
        return crate.name

    @property
    def crates(self) -> tuple[Crate, ...]:
        """All crates by name, then path; crates that bear one name are all there."""
        return self.derive("crates", _sorted_crates)

    @property
    def claims(self) -> tuple[PortClaim, ...]:
        """All port claims by port, then path."""
        return self.derive("claims", lambda s: tuple(claim for port in sorted(s.at_port) for claim in s.at_port[port]))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings: errors before warnings before hints, then by code, port and place."""
        return self.derive("findings", _sorted_findings)

    @property
    def collisions(self) -> tuple[Finding, ...]:
        """The findings in which ports really collide."""
        return self.derive("collisions", lambda s: tuple(item for item in s.findings if item.is_collision))

    def records_named(self, name: str) -> tuple[Record, ...]:
        """Return the records of the crates that a name or alias means, in path order; none if there is no such crate.

        An exact name wins over one that only folds to the same.
        """
        records = tuple(self.records[path] for path in self.names.paths(name))
        exact = tuple(record for record in records if record.crate and record.crate.name == name)
        return exact or records

    def findings_of(self, crate: Crate) -> tuple[Finding, ...]:
        """Return the findings that a crate takes part in."""
        return self.derive("findings-by-crate", _findings_by_crate).get(crate.name, ())

    def finding_groups(self) -> Mapping[Subject, tuple[Finding, ...]]:
        """Return the findings by what they are about; groups that did not change are shared between revisions."""
        return self._findings


def _sorted_crates(snapshot: Snapshot) -> tuple[Crate, ...]:
    crates = (record.crate for record in snapshot.records.values() if record.crate is not None)
    return tuple(sorted(crates, key=lambda crate: (crate.name, crate.path)))


_RANK: Final = {"error": 0, "warning": 1, "hint": 2}


def _finding_order(item: Finding) -> tuple[Any, ...]:
    place = (item.sites[0].path, str(item.sites[0].key_path)) if item.sites else ("", "")
    return _RANK[item.severity], item.code, item.ports, place, item.message


def _sorted_findings(snapshot: Snapshot) -> tuple[Finding, ...]:
    return tuple(sorted((f for group in snapshot.finding_groups().values() for f in group), key=_finding_order))


def _findings_by_crate(snapshot: Snapshot) -> dict[str, tuple[Finding, ...]]:
    found: dict[str, list[Finding]] = defaultdict(list)
    for item in snapshot.findings:
        for name in item.crates:
            found[name].append(item)
    return {name: tuple(items) for name, items in found.items()}


@dataclass
class _Step:
    """The work of one `apply`: copies of the old revision's indices, changed only where the changes reach."""

    old: Snapshot
    changes: Mapping[str, Manifest | None]
    dirty_ports: set[int] = field(default_factory=set)
    dirty_targets: set[str] = field(default_factory=set)
    dirty_names: set[str] = field(default_factory=set)
    links_changed: bool = False

    def taken(self, taken_at: float) -> Snapshot:
        new = self.new = Snapshot(self.old.plan)
        new.revision = self.old.revision + 1
        new.taken_at = taken_at
        self.records = dict(self.old.records)
        self._replace_records()
        self._replace_names()
        decided = self._decide()
        self._replace_claims(decided)
        new.records = (
            dict(sorted(self.records.items())) if self.records.keys() != self.old.records.keys() else self.records
        )
        self._replace_findings(decided)
        return new

    def _replace_records(self) -> None:
        for path, manifest in self.changes.items():
            old = self.records.get(path)
            if manifest is None:
                del self.records[path]
            elif manifest.is_broken and old is not None and old.crate is not None:
                self.records[path] = replace(old, manifest=manifest, is_stale=True)
            else:
                named = mentions(manifest.crate) if manifest.crate else frozenset()
                self.records[path] = Record(manifest, manifest.crate, mentions=named)

    def _crate(self, records: Mapping[str, Record], path: str) -> Crate | None:
        record = records.get(path)
        return record.crate if record else None

    def _replace_names(self) -> None:
        by_name = _Index(self.old._by_name)
        by_alias = _Index(self.old._by_alias)
        for path in self.changes:
            was, now = self._crate(self.old.records, path), self._crate(self.records, path)
            if was is now:
                continue
            for crate, change_name, change_alias in (
                (was, by_name.remove, by_alias.remove),
                (now, by_name.add, by_alias.add),
            ):
                if crate is not None:
                    change_name(fold(crate.name), path)
                    for alias in crate.aliases:
                        change_alias(fold(alias), path)
        self.new._by_name, self.new._by_alias = by_name.result(), by_alias.result()
        self.new.records = self.records
        touched = by_name.touched | by_alias.touched
        self.dirty_names = {
            name
            for name in touched
            if by_name.changed(name)
            or by_alias.changed(name)
            or self._spelled(name, self.old) != self._spelled(name, self.new)
        }
        self.dirty_targets |= touched

    @staticmethod
    def _spelled(name: str, snapshot: Snapshot) -> list[str]:
        return [snapshot._name_of(path) for path in snapshot._by_name.get(name, ())]

    def _decide(self) -> dict[str, Record]:
        """Decide the claims and links of every crate that changed or speaks of a name that did."""
        paths = set(self.changes) & self.records.keys()
        if self.dirty_names:
            paths |= {path for path, r in self.records.items() if not r.mentions.isdisjoint(self.dirty_names)}
        names = self.new.names
        decided: dict[str, Record] = {}
        for path in sorted(paths):
            record = self.records[path]
            if record.crate is None:
                decided[path] = record
                continue
            claims = decide_claims(record.crate, names, self.new.plan)
            links, missing = _links(record.crate, names)
            decided[path] = self.records[path] = replace(record, claims=claims, links=links, missing=missing)
        return decided

    def _replace_claims(self, decided: Mapping[str, Record]) -> None:
        at_port = _Index(self.old.at_port)
        references = _Index(self.old._references)
        for path in decided.keys() | self.changes.keys():
            old, new = self.old.records.get(path), self.records.get(path)
            was, now = (old.claims if old else ()), (new.claims if new else ())
            self.links_changed |= (old.links if old else ()) != (new.links if new else ())
            for crate in (old and old.crate, new and new.crate):
                if crate:
                    self.dirty_targets |= {fold(crate.name), *map(fold, crate.aliases)}
            if was is now:
                continue
            for claims, change_port, change_target in (
                (was, at_port.remove, references.remove),
                (now, at_port.add, references.add),
            ):
                for claim in claims:
                    change_port(claim.port, claim)
                    if claim.role == "reference":
                        change_target(fold(claim.of), claim)
        self.dirty_ports = at_port.touched
        self.dirty_targets |= references.touched
        order: Callable[[PortClaim], Any] = lambda claim: (claim.site.path, claim.label)  # noqa: E731
        self.new.at_port, self.new._references = at_port.result(order), references.result(order)
        for port in self.dirty_ports:
            self.dirty_targets |= {
                fold(claim.of) for claim in self.new.at_port.get(port, ()) if claim.role == "reference"
            }

    def _replace_findings(self, decided: Mapping[str, Record]) -> None:
        groups = dict(self.old._findings)

        def put(subject: Subject, found: Iterable[Finding]) -> None:
            items = tuple(found)
            if items:
                groups[subject] = items
            else:
                groups.pop(subject, None)

        for path in decided.keys() | self.changes.keys():
            put(("file", path), self._file_findings(path))
        for port in self.dirty_ports:
            put(("port", port), rules.port_findings(port, self.new.at_port.get(port, ()), self.new.plan))
        for target in self.dirty_targets:
            put(("target", target), self._target_findings(target))
            put(("name", target), self._duplicates(target))
        for block in self.new.plan.blocks:
            if any(port in block for port in self.dirty_ports):
                used = sum(self._is_owned(port) for port in range(block.first, block.last + 1))
                put(("block", block.name), rules.block_findings(block, used))
        if self.links_changed or self._moves_a_cycle():
            put(("cycles", ""), self._cycles())
        self.new._findings = groups

    def _file_findings(self, path: str) -> Iterator[Finding]:
        record = self.records.get(path)
        if record is None:
            return
        crate = record.crate
        for diagnostic in record.manifest.diagnostics:
            yield replace(diagnostic, crates=(crate.name,)) if crate else diagnostic
        if crate is not None:
            yield from rules.crate_findings(crate, record.claims, self.new.plan)
            yield from rules.unresolved_findings(crate, [(item.target, item.key_path) for item in record.missing])

    def _target_findings(self, target: str) -> Iterable[Finding]:
        callers = self.new._references.get(target, ())
        if not callers:
            return ()
        paths = self.new.names.paths(callers[0].of)
        claims = [claim for path in paths for claim in self.records[path].claims]
        owners = {
            port: [claim for claim in self.new.at_port.get(port, ()) if claim.role == "owner"]
            for port in {claim.port for claim in callers}
        }
        return rules.reference_findings(callers, claims, owners)

    def _duplicates(self, name: str) -> Iterator[Finding]:
        by_name: dict[str, list[Crate]] = defaultdict(list)
        for path in self.new._by_name.get(name, ()):
            crate = self.records[path].crate
            if crate is not None:
                by_name[crate.name].append(crate)
        for crates in by_name.values():
            yield from rules.duplicate_findings(crates)

    def _is_owned(self, port: int) -> bool:
        return any(claim.role == "owner" for claim in self.new.at_port.get(port, ()))

    def _moves_a_cycle(self) -> bool:
        """Whether a changed file takes part in a known cycle, so that the lines of its links may differ."""
        cycles = self.old._findings.get(("cycles", ""), ())
        return any(site.path in self.changes for item in cycles for site in item.sites)

    def _cycles(self) -> Iterator[Finding]:
        crates = {path: record.crate for path, record in self.records.items() if record.crate is not None}
        links = {path: self.records[path].links for path in crates}
        for cycle, size in cycles_of(links):
            yield rules.cycle_finding([crates[link.source] for link in cycle], [link.key_path for link in cycle], size)


def _links(crate: Crate, names: Names) -> tuple[tuple[Link, ...], tuple[Dependency, ...]]:
    """Return a crate's dependencies that resolve, and those that should and do not."""
    links: list[Link] = []
    missing: list[Dependency] = []
    for dependency in crate.dependencies:
        paths = names.paths(dependency.target)
        if paths:
            links.append(Link(crate.path, paths[0], "DEPENDS_ON", dependency.key_path))
        elif dependency.kind in ("crate", "internal"):
            missing.append(dependency)
    if crate.foundation:
        key_path = (*crate.header, "foundation")
        paths = names.paths(crate.foundation)
        if paths:
            links.append(Link(crate.path, paths[0], "BUILT_ON", key_path))
        elif all(item.target != crate.foundation for item in missing):
            missing.append(Dependency("foundation", crate.foundation, "crate", key_path))
    return tuple(links), tuple(missing)


class _Index(Generic[K, V]):
    """A copy of a mapping of tuples to which additions and removals are applied together."""

    def __init__(self, old: Mapping[K, tuple[V, ...]]) -> None:
        self._old = old
        self._removed: dict[K, list[V]] = defaultdict(list)
        self._added: dict[K, list[V]] = defaultdict(list)
        self._new: dict[K, tuple[V, ...]] = {}

    def remove(self, key: K, value: V) -> None:
        self._removed[key].append(value)

    def add(self, key: K, value: V) -> None:
        self._added[key].append(value)

    @property
    def touched(self) -> set[K]:
        """The keys of which a value was removed or added."""
        return self._removed.keys() | self._added.keys()

    def changed(self, key: K) -> bool:
        """Whether a key's values differ after `result()`."""
        return self._old.get(key) != self._new.get(key)

    def result(self, order: Callable[[V], Any] | None = None) -> dict[K, tuple[V, ...]]:
        """Return the new mapping, the touched keys' values in order."""
        new = self._new = dict(self._old)
        for key in self.touched:
            removed = {id(value) if order else value for value in self._removed.get(key, ())}
            kept = [v for v in self._old.get(key, ()) if (id(v) if order else v) not in removed]
            values = sorted([*kept, *self._added.get(key, ())], key=order)
            if values:
                new[key] = tuple(values)
            else:
                new.pop(key, None)
        return new
