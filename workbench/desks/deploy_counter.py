"""The counter at which people have crates deployed, and why nobody is served."""

from concurrent.futures import Future
from typing import ClassVar

from workbench.deploy.model import Deployment
from workbench.deploy.target import DeployRequest
from workbench.deploy.wire import DeployPlan
from workbench.desks.counter import Counter
from workbench.security.access import NOBODY, Caller
from workbench.security.scopes import Scope


class DeployCounter(Counter):
    """Deploys, cancels and rolls back."""

    scope: ClassVar[Scope] = "deploy"

    @property
    def closed(self) -> str | None:
        """Why nobody is served now, as a sentence; None if people are."""
        if not self._hub.is_running:
            return "This workbench was scanned once and runs no hub, which alone deploys."
        if not self._hub.deployments.has_runners:
            return "No runner is set up: [deploy.runners] of workbench.toml says which commands deploy a crate."
        if self._hub.guard.error is not None:
            return f"The state file cannot be written ({self._hub.guard.error}); nothing is deployed before a restart."
        if self.has_no_token:
            return "This server has no token, so nobody can change anything here."
        return None

    @property
    def parameters(self) -> dict[str, str]:
        """What the runners take besides version and strategy: name and pattern."""
        runners = self._hub.deployments.engine.options.runners
        return {name: spec.pattern for runner in runners for name, spec in runner.parameters.items()}

    def plan(self, crate_name: str, request: DeployRequest) -> DeployPlan:
        """Return what a deployment would do now. Raises what `DeploymentDesk.plan` raises."""
        return self._hub.deployments.plan(crate_name, request)

    def deploy(
        self, crate_name: str, request: DeployRequest, secret: str = "", signed_in: Caller = NOBODY
    ) -> "Future[Deployment]":
        """Ask for a deployment. Raises Unauthorized, Forbidden and what `plan` raises, without asking."""
        caller = self.caller(secret, signed_in)
        asked = self._hub.deployments.deploy(crate_name, request, actor=caller.name)
        return self._told("deployment.ask", f"{crate_name} {request.version or ''}", caller, asked)

    def cancel(self, item: Deployment, secret: str = "", signed_in: Caller = NOBODY) -> "Future[Deployment]":
        """Ask for the end of a deployment. Raises Unauthorized and Forbidden."""
        caller = self.caller(secret, signed_in)
        return self._told("deployment.cancel", _subject(item), caller, self._hub.deployments.cancel(item.id))

    def roll_back(self, item: Deployment, secret: str = "", signed_in: Caller = NOBODY) -> "Future[Deployment]":
        """Ask for what served before a deployment. Raises Unauthorized and Forbidden."""
        caller = self.caller(secret, signed_in)
        return self._told("deployment.rollback", _subject(item), caller, self._hub.deployments.roll_back(item.id))


def _subject(item: Deployment) -> str:
    return f"{item.crate_name} {item.target.version} {item.id}"
