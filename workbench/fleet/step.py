"""The step from one revision to the next: only what the changes reach is decided anew."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workbench.fleet import findings as rules
from workbench.fleet.claims import Names, decide_claims, mentions
from workbench.fleet.cycles import Link, cycles_of
from workbench.fleet.index import Index
from workbench.fleet.ledger import Ledger
from workbench.fleet.model import Crate, Dependency, Finding, Manifest, PortClaim, fold
from workbench.fleet.plan import Override
from workbench.fleet.ranking import Touched
from workbench.fleet.snapshot import Record, Snapshot


@dataclass
class Step:
    """The work of one `apply`: copies of the old revision's indices, changed only where the changes reach."""

    old: Snapshot
    changes: Mapping[str, Manifest | None]
    dirty_ports: set[int] = field(default_factory=set)
    dirty_targets: set[str] = field(default_factory=set)
    dirty_names: set[str] = field(default_factory=set)
    links_changed: bool = False

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.old)

    def taken(self, taken_at: float) -> Snapshot:
        new = self.new = Snapshot(self.old.plan)
        new.revision = self.old.revision + 1
        new.taken_at = taken_at
        new.observed = self.old.observed
        new._lasting = self.old._lasting
        self.records = dict(self.old.records)
        self._replace_records()
        self._replace_names()
        decided = self._decide()
        self._replace_claims(decided)
        is_same_set = all((path in self.old.records) == (path in self.records) for path in self.changes)
        new.records = self.records if is_same_set else dict(sorted(self.records.items()))
        self._replace_findings(decided)
        self.ledger.settle(new)
        return new

    def _replace_records(self) -> None:
        for path, manifest in self.changes.items():
            old = self.records.get(path)
            if manifest is None:
                del self.records[path]
            elif manifest.is_broken and old is not None and old.crate is not None:
                self.records[path] = old._replace(manifest=manifest, is_stale=True)
            else:
                named = mentions(manifest.crate, self.new.plan) if manifest.crate else frozenset()
                self.records[path] = Record(manifest, manifest.crate, mentions=named)

        for path in self.changes:
            self._count(self.old.records.get(path), -1)
            self._count(self.records.get(path), 1)

    def _count(self, record: Record | None, by: int) -> None:
        if record is not None:
            tally, manifest = self.ledger.tally, record.manifest
            tally["manifests"] += by
            tally["crates"] += by * (record.crate is not None)
            tally["templates"] += by * manifest.is_template
            tally["broken"] += by * manifest.is_broken
            tally["stale"] += by * record.is_stale

    def _crate(self, records: Mapping[str, Record], path: str) -> Crate | None:
        record = records.get(path)
        return record.crate if record else None

    def _replace_names(self) -> None:
        by_name = Index(self.old._by_name)
        by_alias = Index(self.old._by_alias)
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
        bearers = (snapshot._by_name, snapshot._by_alias)
        return [snapshot._name_of(path) for index in bearers for path in index.get(name, ())]

    def _decide(self) -> dict[str, Record]:
        """Decide the claims and links of every crate that changed or speaks of a name that did."""
        paths = set(self.changes) & self.records.keys()
        if self.dirty_names:
            others = self.records.keys() - paths
            paths |= {path for path in others if not self.records[path].mentions.isdisjoint(self.dirty_names)}
        names = self.new.names
        decided: dict[str, Record] = {}
        for path in sorted(paths):
            record = self.records[path]
            if record.crate is None:
                decided[path] = record
                continue
            claims = decide_claims(record.crate, names, self.new.plan)
            links, missing = _links(record.crate, names)
            decided[path] = self.records[path] = Record(
                record.manifest, record.crate, record.is_stale, claims, links, missing, record.mentions
            )
        return decided

    def _replace_claims(self, decided: Mapping[str, Record]) -> None:
        at_port = Index(self.old.at_port)
        references = Index(self.old._references)
        for path in decided.keys() | self.changes.keys():
            old, new = self.old.records.get(path), self.records.get(path)
            was, now = (old.claims if old else ()), (new.claims if new else ())
            self.links_changed |= (old.links if old else ()) != (new.links if new else ())
            for crate in (old and old.crate, new and new.crate):
                if crate:
                    self.dirty_targets.add(fold(crate.name))
                    self.dirty_targets.update(map(fold, crate.aliases))
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
        is_known = bool(self.old.at_port)
        for port in self.dirty_ports:
            is_owned = False
            for claim in self.new.at_port.get(port, ()):
                if claim.role == "owner":
                    is_owned = True
                elif claim.role == "reference":
                    self.dirty_targets.add(fold(claim.of))
            self.ledger.tally["ports_owned"] += is_owned - (is_known and _is_owned(self.old, port))

    def _replace_findings(self, decided: Mapping[str, Record]) -> None:
        put = self.ledger.put
        for path in decided.keys() | self.changes.keys():
            put(("file", path), self._file_findings(path))
        at_port, plan = self.new.at_port, self.new.plan
        for port in self.dirty_ports:
            put(("port", port), rules.port_findings(port, at_port.get(port, ()), plan))
        for target in self.dirty_targets:
            put(("target", target), self._target_findings(target))
            put(("name", target), self._duplicates(target))
        for block in self.new.plan.blocks:
            if not self.dirty_ports.isdisjoint(range(block.first, block.last + 1)):
                used = sum(_is_owned(self.new, port) for port in range(block.first, block.last + 1))
                put(("block", block.name), list(rules.block_findings(block, used)))
        is_first_or_last = bool(self.old._by_name) != bool(self.new._by_name)
        for name in {fold(override.crate) for override in self.new.plan.overrides}:
            if is_first_or_last or name in self.dirty_targets:
                for override in self.new.plan.overrides_of(name):
                    put(("override", f"{name}/{fold(override.label)}"), self._unused(override))
        if self.links_changed or self._moves_a_cycle():
            put(("cycles", ""), list(self._cycles()))
        self.ledger.judge_drift(self.new)
        self.ledger.judge_mutes(self.new)
        paths = frozenset(decided.keys() | self.changes.keys())
        self.new.touched = Touched(self.old.token, paths, frozenset(self.dirty_ports), self.ledger.subjects)

    def _file_findings(self, path: str) -> Sequence[Finding]:
        record = self.records.get(path)
        if record is None:
            return ()
        crate = record.crate
        if crate is None:
            return record.manifest.diagnostics
        found = [diagnostic._replace(crates=(crate.name,)) for diagnostic in record.manifest.diagnostics]
        found += rules.crate_findings(crate, record.claims, self.new.plan)
        found += rules.unresolved_findings(crate, record.missing)
        return found

    def _target_findings(self, target: str) -> Sequence[Finding]:
        callers = self.new._references.get(target, ())
        if not callers:
            return ()
        paths = self.new.names.paths(callers[0].of)
        claims = [claim for path in paths for claim in self.records[path].claims]
        owners = {
            port: [claim for claim in self.new.at_port.get(port, ()) if claim.role == "owner"]
            for port in {claim.port for claim in callers}
        }
        return list(rules.reference_findings(callers, claims, owners))

    def _unused(self, override: Override) -> Sequence[Finding]:
        """In a fleet of no crates nothing is judged: it may be about to be read."""
        if not self.new._by_name:
            return ()
        records = (self.records[path] for path in self.new._by_name.get(fold(override.crate), ()))
        return list(rules.override_findings(override, [record.crate for record in records if record.crate]))

    def _duplicates(self, name: str) -> Sequence[Finding]:
        paths = self.new._by_name.get(name, ())
        return list(self._named_alike(paths)) if len(paths) > 1 else ()

    def _named_alike(self, paths: Iterable[str]) -> Iterator[Finding]:
        by_name: dict[str, list[Crate]] = defaultdict(list)
        for path in paths:
            crate = self.records[path].crate
            if crate is not None:
                by_name[crate.name].append(crate)
        for crates in by_name.values():
            yield from rules.duplicate_findings(crates)

    def _moves_a_cycle(self) -> bool:
        """Whether a changed file takes part in a known cycle, so that the lines of its links may differ."""
        groups = (self.old._findings, self.old._muted)
        cycles = (item for known in groups for item in known.get(("cycles", ""), ()))
        return any(site.path in self.changes for item in cycles for site in item.sites)

    def _cycles(self) -> Iterator[Finding]:
        crates = {path: record.crate for path, record in self.records.items() if record.crate is not None}
        links = {path: self.records[path].links for path in crates}
        for cycle, size in cycles_of(links):
            yield rules.cycle_finding([crates[link.source] for link in cycle], [link.key_path for link in cycle], size)


def _is_owned(snapshot: Snapshot, port: int) -> bool:
    for claim in snapshot.at_port.get(port, ()):  # noqa: SIM110 - asked for every port of a block; a generator each is dear
        if claim.role == "owner":
            return True
    return False


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
