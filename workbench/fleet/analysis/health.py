"""The health of a fleet as one number, by a formula that can be said in a sentence."""

from collections.abc import Mapping
from typing import Final

from workbench.fleet.model import worst
from workbench.fleet.snapshot import Snapshot

SOUND: Final = {None: 1.0, "hint": 1.0, "warning": 0.9, "error": 0.5}
"""What a crate is worth, by the gravest of its findings."""


def fleet_health(snapshot: Snapshot, impacts: Mapping[str, float] | None = None) -> float:
    """Return the health of a fleet from 0 to 100: the mean worth of its crates.

    A crate is worth 1, 0.9 with a warning, 0.5 with an error; a failure takes of that what its impact says
    (`impacts`, from 0 to 1 by manifest; 1 for a crate that has failed itself). A fleet without crates has 100.
    """
    worth = snapshot.derive("worth-of-crates", _worth)
    lost = impacts or {}
    total = sum(value * (1 - lost.get(path, 0.0)) for path, value in worth.items())
    return 100 * total / len(worth) if worth else 100.0


def _worth(snapshot: Snapshot) -> dict[str, float]:
    return {crate.path: SOUND[worst(snapshot.findings_of(crate))] for crate in snapshot.crates}
