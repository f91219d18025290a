"""Deployments: how they stand, what they would do, and what their commands said."""

from typing import Annotated

from pydantic import Field

from api.models.base import Count, Model, Moment, Port
from workbench.deploy.model import Action, State, StepState, Strategy


class DeploymentStep(Model):
    """One thing to do with one instance."""

    action: Action
    title: str
    """What is done, in words."""
    undo: bool
    """Whether it takes back an earlier step."""
    state: StepState
    started_at: Moment | None
    finished_at: Moment | None
    error: str | None


class DeploymentStatus(Model):
    """A deployment as it stands."""

    id: str
    crate_name: str
    version: str
    previous_version: str | None
    """What served before; null if nothing that was deployed from here did, or while it waits."""
    port: Port | None
    """Where the new instance listens; null while it waits."""
    state: State
    strategy: Strategy
    runner: str
    parameters: dict[str, str]
    progress: Annotated[float, Field(ge=0, le=1)]
    step: str | None
    """The step at work, or the last one; null while it waits."""
    steps: list[DeploymentStep]
    queued_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    actor: str
    """Who asked for it."""
    log_url: str
    error: str | None
    """Why it did not succeed."""


class PlannedStep(Model):
    """A step, and the command that would carry it out."""

    action: Action
    title: str
    command: list[str] | None
    """The program and its arguments; null for what the workbench does itself."""
    directory: str | None
    environment: list[str] | None
    """The names of the variables that the command finds; their values are not told."""
    time_limit: float | None
    """In seconds."""


class DeployPlan(Model):
    """What a deployment would do. Nothing was run, nothing kept."""

    crate_name: str
    version: str
    previous_version: str | None
    strategy: Strategy
    runner: str
    parameters: dict[str, str]
    rollback_on_failure: bool
    steps: list[PlannedStep]


class DeploymentLog(Model):
    """A part of a deployment's log, in whole lines; secrets are masked."""

    id: str
    since: Count
    next: Count
    """Where the next part begins; ask for that."""
    lines: list[str]
    ended: bool
    """Whether nothing more will come, if `lines` is empty."""


class DeploymentEventData(Model):
    """A deployment stands differently."""

    deployment: DeploymentStatus


class DeploymentLogData(Model):
    """A log has grown; these are its newest lines, at most 50. Read the rest at `log_url`."""

    id: str
    crate_name: str
    lines: list[str]
    next: Count
    """The size of the log in bytes."""
