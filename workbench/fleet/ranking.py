"""The order in which findings are shown, kept up to date from revision to revision rather than found anew."""

from bisect import insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from workbench.fleet.model import Finding

Subject = tuple[str, str | int]
"""What a group of findings is about, such as ("port", 18001); groups are recomputed one by one."""

Groups = Mapping[Subject, tuple[Finding, ...]]
"""Findings by what they are about."""

_RANK: Final = {"error": 0, "warning": 1, "hint": 2}
_KEPT: Final = 3
_FEW: Final = 0.02
"""The share of the findings up to which it is quicker to put new ones in their places than to sort all."""


@dataclass(frozen=True, slots=True)
class Touched:
    """What one step may have changed: everything else is the same in the revision that it started from."""

    base: object
    """The `token` of that revision."""
    paths: frozenset[str] = frozenset()
    ports: frozenset[int] = frozenset()
    subjects: frozenset[Subject] = frozenset()


def finding_order(item: Finding) -> tuple[Any, ...]:
    """Return the sort key of findings: errors before warnings before hints, then by code, port and place."""
    place = (item.sites[0].path, str(item.sites[0].key_path)) if item.sites else ("", "")
    return _RANK[item.severity], item.code, item.ports, place, item.message


def ranked(groups: Groups) -> tuple[Finding, ...]:
    """Return the findings of all groups in order."""
    return tuple(sorted((item for group in groups.values() for item in group), key=finding_order))


@dataclass(frozen=True, slots=True)
class _Ranked:
    """The findings of one revision in order."""

    token: object
    groups: Groups
    findings: tuple[Finding, ...]


class Ranking:
    """The orders of the revisions that were asked for last: a plan of what would be is one beside the next that is.

    Threads that ask at once do some work twice, no harm.
    """

    def __init__(self) -> None:
        self._kept: tuple[_Ranked, ...] = ()

    def of(self, groups: Groups, token: object, touched: Touched) -> tuple[Finding, ...]:
        """Return the findings of a revision in order, given its token and what its step touched."""
        base = next((kept for kept in self._kept if kept.token is touched.base), None)
        findings = _changed(base, groups, touched.subjects) if base is not None else None
        if findings is None:
            findings = ranked(groups)
        self._kept = (_Ranked(token, groups, findings), *self._kept[: _KEPT - 1])
        return findings


def _changed(last: _Ranked, groups: Groups, subjects: Iterable[Subject]) -> tuple[Finding, ...] | None:
    """Return the order after some groups changed; None if it is not worth it."""
    gone: dict[int, Finding] = {}
    new: list[Finding] = []
    for subject in subjects:
        was, now = last.groups.get(subject, ()), groups.get(subject, ())
        if was is not now:
            gone.update((id(item), item) for item in was)
            new += now
    if len(new) > _FEW * len(last.findings):
        return None
    kept = [item for item in last.findings if id(item) not in gone]
    for item in new:
        insort(kept, item, key=finding_order)
    return tuple(kept)
