"""The findings of the next revision: groups that differ replace the old ones, and the figures follow."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Final

from workbench.fleet.drift import drift_groups
from workbench.fleet.findings import mute_finding
from workbench.fleet.model import Finding
from workbench.fleet.muting import muted
from workbench.fleet.ranking import Subject
from workbench.fleet.rules import COLLISION_CODES, OBSERVED_CODES, RULES
from workbench.fleet.selection import matches
from workbench.fleet.snapshot import Snapshot, Tally

_COUNTED_AS: Final = {"error": "errors", "warning": "warnings", "hint": "hints"}


class Ledger:
    """The changes to one revision's findings, and the figures that go with them."""

    def __init__(self, old: Snapshot) -> None:
        self._old = old
        self._mutes = old.plan.mutes
        self._had_any = bool(old._findings or old._muted)
        self._changed: dict[Subject, tuple[Finding, ...] | None] = {}
        self._changed_muted: dict[Subject, tuple[Finding, ...] | None] = {}
        self._mute_uses = list(old._mute_uses)
        self._codes: Counter[str] = Counter()
        self.tally: Counter[str] = Counter(asdict(old.tally))

    @property
    def subjects(self) -> frozenset[Subject]:
        """What was judged anew."""
        return frozenset(self._changed)

    def put(self, subject: Subject, found: Sequence[Finding]) -> None:
        """Replace what was found about a subject."""
        if not found and not self._had_any:
            return  # nothing there, nothing gone
        items = tuple(found)
        if self._mutes:
            judged = [muted(item, self._mutes) for item in items]
            items = tuple(item for item in judged if item.muted is None)
            accepted = tuple(item for item in judged if item.muted is not None)
            was_accepted = self._old._muted.get(subject, ())
            if accepted or was_accepted:
                self._changed_muted[subject] = accepted or None
                self._note_mutes(was_accepted, -1)
                self._note_mutes(accepted, 1)
            self.tally["muted"] += len(accepted) - len(was_accepted)
        self._count(subject, items)

    def _count(self, subject: Subject, items: tuple[Finding, ...]) -> None:
        was = self._old._findings.get(subject, ()) if self._had_any else ()
        if items or was:
            self._changed[subject] = items or None
            for item in was:
                self._codes[item.code] -= 1
            for item in items:
                self._codes[item.code] += 1

    def judge_drift(self, new: Snapshot) -> None:
        """Compare what is observed with the fleet of the new revision."""
        old_groups: Mapping[Subject, tuple[Finding, ...]] = self._old._drift
        new._drift = drift_groups(new, self._old)
        for subject in old_groups.keys() | new._drift.keys():
            found = new._drift.get(subject, ())
            if found != old_groups.get(subject, ()):
                self.put(subject, found)

    def judge_mutes(self, new: Snapshot) -> None:
        """Find the mutes that accept nothing, once all else was judged.

        They are not for the mutes to judge: one that accepts nothing but this would be of use by being of none. One
        of what only a running workbench finds is not idle for finding nothing today.
        """
        is_first_or_last = bool(self._old._by_name) != bool(new._by_name)
        for n, mute in enumerate(self._mutes):
            if is_first_or_last or bool(self._mute_uses[n]) != bool(self._old._mute_uses[n]):
                observes = any(matches(mute.kind, code, RULES[code].kind) for code in OBSERVED_CODES)
                idle = bool(new._by_name) and not self._mute_uses[n] and not observes
                self._count(("mute", n), (mute_finding(mute),) if idle else ())

    def settle(self, new: Snapshot) -> None:
        """Give the new revision its findings and figures."""
        new._findings = self._old._findings.changed(self._changed)
        new._muted = self._old._muted.changed(self._changed_muted)
        new._mute_uses = tuple(self._mute_uses)
        for code, more in self._codes.items():
            self.tally["findings"] += more
            self.tally[_COUNTED_AS[RULES[code].severity]] += more
            if code in COLLISION_CODES:
                self.tally["collisions"] += more
        new.tally = Tally(**self.tally)

    def _note_mutes(self, items: Iterable[Finding], by: int) -> None:
        for item in items:
            for n, mute in enumerate(self._mutes):
                self._mute_uses[n] += by * (item in mute)
