"""From a target to the ordered steps of its deployment, and from steps that were taken to those that undo them."""

from collections.abc import Iterable

from workbench.deploy.model import Instance, Step, Target
from workbench.errors import NotDeployable


def next_instance(target: Target, before: Instance | None) -> Instance:
    """Return what will serve: on the crate's port, or where that serves already and goes on to, on its sister.

    Raises NotDeployable if there must be a sister port and is none.
    """
    port = target.port
    if before is not None and before.port == port and target.strategy != "rolling":
        if target.sister_port is None:
            raise NotDeployable(
                f"{target.strategy} needs a second port, and {port} has no sister below 65536; choose `rolling`",
                port=port, strategy=target.strategy,
            )  # fmt: skip
        port = target.sister_port
    return Instance(target.version, port, target.parameters)


def forward_steps(target: Target, before: Instance | None, left: Instance | None = None) -> tuple[Step, ...]:
    """Return what is to be done so that a target serves in place of `before`. Raises NotDeployable.

    `left` is what a deployment that failed left behind; it is ended first.
    """
    new = next_instance(target, before)
    tidy = [Step("stop", left)] if left is not None else []
    launch = [*tidy, Step("vacant", new), Step("start", new), Step("gate", new)]
    if target.strategy == "rolling":
        # In place: one instance on one port. Where traffic went to the sister before, it is sent here now.
        moved = [Step("switch", new)] if before is not None and before.port != new.port and target.can_switch else []
        return (*([Step("stop", before)] if before else []), *launch, *moved)
    if not target.can_switch:
        raise NotDeployable(
            f"the runner {target.runner} has no `switch`, which {target.strategy} needs; choose `rolling`",
            runner=target.runner, strategy=target.strategy,
        )  # fmt: skip
    if before is None:
        return (*launch, Step("switch", new))
    canary = [Step("shift", new, target.percentage), Step("gate", new)] if target.strategy == "canary" else []
    # Once more after the switch: an instance that fails under the whole traffic must find the old one still there.
    return (*launch, *canary, Step("switch", new), Step("gate", new), Step("stop", before))


def touches(steps: Iterable[Step], before: Instance | None) -> bool:
    """Whether steps that were begun reached what serves, so that ending needs a rollback."""
    return before is not None and any(
        step.action in ("shift", "switch") or (step.action == "stop" and step.instance == before)
        for step in _begun(steps)
    )


def is_committed(steps: Iterable[Step], before: Instance | None) -> bool:
    """Whether all traffic was sent on, or what served was ended: then a failure may be left as it is."""
    return any(step.action == "switch" or (step.action == "stop" and step.instance == before) for step in _begun(steps))


def undo_steps(steps: Iterable[Step], before: Instance | None) -> tuple[Step, ...]:
    """Return what undoes the steps that were begun, last first; each may be done twice without harm."""
    found: list[Step] = []
    for step in reversed(_begun(steps)):
        if step.action == "start":
            found.append(Step("stop", step.instance, is_undo=True))
        elif step.action == "stop" and step.instance == before:
            found += [Step("start", step.instance, is_undo=True), Step("gate", step.instance, is_undo=True)]
        elif step.action in ("shift", "switch") and before is not None:
            back = Step("switch", before, is_undo=True)
            if back not in found:
                found.append(back)
    return tuple(found)


def _begun(steps: Iterable[Step]) -> list[Step]:
    return [step for step in steps if step.state != "pending" and not step.is_undo]
