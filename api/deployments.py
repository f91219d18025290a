"""/api/deployments and /api/crates/:name/deploy: deploy a crate, follow it, end it, go back."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Annotated

from pydantic import Field

from api.base import JSON, ApiHandler, off_loop
from api.bodies import Name, RequestBody, parse_body
from api.crates import CrateName
from api.models.deployments import DeploymentLog, DeploymentStatus, DeployPlan
from api.operation import Answer, operation
from api.queries import Position, Query, Text, parse_query
from api.waiting import answered, idempotency_key
from workbench.deploy.model import Deployment, State, Strategy
from workbench.deploy.target import DeployRequest
from workbench.deploy.wire import deploy_plan_model, deployment_model
from workbench.errors import (
    Conflict,
    IdempotencyConflict,
    InvalidRequest,
    InvalidVersion,
    NoRunner,
    NotDeployable,
    StoreError,
    TooManyDeployments,
    Unavailable,
    UnknownCrate,
    UnknownDeployment,
)

DeploymentId = Annotated[str, Field(description="The id of a deployment.", examples=["5f0c1d2e3a4b5c6d"])]
Parameter = Annotated[str, Field(max_length=200)]


class DeployBody(RequestBody):
    """What to deploy, and how; what is left out is taken from the manifest."""

    version: Annotated[str, Field(max_length=20_000)] | None = None
    """1 to 64 letters, digits, `.`, `_`, `+` and `-`; by default the manifest's."""
    strategy: Strategy | None = None
    """By default that of the manifest's `[deployment]`, else `rolling`."""
    dry_run: bool = False
    """Answer what would be done, and do nothing."""
    parameters: Annotated[dict[Name, Parameter], Field(default_factory=dict, max_length=40)]
    """What the runner takes, such as `{"mood": "bad"}` for that of the demonstration."""

    def request(self) -> DeployRequest:
        return DeployRequest(self.version, self.strategy, self.parameters)


class ActBody(RequestBody):
    """Nothing to say."""


class DeploymentsQuery(Query):
    """Which deployments."""

    crate: Text | None = None
    """Of this crate."""
    state: State | None = None
    """In this state."""
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100
    """At most so many."""
    offset: Position = 0
    """How many to pass over first."""


class LogQuery(Query):
    """Which part of the log."""

    since: Position = 0
    """The offset in bytes at which to begin; the `next` of the part before."""


class DeployHandler(ApiHandler):
    """POST: deploy a crate, or say what that would do."""

    access = "deploy"
    action = "deployment.ask"

    @operation(
        "Deployments",
        "Deploy a crate",
        answers={
            202: Answer("It is written down, and waits or is at work.", DeploymentStatus, headers=("Location",)),
            200: Answer("What it would do; nothing was done. Answers `dry_run`.", DeployPlan),
        },
        detail="One deployment of a crate is at work at a time; others wait.",
        body=DeployBody,
        body_examples={JSON: {"version": "1.4.2", "strategy": "blue-green"}},
        headers=("Idempotency-Key",),
        errors=(
            UnknownCrate, InvalidVersion, InvalidRequest, NotDeployable, NoRunner, IdempotencyConflict,
            TooManyDeployments, StoreError, Unavailable,
        ),
    )  # fmt: skip
    async def post(self, name: CrateName) -> None:
        self.subject = name
        body = parse_body(DeployBody, self.request)
        desk, request = self.hub.deployments, body.request()
        if body.dry_run:
            self.subject += " (dry run)"
            self.finish_json(await off_loop(lambda: deploy_plan_model(desk.plan(name, request))))
            return
        key = idempotency_key(self)
        asked = await off_loop(desk.deploy, name, request, key, self.actor)
        made = await answered(asked)
        self.subject = f"{made.crate_name} {made.target.version} {made.id}"
        self.set_location(f"/api/deployments/{made.id}")
        self.finish_json(deployment_model(made), 202)


class DeploymentsHandler(ApiHandler):
    """GET: a bare array of deployments, newest first."""

    access = "read"

    @operation(
        "Deployments",
        "List the deployments",
        answers={200: Answer("Deployments, newest first.", list[DeploymentStatus], ("X-Total-Count",))},
        query=DeploymentsQuery,
    )
    async def get(self) -> None:
        query = parse_query(DeploymentsQuery, self.request.query_arguments)
        found = [
            item
            for item in self.hub.deployments.all
            if query.crate in (None, item.crate_name) and query.state in (None, item.state)
        ]
        self.set_header("X-Total-Count", str(len(found)))
        items = found[query.offset : query.offset + query.limit]
        self.finish_json(await off_loop(lambda: [deployment_model(item) for item in items]))


class DeploymentHandler(ApiHandler):
    """GET: one deployment."""

    access = "read"

    @operation("Deployments", "Read one deployment", DeploymentStatus, errors=(UnknownDeployment,))
    async def get(self, identity: DeploymentId) -> None:
        self.finish_json(deployment_model(self.hub.deployments.find(identity)))


class DeploymentLogHandler(ApiHandler):
    """GET: what the commands of a deployment printed, and what the workbench did."""

    access = "read"

    @operation("Deployments", "Read a deployment's log", DeploymentLog, query=LogQuery, errors=(UnknownDeployment,))
    async def get(self, identity: DeploymentId) -> None:
        query = parse_query(LogQuery, self.request.query_arguments)
        item = self.hub.deployments.find(identity)
        part = await off_loop(self.hub.deployments.engine.read_log, item.id, query.since)
        self.finish_json(
            {
                "id": item.id,
                "since": query.since,
                "next": part.next,
                "lines": part.text.splitlines(),
                "ended": item.has_ended,
            }
        )


class _ActHandler(ApiHandler):
    """What the two verbs about a deployment share."""

    access = "deploy"

    async def act(self, identity: str, verb: Callable[[str], "Future[Deployment]"]) -> None:
        """Have something done to a deployment, and answer how it stands then."""
        parse_body(ActBody, self.request)
        item = self.hub.deployments.find(identity)
        self.subject = f"{item.crate_name} {item.target.version} {item.id}"
        self.finish_json(deployment_model(await answered(verb(item.id))), 202)


class CancelHandler(_ActHandler):
    """POST: end a deployment; what it had reached is taken back."""

    access = "deploy"
    action = "deployment.cancel"

    @operation(
        "Deployments",
        "Cancel a deployment",
        answers={202: Answer("It ends, and what serves was before it is restored.", DeploymentStatus)},
        body=ActBody,
        errors=(UnknownDeployment, Conflict, StoreError, Unavailable),
    )
    async def post(self, identity: DeploymentId) -> None:
        await self.act(identity, self.hub.deployments.cancel)


class RollbackHandler(_ActHandler):
    """POST: go back to what served before a deployment."""

    access = "deploy"
    action = "deployment.rollback"

    @operation(
        "Deployments",
        "Roll a deployment back",
        answers={202: Answer("It goes back to what served before.", DeploymentStatus)},
        detail="The newest deployment of its crate that succeeded can be rolled back; one at work is cancelled.",
        body=ActBody,
        errors=(UnknownDeployment, Conflict, StoreError, Unavailable),
    )
    async def post(self, identity: DeploymentId) -> None:
        await self.act(identity, self.hub.deployments.roll_back)
