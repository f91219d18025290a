"""Deployments as rows of a table."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import pandas as pd

from workbench.dashboards.event_rows import clock
from workbench.deploy.model import Deployment, State

COLUMNS: Final = ("crate", "version", "state", "progress", "step", "strategy", "asked", "actor")
TONES: Final[dict[State, str]] = {
    "queued": "quiet",
    "running": "accent",
    "verifying": "accent",
    "succeeded": "good",
    "failed": "bad",
    "cancelled": "quiet",
    "rolling_back": "warn",
    "rolled_back": "warn",
}


@dataclass(frozen=True, slots=True)
class DeploymentFilter:
    """Which deployments are wanted: a part of the crate's name or the version, a state; empty for all."""

    text: str = ""
    state: str = ""

    def accepts(self, item: Deployment) -> bool:
        """Whether a deployment is one of them."""
        where = f"{item.crate_name} {item.target.version} {item.actor}".casefold()
        return self.state in ("", item.state) and all(word in where for word in self.text.casefold().split())


def deployments_frame(items: Iterable[Deployment]) -> pd.DataFrame:
    """Return deployments as rows, indexed by their ids, in the order given."""
    found = list(items)
    rows = [
        (
            item.crate_name, item.target.version, words_of(item.state), item.progress, _step(item),
            item.target.strategy, clock(item.queued_at), item.actor,
        )
        for item in found
    ]  # fmt: skip
    index = pd.Index([item.id for item in found], dtype=object)
    return pd.DataFrame(rows, columns=list(COLUMNS), index=index, dtype=object)


def words_of(state: str) -> str:
    """Return a state as people write it."""
    return state.replace("_", " ")


def _step(item: Deployment) -> str:
    if item.error:
        return item.error
    return item.step.title if item.step and not item.has_ended else ""
