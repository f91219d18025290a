"""Deployments and plans as the JSON of the API."""

from dataclasses import dataclass
from typing import Any

from workbench.deploy.model import Deployment, Instance, Step, Target
from workbench.deploy.runner import Command
from workbench.fleet.wire import iso

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DeployPlan:
    """What a deployment would do: its steps, each with its command if it has one."""

    target: Target
    before: Instance | None
    steps: tuple[tuple[Step, Command | None], ...]


def deployment_model(item: Deployment) -> Json:
    """Return a DeploymentStatus."""
    target = item.target
    return {
        "id": item.id,
        "crate_name": item.crate_name,
        "version": target.version,
        "previous_version": item.before.version if item.before else None,
        "port": item.after.port if item.after else None,
        "state": item.state,
        "strategy": target.strategy,
        "runner": target.runner,
        "parameters": dict(target.parameters),
        "progress": item.progress,
        "step": item.step.title if item.step else None,
        "steps": [step_model(step) for step in item.steps],
        "queued_at": iso(item.queued_at),
        "started_at": iso(item.started_at),
        "finished_at": iso(item.finished_at),
        "actor": item.actor,
        "log_url": f"/api/deployments/{item.id}/log",
        "error": item.error,
    }


def step_model(step: Step) -> Json:
    """Return one step of a DeploymentStatus."""
    return {
        "action": step.action,
        "title": step.title,
        "undo": step.is_undo,
        "state": step.state,
        "started_at": iso(step.started_at),
        "finished_at": iso(step.finished_at),
        "error": step.error,
    }


def deploy_plan_model(plan: DeployPlan) -> Json:
    """Return what would be done. Of the environment only names are told."""
    target = plan.target
    return {
        "crate_name": target.crate_name,
        "version": target.version,
        "previous_version": plan.before.version if plan.before else None,
        "strategy": target.strategy,
        "runner": target.runner,
        "parameters": dict(target.parameters),
        "rollback_on_failure": target.rollback_on_failure,
        "steps": [
            {
                "action": step.action,
                "title": step.title,
                "command": list(command.arguments) if command else None,
                "directory": command.directory if command else None,
                "environment": sorted(command.environment) if command else None,
                "time_limit": command.time_limit if command else None,
            }
            for step, command in plan.steps
        ],
    }
