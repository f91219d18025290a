"""The course of all deployments: a state machine without I/O, which tests replay.

`handle` takes one stimulus and returns instructions. A `Keep` is to be written down before any `Run` or `Abort` of the
same answer is carried out, so that after a crash nothing was begun that the journal does not know.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from workbench.deploy.model import Deployment, Ending, Instance, ProcessId, State, Step, Target
from workbench.deploy.plan import forward_steps, is_committed, next_instance, touches, undo_steps
from workbench.errors import Conflict, IdempotencyConflict, TooManyDeployments, UnknownDeployment, WorkbenchError

KEPT_ENDED: Final = 1_000
"""How many deployments that ended are remembered, beyond the last one of each crate; the journal keeps all."""

_INTERRUPTED: Final = "the workbench ended meanwhile"
_CANCELLED: Final = "it was cancelled"


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody wants a deployment."""

    id: str
    target: Target
    actor: str = ""
    key: str | None = None
    request: str = ""


@dataclass(frozen=True, slots=True)
class StepBegun:
    """The command of a step has a process, which waits to be let go until this is written down."""

    id: str
    position: int
    process: ProcessId


@dataclass(frozen=True, slots=True)
class StepEnded:
    """A step is over; `error` says why it failed."""

    id: str
    position: int
    error: str | None = None


@dataclass(frozen=True, slots=True)
class CancelAsked:
    """Somebody wants a deployment to end."""

    id: str


@dataclass(frozen=True, slots=True)
class RollbackAsked:
    """Somebody wants back what served before a deployment."""

    id: str


@dataclass(frozen=True, slots=True)
class Restarted:
    """The workbench runs again; whatever was at work is not, any more."""


Stimulus = Asked | StepBegun | StepEnded | CancelAsked | RollbackAsked | Restarted


@dataclass(frozen=True, slots=True)
class Keep:
    """Write a deployment down as it stands now."""

    deployment: Deployment


@dataclass(frozen=True, slots=True)
class Run:
    """Carry out a step; a `StepEnded` must follow."""

    id: str
    position: int
    step: Step
    target: Target


@dataclass(frozen=True, slots=True)
class Abort:
    """End the step that is at work; its `StepEnded` must still follow."""

    id: str


Instruction = Keep | Run | Abort


class Machine:
    """All deployments. At most `parallel` are at work, one of each crate; at most `waiting` wait."""

    def __init__(self, parallel: int = 2, waiting: int = 1_000, kept: Iterable[Deployment] = ()) -> None:
        self.parallel = parallel
        self.waiting = waiting
        self.deployments: dict[str, Deployment] = {}
        self.live: dict[str, Instance] = {}
        """What serves each crate, as far as it was deployed from here."""
        self.left: dict[str, Instance] = {}
        """What a deployment that failed left behind, beside what serves."""
        self._by_key: dict[tuple[str, str], str] = {}
        self._last: dict[str, str] = {}
        self._number = 0
        for item in kept:
            self._take(item)

    def handle(self, stimulus: Stimulus, now: float) -> list[Instruction]:
        """Return what a stimulus makes necessary, in order.

        Raises UnknownDeployment, Conflict, IdempotencyConflict, TooManyDeployments or NotDeployable, with nothing
        changed, for what somebody asks that cannot be.
        """
        match stimulus:
            case Asked():
                done = self._ask(stimulus, now)
            case StepBegun():
                done = self._begun(stimulus)
            case StepEnded():
                done = self._ended(stimulus, now)
            case CancelAsked():
                done = self._cancel(stimulus.id, now)
            case RollbackAsked():
                done = self._roll_back(stimulus.id, now)
            case Restarted():
                done = [step for item in self._working() for step in self._interrupted(item, now)]
        return [*done, *self._admit(now)]

    def find(self, identity: str) -> Deployment:
        """Return a deployment by its id. Raises UnknownDeployment."""
        if identity not in self.deployments:
            raise UnknownDeployment(f'there is no deployment "{identity[:64]}"', id=identity[:64])
        return self.deployments[identity]

    def repeated(self, actor: str, key: str, request: str) -> Deployment | None:
        """Return the deployment that a request under a key was answered with before. Raises IdempotencyConflict."""
        earlier = self.deployments.get(self._by_key.get((actor, key), ""))
        if earlier is not None and earlier.request != request:
            raise IdempotencyConflict(f'the key "{key}" was used for another request', key=key, id=earlier.id)
        return earlier

    # ------------------------------------------------------------------ what people ask for

    def _ask(self, asked: Asked, now: float) -> list[Instruction]:
        if sum(item.state == "queued" for item in self.deployments.values()) >= self.waiting:
            raise TooManyDeployments(f"{self.waiting} deployments wait already", limit=self.waiting)
        forward_steps(asked.target, self.live.get(asked.target.crate_name))  # refuses now what cannot be planned later
        self._number += 1
        made = Deployment(
            asked.id, self._number, asked.target, "queued", now,
            actor=asked.actor, key=asked.key, request=asked.request,
        )  # fmt: skip
        return self._kept(made)

    def _cancel(self, identity: str, now: float) -> list[Instruction]:
        item = self.find(identity)
        if item.state == "queued":
            return self._finish(replace(item, error=_CANCELLED), "cancelled", now)
        if item.has_ended or item.ending is not None:
            raise Conflict(f"a deployment that is {item.state} cannot be cancelled", state=item.state, id=item.id)
        if item.is_cancelled:
            return []
        return [*self._kept(replace(item, is_cancelled=True)), Abort(item.id)]

    def _roll_back(self, identity: str, now: float) -> list[Instruction]:
        item = self.find(identity)
        if item.state in ("running", "verifying"):
            return self._cancel(identity, now)
        if item.state != "succeeded":
            raise Conflict(f"a deployment that is {item.state} cannot be rolled back", state=item.state, id=item.id)
        name = item.crate_name
        if self._last.get(name) != item.id:
            raise Conflict(f"{name} was deployed again since", id=item.id, newest=self._last.get(name))
        if any(other.crate_name == name for other in self._working()):
            raise Conflict(f"{name} is being deployed; cancel that first", id=item.id)
        if item.before is None:
            raise Conflict(f"nothing served {name} before, to go back to", id=item.id)
        back = replace(item, ending="rolled_back", state="rolling_back", finished_at=None, error=None)
        return self._undo(back, now)

    # ------------------------------------------------------------------ what comes of steps

    def _begun(self, begun: StepBegun) -> list[Instruction]:
        item = self.deployments.get(begun.id)
        if item is None or item.has_ended or item.position != begun.position:
            return []
        return self._kept(_with_step(item, replace(item.steps[item.position], process=begun.process)))

    def _ended(self, ended: StepEnded, now: float) -> list[Instruction]:
        item = self.deployments.get(ended.id)
        if item is None or item.has_ended or item.position != ended.position or not item.steps:
            return []
        step = item.steps[item.position]
        if step.state != "running":
            return []
        over = replace(step, state="failed" if ended.error else "done", finished_at=now, error=ended.error)
        item = _with_step(item, over)
        if item.ending is not None:
            return self._next(item, now)
        if item.is_cancelled:
            return self._go_back(item, _CANCELLED, "cancelled", now)
        if ended.error is not None:
            return self._go_back(item, f"{step.title}: {ended.error}", "failed", now)
        return self._next(item, now)

    def _interrupted(self, item: Deployment, now: float) -> list[Instruction]:
        """Go back from where a deployment was when the workbench ended; what goes back already does its step again.

        What is done to go back may be done twice; what goes forward never is.
        """
        if item.ending is not None:
            return self._begin(item, item.position, now)
        step = item.steps[item.position]
        item = _with_step(item, replace(step, state="failed", finished_at=now, error=_INTERRUPTED))
        if item.is_cancelled:
            return self._go_back(item, _CANCELLED, "cancelled", now)
        return self._go_back(item, f"{step.title}: {_INTERRUPTED}", "failed", now)

    def _go_back(self, item: Deployment, error: str, ending: Ending, now: float) -> list[Instruction]:
        is_touched = touches(item.steps, item.before)
        item = replace(item, error=error)
        goes_back = item.target.rollback_on_failure or ending != "failed"
        if is_touched and not goes_back and is_committed(item.steps, item.before):
            return self._finish(item, "failed", now)
        return self._undo(replace(item, ending="rolled_back" if is_touched else ending), now)

    def _undo(self, item: Deployment, now: float) -> list[Instruction]:
        undo = undo_steps(item.steps, item.before)
        taken = tuple(step for step in item.steps if step.state != "pending")
        if not undo:
            return self._finish(replace(item, steps=taken, position=len(taken) - 1), item.ending or "failed", now)
        return self._begin(replace(item, steps=(*taken, *undo)), len(taken), now)

    def _next(self, item: Deployment, now: float) -> list[Instruction]:
        following = item.position + 1
        if following < len(item.steps):
            return self._begin(item, following, now)
        if item.ending is None:
            return self._finish(item, "succeeded", now)
        failed = [step for step in item.steps if step.is_undo and step.state == "failed"]
        if failed:
            reasons = "; ".join(f"{step.title}: {step.error}" for step in failed)
            told = f"{item.error}; " if item.error else ""
            return self._finish(replace(item, error=f"{told}going back failed: {reasons}"), "failed", now)
        return self._finish(item, item.ending, now)

    def _begin(self, item: Deployment, position: int, now: float) -> list[Instruction]:
        step = replace(item.steps[position], state="running", started_at=now, process=None)
        item = _with_step(replace(item, position=position), step)
        if item.ending == "rolled_back":
            state = replace(item, state="rolling_back")
        else:
            state = replace(item, state="verifying" if step.action == "gate" else "running")
        return [*self._kept(state), Run(item.id, position, step, item.target)]

    def _finish(self, item: Deployment, state: State, now: float) -> list[Instruction]:
        return self._kept(replace(item, state=state, finished_at=now))

    # ------------------------------------------------------------------ the queue

    def _admit(self, now: float) -> list[Instruction]:
        """Begin with what waits, in order, as far as limits and crates allow."""
        working = self._working()
        busy = {item.crate_name for item in working}
        count, instructions = len(working), list[Instruction]()
        waiting = [item for item in self.deployments.values() if item.state == "queued"]
        for item in sorted(waiting, key=lambda item: item.number):
            if count >= self.parallel:
                break
            if item.crate_name in busy:
                continue
            begun = self._start(item, now)
            if not self.deployments[item.id].has_ended:
                busy.add(item.crate_name)
                count += 1
            instructions += begun
        return instructions

    def _start(self, item: Deployment, now: float) -> list[Instruction]:
        before = self.live.get(item.crate_name)
        try:
            steps = forward_steps(item.target, before, self.left.get(item.crate_name))
        except WorkbenchError as error:
            # What serves by now is not what served when it was asked for.
            return self._finish(replace(item, error=error.message), "failed", now)
        after = next_instance(item.target, before)
        return self._begin(replace(item, steps=steps, before=before, after=after, started_at=now), 0, now)

    def _working(self) -> list[Deployment]:
        return [item for item in self.deployments.values() if not item.has_ended and item.state != "queued"]

    def _kept(self, item: Deployment) -> list[Instruction]:
        self._take(item)
        return [Keep(item)]

    def _take(self, item: Deployment) -> None:
        self.deployments[item.id] = item
        self._number = max(self._number, item.number)
        if item.key is not None:
            self._by_key[item.actor, item.key] = item.id
        if item.has_ended:
            self._settle(item)

    def _settle(self, item: Deployment) -> None:
        """Note what serves the crate now, and forget what ended long ago."""
        name = item.crate_name
        if item.state == "succeeded":
            self._last[name] = item.id
        serving = serving_after(item)
        if serving is not None:
            self.live[name] = serving
        left = left_after(item)
        if left is not None:
            self.left[name] = left
        elif any(
            step.action == "stop" and step.instance == self.left.get(name) and step.state == "done"
            for step in item.steps
        ):
            self.left.pop(name, None)
        ended = [identity for identity, other in self.deployments.items() if other.has_ended]
        last = set(self._last.values())
        for identity in [identity for identity in ended if identity not in last][: max(0, len(ended) - KEPT_ENDED)]:
            gone = self.deployments.pop(identity)
            if gone.key is not None:
                self._by_key.pop((gone.actor, gone.key), None)


def serving_after(item: Deployment) -> Instance | None:
    """Return what serves a crate after a deployment ended; None if that is what served before it began."""
    if item.state == "succeeded":
        return item.after
    if item.state == "rolled_back":
        return item.before
    is_begun = any(step.action == "start" and not step.is_undo for step in item.steps if step.state != "pending")
    return item.after if is_begun and _is_left_as_it_is(item) else None


def left_after(item: Deployment) -> Instance | None:
    """Return what a deployment left behind beside what serves: it failed and was not, or could not be, taken back."""
    if item.state != "failed" or item.after is None or (item.before and item.before.port == item.after.port):
        return None
    if _is_left_as_it_is(item):
        return item.before
    return item.after if any(step.is_undo and step.state == "failed" for step in item.steps) else None


def _is_left_as_it_is(item: Deployment) -> bool:
    is_left = item.state == "failed" and item.ending is None
    return is_left and item.before is not None and is_committed(item.steps, item.before)


def _with_step(item: Deployment, step: Step) -> Deployment:
    steps = (*item.steps[: item.position], step, *item.steps[item.position + 1 :])
    return replace(item, steps=steps)
