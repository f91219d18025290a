"""Why a crate or a port is as it is: the kept revisions that made it so, and what each of them changed."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from workbench.errors import InvalidPort
from workbench.fleet.lookup import manifest_paths
from workbench.fleet.rebuild import stepped
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.values import port_number
from workbench.fleet.wire import claim_model, crate_model
from workbench.history import History

Json = dict[str, Any]
Facts = dict[str, Any]
_TOLD_OF_A_CLAIM = ("role", "of", "rule", "path")


@dataclass(frozen=True)
class Cause:
    """A revision that changed a subject: when, through which manifests, and each fact before and after.

    Without a manifest it was the port plan that changed.
    """

    revision: int
    taken_at: float
    paths: tuple[str, ...]
    changes: dict[str, tuple[Any, Any]]


def causes(history: History, subject: str | int) -> Iterator[Cause]:
    """Return the kept revisions that changed a crate (by name, former name or path) or a port, newest first.

    The oldest kept revision is none of them: what was before it is not known. Raises UnknownCrate, InvalidPort.
    """
    now = history.now
    facts = _facts_of(subject, now)
    return (
        Cause(row["revision"], row["taken_at"], paths, changes)
        for row, paths, older, newer in _steps(history, now)
        if (changes := _differences(facts(older), facts(newer)))
    )


def _steps(history: History, now: Snapshot) -> Iterator[tuple[Json, tuple[str, ...], Snapshot, Snapshot]]:
    """Return every kept revision but the oldest, newest first, with the fleet before and after it."""
    rows = history.revisions()
    past = history.past
    if past is None or len(rows) < 2:
        return
    planned, undone = past.plan_changes(), past.undone(rows[0]["revision"])
    upcoming = next(undone, None)
    newer = now
    for row, before in pairwise(reversed(rows)):
        changed = None
        while upcoming is not None and upcoming[0] >= row["revision"]:
            changed = upcoming[1] if upcoming[0] == row["revision"] else changed
            upcoming = next(undone, None)
        if row["revision"] in planned:
            older = past.snapshot_at(before["revision"], before["taken_at"], newer)
        elif changed:
            older = stepped(newer, changed, before["revision"], before["taken_at"])
        else:
            continue
        yield row, tuple(sorted(changed or ())), older, newer
        newer = older


def _facts_of(subject: str | int, now: Snapshot) -> Callable[[Snapshot], Facts]:
    """Return what to look at in each snapshot."""
    if isinstance(subject, str):
        paths = manifest_paths(subject, now)
        return lambda snapshot: _crate_facts(snapshot, paths)
    try:
        port = port_number(subject)
    except ValueError as error:
        raise InvalidPort(str(error), port=subject) from None
    return lambda snapshot: _port_facts(snapshot, port)


def _crate_facts(snapshot: Snapshot, paths: Collection[str]) -> Facts:
    facts: Facts = {}
    for path in paths:
        record = snapshot.records.get(path)
        told = crate_model(record) if record is not None and record.crate is not None else {}
        facts |= {key if len(paths) == 1 else f"{path}: {key}": value for key, value in told.items()}
    return facts


def _port_facts(snapshot: Snapshot, port: int) -> Facts:
    models = [claim_model(claim) for claim in snapshot.at_port.get(port, ())]
    return {f"{model['crate']} {model['label']}": {key: model[key] for key in _TOLD_OF_A_CLAIM} for model in models}


def _differences(old: Facts, new: Facts) -> dict[str, tuple[Any, Any]]:
    names = {**old, **new}
    return {name: (old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)}
