"""The revisions of a fleet that are kept, and what the fleet was at each."""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Protocol, runtime_checkable

from workbench.errors import RevisionGone, UnknownRevision
from workbench.fleet.diff import Diff, diff
from workbench.fleet.lookup import manifest_paths
from workbench.fleet.rebuild import Kept
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.wire import claim_model, crate_model, finding_model, iso, summary_model
from workbench.hub import Hub

Json = dict[str, Any]
Moment = int | float | str | datetime

_HALF_A_MICROSECOND: Final = 5e-7
"""Times are kept to the microsecond, which a float holds a little more or less of."""
_FIGURES: Final = ("crates", "manifests", "findings", "errors", "warnings")


@runtime_checkable
class Past(Protocol):
    """Where revisions are kept; the store is one."""

    def revisions(self) -> list[Json]:
        """Return every revision that can be had again, oldest first."""

    def revisions_of(self, paths: Collection[str]) -> set[int]:
        """Return the revisions that changed one of some manifests."""

    def undone(self, oldest: int) -> Iterator[tuple[int, dict[str, Kept | None]]]:
        """Return what the manifests were before each revision after `oldest`, newest first."""

    def plan_changes(self) -> set[int]:
        """Return the kept revisions whose port plan is another than that of the revision before."""

    def snapshot_at(self, revision: int, taken_at: float, near: Snapshot) -> Snapshot:
        """Return the snapshot of a kept revision."""


class History:
    """The past of a hub. Without a state file it knows the present alone."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    @property
    def now(self) -> Snapshot:
        """The newest revision."""
        return self._hub.snapshot

    @property
    def past(self) -> Past | None:
        """Where revisions are kept; None if there is no state file, or none that can be used now."""
        past = self._hub.journal
        return past if isinstance(past, Past) and self._hub.is_journalled and self._hub.is_ready else None

    def revisions(self) -> list[Json]:
        """Return the kept revisions, oldest first: revision, taken_at, figures, and how many manifests `changed`."""
        past, now = self.past, self.now
        if past is not None:
            return [row for row in past.revisions() if row["revision"] <= now.revision]
        figures = summary_model(now)
        return [
            {
                "revision": now.revision,
                "taken_at": now.taken_at,
                **{key: figures[key] for key in _FIGURES},
                "changed": 0,
            }
        ]

    def revisions_of(self, crate: str) -> list[Json]:
        """Return the kept revisions, oldest first, that changed the manifest of a crate; raises UnknownCrate.

        A crate goes by its name, a former name, or its manifest's path, which may be gone.
        """
        paths = manifest_paths(crate, self.now)
        past, rows = self.past, self.revisions()
        changed = past.revisions_of(paths) if past is not None else set()
        return [row for row in rows if row["revision"] in changed]

    def at(self, moment: Moment) -> Snapshot:
        """Return the fleet at a revision (a whole number), or at a time: the newest revision that there was.

        A time is a datetime, its ISO form, or seconds since the epoch as a float. Raises RevisionGone for what is
        no longer kept, UnknownRevision for what never was.
        """
        now = self._hub.snapshot
        if moment == now.revision and isinstance(moment, int):
            return now
        row = revision_at(moment, self.revisions(), now.revision)
        return now if row["revision"] == now.revision else self._rebuilt(row, now)

    def diff(self, older: Moment, newer: Moment) -> tuple[Snapshot, Snapshot, Diff]:
        """Return the fleet at two moments, and what changed from the first to the second."""
        before, after = self.at(older), self.at(newer)
        return before, after, diff(before, after)

    def _rebuilt(self, row: Json, near: Snapshot) -> Snapshot:
        past = self._hub.journal
        assert isinstance(past, Past)
        return past.snapshot_at(row["revision"], row["taken_at"], near)


def revision_at(moment: Moment, rows: Sequence[Json], newest: int) -> Json:
    """Return the row of a revision, or of the newest one at a time, among the kept ones, oldest first.

    Raises RevisionGone for what is no longer kept, UnknownRevision for what never was.
    """
    oldest = rows[0]["revision"] if rows else None
    if not isinstance(moment, int):
        position = bisect_right([row["taken_at"] for row in rows], _seconds(moment) + _HALF_A_MICROSECOND)
        if position == 0:
            raise RevisionGone("nothing is kept from before that time", oldest=oldest)
        return rows[position - 1]
    for row in rows:
        if row["revision"] == moment:
            return row
    details = {"revision": moment, "oldest": oldest, "newest": newest}
    if oldest is not None and moment < oldest:
        raise RevisionGone(f"revision {moment} is no longer kept; the oldest is {oldest}", **details)
    raise UnknownRevision(f"there is no revision {moment}", **details)


def _seconds(moment: float | str | datetime) -> float:
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    if isinstance(moment, datetime):
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return moment


def revision_model(row: Json) -> Json:
    """Return a revision as the contract describes it."""
    return {**row, "taken_at": iso(row["taken_at"])}


def diff_model(before: Snapshot, after: Snapshot, change: Diff) -> Json:
    """Return what changed: crates with the fields that differ, ports with their claims now, findings."""
    crates = []
    for item in change.crates:
        was, now = before.records.get(item.path), after.records.get(item.path)
        old = crate_model(was) if was and was.crate else {}
        new = crate_model(now) if now and now.crate else {}
        fields = {
            key: {"old": old.get(key), "new": new.get(key)} for key in {**old, **new} if old.get(key) != new.get(key)
        }
        crates.append({"action": item.action, "name": item.crate.name, "path": item.path, "fields": fields})
    return {
        "from": before.revision,
        "to": after.revision,
        "crates": crates,
        "ports": [{"port": port, "claims": [claim_model(claim) for claim in claims]} for port, claims in change.ports],
        "appeared": [finding_model(item) for item in change.appeared],
        "vanished": [finding_model(item) for item in change.vanished],
    }
