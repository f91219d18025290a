"""The course of deployments, replayed without I/O."""

from collections import Counter
from dataclasses import replace

import orjson
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from workbench.deploy.machine import (
    Abort,
    Asked,
    CancelAsked,
    Instruction,
    Keep,
    Machine,
    Restarted,
    RollbackAsked,
    Run,
    StepBegun,
    StepEnded,
)  # fmt: skip
from workbench.deploy.model import (
    ENDED,
    STRATEGIES,
    Deployment,
    Gate,
    Instance,
    ProcessId,
    Strategy,
    Target,
    deployment_of,
    deployment_record,
)  # fmt: skip
from workbench.deploy.plan import touches
from workbench.errors import Conflict, IdempotencyConflict, NotDeployable, TooManyDeployments, UnknownDeployment

PORT, SISTER = 18500, 51268


def target(name: str = "atlas", version: str = "1.0.0", strategy: Strategy = "blue-green", **changes: object) -> Target:
    made = Target(
        name, version, strategy, "demo", PORT, SISTER, Gate(), "/fleet/atlas", (("mood", "good"),), can_switch=True
    )
    return replace(made, **changes)  # type: ignore[arg-type]


class World:
    """Runs what the machine says, and fails the steps that it is told to."""

    def __init__(self, machine: Machine | None = None) -> None:
        self.machine = machine or Machine()
        self.now = 0.0
        self.done: list[str] = []
        self.waiting: list[Run] = []

    def tell(self, stimulus: object) -> list[Instruction]:
        self.now += 1
        found = self.machine.handle(stimulus, self.now)  # type: ignore[arg-type]
        self.waiting += [act for act in found if isinstance(act, Run)]
        return found

    def deploy(self, identity: str, wanted: Target) -> Deployment:
        self.tell(Asked(identity, wanted))
        return self.machine.deployments[identity]

    def finish(self, fails: str = "") -> None:
        """Carry out everything; the first step whose title begins with `fails` fails."""
        while self.waiting:
            run = self.waiting.pop(0)
            self.done.append(run.step.title)
            is_bad = bool(fails) and run.step.title.startswith(fails)
            fails = "" if is_bad else fails
            self.tell(StepEnded(run.id, run.position, "broken" if is_bad else None))

    def state(self, identity: str) -> str:
        return self.machine.deployments[identity].state


def served(strategy: Strategy = "blue-green", **changes: object) -> World:
    """Return a world in which 1.0.0 was deployed on the crate's own port."""
    world = World()
    world.deploy("d1", target(strategy=strategy, **changes))
    world.finish()
    world.done.clear()
    return world


NEW = f"2.0.0 on {SISTER}"
OLD = f"1.0.0 on {PORT}"
FORWARD = {
    "rolling": [f"stop {OLD}", f"check that port {PORT} is free", f"start 2.0.0 on {PORT}",
                f"wait until 2.0.0 on {PORT} is healthy"],
    "blue-green": [f"check that port {SISTER} is free", f"start {NEW}", f"wait until {NEW} is healthy",
                   f"send all traffic to {NEW}", f"wait until {NEW} is healthy", f"stop {OLD}"],
    "canary": [f"check that port {SISTER} is free", f"start {NEW}", f"wait until {NEW} is healthy",
               f"send 10 % of the traffic to {NEW}", f"wait until {NEW} is healthy", f"send all traffic to {NEW}",
               f"wait until {NEW} is healthy", f"stop {OLD}"],
}  # fmt: skip


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_steps_of_each_strategy(strategy: Strategy) -> None:
    world = served(strategy)
    world.deploy("d2", target(version="2.0.0", strategy=strategy))
    assert world.state("d2") == "running"
    world.finish()
    assert (world.done, world.state("d2")) == (FORWARD[strategy], "succeeded")
    live = PORT if strategy == "rolling" else SISTER
    assert world.machine.live == {"atlas": Instance("2.0.0", live, (("mood", "good"),))}
    item = world.machine.deployments["d2"]
    assert (item.progress, item.before) == (1.0, Instance("1.0.0", PORT, (("mood", "good"),)))
    # And back to the crate's own port with the next.
    world.deploy("d3", target(version="3.0.0", strategy=strategy))
    world.finish()
    assert world.machine.live["atlas"].port == PORT


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("place", range(8))
def test_going_back_from_each_step(strategy: Strategy, place: int) -> None:
    if place >= len(FORWARD[strategy]):
        return
    world = served(strategy)
    world.deploy("d2", target(version="2.0.0", strategy=strategy))
    for _ in range(place):
        run = world.waiting.pop(0)
        world.tell(StepEnded(run.id, run.position))
    failing = world.waiting.pop(0)
    world.tell(StepEnded(failing.id, failing.position, "broken"))
    world.finish()
    item = world.machine.deployments["d2"]
    touching = {"rolling": 0, "blue-green": 3, "canary": 3}[strategy]
    assert item.state == ("rolled_back" if place >= touching else "failed")
    assert item.error == f"{failing.step.title}: broken"
    assert world.machine.live["atlas"] == Instance("1.0.0", PORT, (("mood", "good"),))
    undone = world.done
    started = any("start" in title for title in FORWARD[strategy][: place + 1])
    assert ("stop 2.0.0 on" in " ".join(undone)) == started or strategy == "rolling"
    if place >= touching and strategy != "rolling":
        assert f"send all traffic to {OLD}" in undone
    if strategy == "rolling":
        assert undone[-2:] == [f"start {OLD}", f"wait until {OLD} is healthy"]


def test_without_rollback_on_failure_what_was_switched_stays() -> None:
    world = served(rollback_on_failure=False)
    world.deploy("d2", target(version="2.0.0", rollback_on_failure=False))
    world.finish("stop")
    assert world.state("d2") == "failed"
    assert world.machine.live["atlas"].version == "2.0.0"
    world.deploy("d3", target(version="3.0.0", rollback_on_failure=False))
    world.finish("wait")
    assert world.done[-1] == f"stop 3.0.0 on {PORT}"
    assert world.state("d3") == "failed"


def test_the_first_deployment_has_nothing_to_go_back_to() -> None:
    world = World()
    world.deploy("d1", target())
    world.finish("wait")
    assert (world.state("d1"), world.machine.live) == ("failed", {})
    assert world.done[-1] == f"stop {OLD}"


def test_one_at_a_time_for_a_crate_and_a_limit_for_all() -> None:
    world = World(Machine(parallel=2))
    for n, name in enumerate(["a", "a", "b", "c"]):
        world.deploy(f"d{n}", target(name))
    assert [world.state(f"d{n}") for n in range(4)] == ["running", "queued", "running", "queued"]
    run = world.waiting[1]
    assert (run.id, run.position) == ("d2", 0)
    world.finish()
    assert {item.state for item in world.machine.deployments.values()} == {"succeeded"}


def test_waiting_is_limited() -> None:
    world = World(Machine(parallel=1, waiting=1))
    world.deploy("d0", target())
    world.deploy("d1", target())
    with pytest.raises(TooManyDeployments):
        world.deploy("d2", target())
    assert "d2" not in world.machine.deployments


def test_cancelling() -> None:
    world = served()
    world.deploy("d2", target(version="2.0.0"))
    world.deploy("d3", target(version="3.0.0"))
    world.tell(CancelAsked("d3"))
    assert (world.state("d3"), world.machine.deployments["d3"].steps) == ("cancelled", ())
    assert world.tell(CancelAsked("d2"))[-1] == Abort("d2")
    assert world.tell(CancelAsked("d2")) == []
    world.finish("check")
    item = world.machine.deployments["d2"]
    assert (item.state, item.error) == ("cancelled", "it was cancelled")
    assert world.done == [f"check that port {SISTER} is free"]
    for identity in ("d1", "d2", "d3"):
        with pytest.raises(Conflict):
            world.tell(CancelAsked(identity))
    with pytest.raises(UnknownDeployment):
        world.tell(CancelAsked("x" * 10_000))


def test_cancelling_after_the_switch_rolls_back() -> None:
    world = served()
    world.deploy("d2", target(version="2.0.0"))
    for _ in range(4):
        run = world.waiting.pop(0)
        world.tell(StepEnded(run.id, run.position))
    assert world.state("d2") == "verifying"
    world.tell(CancelAsked("d2"))
    world.finish()
    assert world.state("d2") == "rolled_back"
    assert world.machine.live["atlas"].version == "1.0.0"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_rolling_back_what_succeeded(strategy: Strategy) -> None:
    world = served(strategy)
    world.deploy("d2", target(version="2.0.0", strategy=strategy))
    world.finish()
    world.done.clear()
    world.tell(RollbackAsked("d2"))
    assert world.state("d2") == "rolling_back"
    with pytest.raises(Conflict):
        world.tell(CancelAsked("d2"))
    world.finish()
    assert world.state("d2") == "rolled_back"
    assert world.machine.live["atlas"] == Instance("1.0.0", PORT, (("mood", "good"),))
    if strategy == "blue-green":
        assert world.done == [
            f"start {OLD}",
            f"wait until {OLD} is healthy",
            f"send all traffic to {OLD}",
            f"stop {NEW}",
        ]
    for identity in ("d1", "d2"):
        with pytest.raises(Conflict):
            world.tell(RollbackAsked(identity))


def test_a_rollback_that_fails_is_said() -> None:
    world = served()
    world.deploy("d2", target(version="2.0.0"))
    world.finish("send")
    assert world.state("d2") == "rolled_back"
    world.deploy("d3", target(version="3.0.0"))
    for _ in range(4):
        run = world.waiting.pop(0)
        world.tell(StepEnded(run.id, run.position))
    run = world.waiting.pop(0)
    world.tell(StepEnded(run.id, run.position, "ill"))
    world.finish("send")
    item = world.machine.deployments["d3"]
    assert item.state == "failed"
    assert item.error is not None
    assert "going back failed: send all traffic to 1.0.0" in item.error


def test_what_cannot_be_planned_is_refused_at_once() -> None:
    world = served()
    with pytest.raises(NotDeployable, match="has no sister"):
        world.deploy("d2", target(sister_port=None))
    with pytest.raises(NotDeployable, match="has no `switch`"):
        world.deploy("d2", target(can_switch=False))
    assert list(world.machine.deployments) == ["d1"]


def test_a_key_answers_the_same_request_with_the_same_deployment() -> None:
    world = World()
    world.tell(Asked("d1", target(), "ann", "k", "{}"))
    earlier = world.machine.repeated("ann", "k", "{}")
    assert earlier is not None
    assert earlier.id == "d1"
    assert world.machine.repeated("bob", "k", "{}") is None
    with pytest.raises(IdempotencyConflict):
        world.machine.repeated("ann", "k", "{1}")


class Replay(RuleBasedStateMachine):
    """Any order of stimuli, with a crash at any time: what must always hold."""

    def __init__(self) -> None:
        super().__init__()
        self.machine = Machine(parallel=2, waiting=6)
        self.journal: dict[str, Deployment] = {}
        self.runs: dict[str, Run] = {}
        self.begun: Counter[tuple[str, int]] = Counter()
        self.up: dict[str, set[tuple[str, int]]] = {}
        self.routed: dict[str, int] = {}
        self.now = 0.0
        self.count = 0

    def tell(self, stimulus: object) -> None:
        self.now += 1
        try:
            found = self.machine.handle(stimulus, self.now)  # type: ignore[arg-type]
        except (Conflict, TooManyDeployments):
            return
        for act in found:
            if isinstance(act, Keep):
                self.journal.pop(act.deployment.id, None)
                self.journal[act.deployment.id] = deployment_of(
                    orjson.loads(orjson.dumps(deployment_record(act.deployment)))
                )
                assert self.journal[act.deployment.id] == act.deployment
            elif isinstance(act, Run):
                item = self.journal[act.id]
                assert item.steps[act.position] == act.step, "written down before it is run"
                assert act.id not in self.runs, "one step at a time"
                self.runs[act.id] = act
                if not act.step.is_undo:
                    self.begun[act.id, act.position] += 1
                    assert self.begun[act.id, act.position] == 1, "nothing goes forward twice"

    @rule(
        name=st.sampled_from("abc"),
        strategy=st.sampled_from(STRATEGIES),
        goes_back=st.booleans(),
        share=st.sampled_from([5, 50]),
    )
    def ask(self, name: str, strategy: Strategy, goes_back: bool, share: int) -> None:
        self.count += 1
        wanted = target(name, f"{self.count}.0", strategy, rollback_on_failure=goes_back, percentage=share)
        self.tell(Asked(f"d{self.count}", wanted))

    @precondition(lambda self: self.runs)
    @rule(data=st.data(), fails=st.sampled_from([False, False, False, True]))
    def end_a_step(self, data: st.DataObject, fails: bool) -> None:
        identity = data.draw(st.sampled_from(sorted(self.runs)))
        run = self.runs[identity]
        self.tell(StepBegun(identity, run.position, ProcessId(7, 12.5)))
        del self.runs[identity]
        self._effect(run)
        self.tell(StepEnded(identity, run.position, "broken" if fails else None))

    def _effect(self, run: Run) -> None:
        """What the command does to the world; also when it reports a failure, or is interrupted."""
        name, place = run.target.crate_name, (run.step.instance.version, run.step.instance.port)
        if run.step.action == "start":
            self.up.setdefault(name, set()).add(place)
        elif run.step.action == "stop":
            self.up.setdefault(name, set()).discard(place)
        elif run.step.action in ("switch", "shift"):
            self.routed[name] = place[1]

    @precondition(lambda self: self.machine.deployments)
    @rule(data=st.data(), kind=st.sampled_from([CancelAsked, RollbackAsked]))
    def object(self, data: st.DataObject, kind: type) -> None:
        self.tell(kind(data.draw(st.sampled_from(sorted(self.machine.deployments)))))

    @rule(was_done=st.booleans())
    def crash(self, was_done: bool) -> None:
        for run in self.runs.values():
            if was_done:
                self._effect(run)
        self.runs.clear()
        self.machine = Machine(parallel=2, waiting=6, kept=self.journal.values())
        self.tell(Restarted())

    @invariant()
    def one_of_a_crate_and_no_more_than_allowed(self) -> None:
        working = [item for item in self.machine.deployments.values() if item.state not in (*ENDED, "queued")]
        assert max(Counter(item.crate_name for item in working).values(), default=0) <= 1
        assert {item.id for item in working} == set(self.runs), "what is at work has a step at work"
        manual = [item for item in working if item.ending == "rolled_back"]
        assert len(working) - len(manual) <= 2

    @invariant()
    def a_rollback_comes_only_after_what_serves_was_touched(self) -> None:
        for item in self.machine.deployments.values():
            if item.state in ("rolling_back", "rolled_back"):
                assert item.before is not None
                assert any(
                    s.action in ("shift", "switch", "stop") and s.state != "pending" and not s.is_undo
                    for s in item.steps
                )

    @invariant()
    def the_journal_knows_everything(self) -> None:
        assert self.journal == self.machine.deployments

    def teardown(self) -> None:
        for _ in range(1_000):
            if not self.runs:
                break
            identity, run = next(iter(self.runs.items()))
            del self.runs[identity]
            self._effect(run)
            self.tell(StepEnded(identity, run.position))
        assert all(item.has_ended for item in self.machine.deployments.values()), "everything ends"
        for name, up in self.up.items():
            serves = self.machine.live.get(name)
            known = {(item.version, item.port) for item in (serves, self.machine.left.get(name)) if item}
            ended = [item for item in self.machine.deployments.values() if item.crate_name == name]
            # A step that failed may have had its effect: after one that was not taken back, what serves is a guess.
            if not any(item.state == "failed" and touches(item.steps, item.before) for item in ended):
                assert up <= known, "nothing is left behind that is not known"
                assert serves is None or (serves.version, serves.port) in up, "what is said to serve does"


TestReplay = Replay.TestCase
TestReplay.settings = settings(
    max_examples=200, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
