"""What a snapshot consists of besides its manifests, as it is handed to another process."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from json import loads
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from workbench.fleet.observed import Observed
from workbench.fleet.plan import PortPlan
from workbench.fleet.rebuild import Kept, Problem, rebuilt
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.wire import summary_model

HEAD_FORMAT: Final = 1


@dataclass(frozen=True)
class SnapshotHead:
    """Revision, time (seconds since the epoch), figures, and what is judged by: port plan and observations."""

    revision: int
    taken_at: float
    summary: Mapping[str, int]
    plan: PortPlan = field(default_factory=PortPlan)
    observed: Observed = field(default_factory=Observed)
    format: int = HEAD_FORMAT

    @classmethod
    def of(cls, snapshot: Snapshot) -> "SnapshotHead":
        """Return the head of a snapshot."""
        summary = snapshot.derive("summary", summary_model)
        return cls(snapshot.revision, snapshot.taken_at, summary, snapshot.plan, snapshot.observed)

    @classmethod
    def parse(cls, model: object) -> "SnapshotHead":
        """Return the head that `head_model` told; raises ValueError if it is none, or of a later format."""
        if not isinstance(model, dict) or model.get("format") != HEAD_FORMAT:
            raise ValueError("it does not describe a snapshot of a format that this version reads")
        try:
            return _HEAD.validate_python(model)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None

    def revive(self, manifests: Iterable[Mapping[str, Any]], near: Snapshot | None = None) -> Snapshot:
        """Return the very snapshot, given the rows of its `manifests` table.

        What equals a snapshot at another time, `near`, is not decided anew.
        """
        kept = {row["path"]: _kept(row) for row in manifests}
        snapshot = rebuilt(kept, self.plan, self.revision, self.taken_at, near).observe(self.observed, self.taken_at)
        snapshot.revision = self.revision
        return snapshot


def head_model(head: SnapshotHead) -> dict[str, Any]:
    """Return a head as JSON holds it."""
    model: dict[str, Any] = _HEAD.dump_python(head, mode="json")
    return model


def _kept(row: Mapping[str, Any]) -> Kept:
    problem = Problem(*loads(row["problem"])) if row["problem"] else None
    return Kept(row["text"], row["digest"], row["good"], problem)


_HEAD: Final = TypeAdapter(SnapshotHead)
