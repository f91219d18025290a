"""Deployments for analysts: plan, deploy, and what came of it, as values that show themselves and as frames."""

import pandas as pd

from workbench.deploy.model import STRATEGIES, Deployment, Strategy
from workbench.deploy.target import DeployRequest
from workbench.desks.deploy_counter import DeployCounter
from workbench.errors import InvalidRequest, Unavailable
from workbench.hub import Hub
from workbench.views.deployment import DeploymentView, DeployPlanView

HISTORY_COLUMNS = (
    "id", "crate", "version", "previous", "state", "strategy", "port", "asked_at", "seconds", "actor", "error",
)  # fmt: skip
_HOW = "Make one with Workbench.scan(…, state=FOLDER, config=FILE), or ask a server, at its page or API."
SERVING_COLUMNS = ("crate", "version", "port")


class Deployer:
    """Deploys the crates of a workbench that was made with `Workbench.scan(…, state=…, config=…)`.

    What runs is what the settings file says; see docs/deployments.md.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._counter = DeployCounter(hub)

    def plan(
        self, crate: str, version: str | None = None, strategy: Strategy | None = None, **parameters: str
    ) -> DeployPlanView:
        """Return what a deployment would do now; nothing is run.

        What is not said is taken from the manifest. Raises Unavailable where nothing is deployed from, UnknownCrate,
        NoRunner, NotDeployable, InvalidVersion and InvalidRequest.
        """
        return DeployPlanView(self._counter.plan(crate, self._request(version, strategy, parameters)))

    def deploy(
        self, crate: str, version: str | None = None, strategy: Strategy | None = None, **parameters: str
    ) -> DeploymentView:
        """Ask for a deployment and return as soon as it is written down; `.wait()` waits for its end.

        Raises what `plan` raises, without asking.
        """
        asked = self._counter.deploy(crate, self._request(version, strategy, parameters))
        return self.find(asked.result().id)

    def find(self, identity: str) -> DeploymentView:
        """Return a deployment by its id. Raises UnknownDeployment."""
        return DeploymentView(self._hub, self._counter, self._hub.deployments.find(identity).id)

    @property
    def history(self) -> pd.DataFrame:
        """One row per deployment that is known, newest first; `seconds` is how long it took, once it has ended."""
        rows = [_row(item) for item in self._hub.deployments.all]
        return pd.DataFrame(rows, columns=list(HISTORY_COLUMNS), dtype=object)

    @property
    def serving(self) -> pd.DataFrame:
        """One row per crate that was deployed from here and serves: its version and port."""
        live = self._hub.deployments.live
        rows = [(crate, live[crate].version, live[crate].port) for crate in sorted(live)]
        return pd.DataFrame(rows, columns=list(SERVING_COLUMNS), dtype=object)

    def _request(self, version: str | None, strategy: Strategy | None, parameters: dict[str, str]) -> DeployRequest:
        if self._counter.closed:
            raise Unavailable(f"{self._counter.closed} {_HOW}")
        if strategy is not None and strategy not in STRATEGIES:
            raise InvalidRequest(
                f"strategy: expected {', '.join(STRATEGIES)}, found {strategy!r}", parameter="strategy"
            )
        return DeployRequest(version, strategy, parameters)


def _row(item: Deployment) -> tuple[object, ...]:
    took = item.finished_at - item.started_at if item.started_at and item.finished_at else None
    return (
        item.id, item.crate_name, item.target.version, item.before.version if item.before else None, item.state,
        item.target.strategy, item.after.port if item.after else None,
        pd.Timestamp(item.queued_at, unit="s", tz="UTC"), took and round(took, 2), item.actor, item.error,
    )  # fmt: skip
