"""The Snapshot: an immutable revision of the whole fleet, and the pure step to the next one."""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar

from workbench.fleet.claims import Names
from workbench.fleet.cycles import Link
from workbench.fleet.model import Crate, Dependency, Finding, Manifest, PortClaim
from workbench.fleet.observed import Observed
from workbench.fleet.plan import PortPlan
from workbench.fleet.ranking import Groups, Ranking, Subject, Touched, ranked
from workbench.fleet.shards import Shards

T = TypeVar("T")


class Record(NamedTuple):
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


@dataclass(frozen=True, slots=True)
class Tally:
    """The figures of a fleet, kept up to date from revision to revision rather than counted anew."""

    manifests: int = 0
    crates: int = 0
    templates: int = 0
    broken: int = 0
    stale: int = 0
    ports_owned: int = 0
    collisions: int = 0
    findings: int = 0
    errors: int = 0
    warnings: int = 0
    hints: int = 0
    muted: int = 0
    """Findings that the settings accept; in none of the other figures."""


_NOTHING: Final[Shards[Any, Any]] = Shards()
_STATE: Final = (
    "_by_alias", "_by_name", "_findings", "_mute_uses", "_muted", "_references", "at_port", "plan", "records",
    "revision", "taken_at", "tally",
)  # fmt: skip
_INDICES: Final = ("_by_alias", "_by_name", "_references", "at_port", "records")
_UNOBSERVED: Final = frozenset({"crates", "claims"})
"""Derived values that the observed layer has no part in."""


class Snapshot:
    """One revision of the fleet. Immutable; everything derived from it is computed once and shared.

    `records` maps manifest paths to records, `at_port` ports to the claims on them (both in path order).
    """

    __slots__ = (
        "_by_alias",
        "_by_name",
        "_derived",
        "_drift",
        "_findings",
        "_lasting",
        "_mute_uses",
        "_muted",
        "_references",
        "at_port",
        "observed",
        "plan",
        "records",
        "revision",
        "taken_at",
        "tally",
        "token",
        "touched",
    )

    def __init__(self, plan: PortPlan | None = None) -> None:
        self.plan = plan or PortPlan()
        self.revision = 0
        self.taken_at = time.time()
        self.records: Mapping[str, Record] = {}
        self.at_port: Shards[int, tuple[PortClaim, ...]] = _NOTHING
        self._by_name: Shards[str, tuple[str, ...]] = _NOTHING
        self._by_alias: Shards[str, tuple[str, ...]] = _NOTHING
        self._references: Shards[str, tuple[PortClaim, ...]] = _NOTHING
        self._findings: Shards[Subject, tuple[Finding, ...]] = _NOTHING
        self._muted: Shards[Subject, tuple[Finding, ...]] = _NOTHING
        self._mute_uses: tuple[int, ...] = (0,) * len(self.plan.mutes)
        self._drift: Groups = {}
        self.observed = Observed()
        self._derived: dict[object, Any] = {}
        self._lasting: dict[object, Any] = {}
        self.tally = Tally()
        self.token: object = object()
        self.touched = Touched(None)

    def state(self) -> dict[str, Any]:
        """Return all that makes up this snapshot but what is observed, to be kept; see `from_state`."""
        unobserved = self.observe(Observed(), self.taken_at)
        return {name: getattr(unobserved, name) for name in _STATE} | {"revision": self.revision}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Snapshot":
        """Return the snapshot whose state was kept."""
        snapshot = cls()
        for name in _STATE:
            setattr(snapshot, name, state[name])
        return snapshot

    def apply(self, changes: Mapping[str, Manifest | None], taken_at: float | None = None) -> "Snapshot":
        """Return the next revision, given manifests by path (None for a file that is gone).

        Costs in proportion to what the changes touch; returns `self` if they change nothing.
        """
        real = {path: manifest for path, manifest in changes.items() if self._differs(path, manifest)}
        if not real:
            return self
        from workbench.fleet.step import Step

        return Step(self, real).taken(time.time() if taken_at is None else taken_at)

    def observe(self, observed: Observed, taken_at: float | None = None) -> "Snapshot":
        """Return the next revision, given what is observed now.

        Costs in proportion to what is observed; returns `self` if that is what was observed before.
        """
        if observed is self.observed or observed == self.observed:
            return self
        from workbench.fleet.ledger import Ledger

        new = Snapshot(self.plan)
        for name in _INDICES:
            setattr(new, name, getattr(self, name))
        new.revision = self.revision + 1
        new.taken_at = time.time() if taken_at is None else taken_at
        new.observed = observed
        new._derived = {
            key: value
            for key, value in list(self._derived.items())
            if key in _UNOBSERVED or (isinstance(key, tuple) and key[0] == "matching")
        }
        new._lasting = self._lasting
        ledger = Ledger(self)
        ledger.judge_drift(new)
        ledger.judge_mutes(new)
        ledger.settle(new)
        new.touched = Touched(self.token, subjects=ledger.subjects)
        return new

    def _differs(self, path: str, manifest: Manifest | None) -> bool:
        record = self.records.get(path)
        if record is None or manifest is None:
            return (record is None) != (manifest is None)
        old = record.manifest
        told = [item.identity for item in manifest.diagnostics]  # a text that was read again is another object
        return old.digest != manifest.digest or [item.identity for item in old.diagnostics] != told

    def derive(self, key: object, compute: Callable[["Snapshot"], T]) -> T:
        """Return `compute(self)`, computed at the first call for `key` and shared by all later ones."""
        if key not in self._derived:
            self._derived.setdefault(key, compute(self))
        value: T = self._derived[key]
        return value

    def lasting(self, key: object, make: Callable[[], T]) -> T:
        """Return a value that all later revisions share, made at the first call for `key`.

        It is for what can be carried over from one revision to the next, and must itself bear to be asked by several
        threads and for revisions in any order.
        """
        value: T = self._lasting.setdefault(key, make()) if key not in self._lasting else self._lasting[key]
        return value

    def has_derived(self, key: object) -> bool:
        """Return whether something is derived already."""
        return key in self._derived

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
        """All findings that count: errors before warnings before hints, then by code, port and place."""
        return self.derive("findings", lambda s: s.lasting("ranking", Ranking).of(s._findings, s.token, s.touched))

    @property
    def muted(self) -> tuple[Finding, ...]:
        """The findings that the settings accept, each with the reason; in the same order."""
        return self.derive("muted", lambda s: ranked(s._muted))

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

    def references_to(self, name: str) -> tuple[PortClaim, ...]:
        """Return the claims by which crates refer to the port of a crate or service of a (folded) name."""
        return self._references.get(name, ())

    def finding_groups(self) -> Groups:
        """Return the findings that count by what they are about; unchanged groups are shared between revisions."""
        return self._findings


def _sorted_crates(snapshot: Snapshot) -> tuple[Crate, ...]:
    crates = (record.crate for record in snapshot.records.values() if record.crate is not None)
    return tuple(sorted(crates, key=lambda crate: (crate.name, crate.path)))


def _findings_by_crate(snapshot: Snapshot) -> dict[str, tuple[Finding, ...]]:
    found: dict[str, list[Finding]] = defaultdict(list)
    for item in snapshot.findings:
        for name in item.crates:
            found[name].append(item)
    return {name: tuple(items) for name, items in found.items()}
