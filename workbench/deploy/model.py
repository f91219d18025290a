"""A deployment and its steps, as values that never change."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Literal, get_args

State = Literal["queued", "running", "verifying", "succeeded", "failed", "cancelled", "rolling_back", "rolled_back"]
Ending = Literal["failed", "cancelled", "rolled_back"]
Strategy = Literal["rolling", "blue-green", "canary"]
Action = Literal["vacant", "start", "gate", "shift", "switch", "stop"]
StepState = Literal["pending", "running", "done", "failed"]

STATES: Final[tuple[State, ...]] = get_args(State)
STRATEGIES: Final[tuple[Strategy, ...]] = get_args(Strategy)
ENDED: Final[frozenset[State]] = frozenset({"succeeded", "failed", "cancelled", "rolled_back"})

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process that cannot be mistaken for a later one with the same number.

    `born` is when it started, in seconds since the epoch.
    """

    pid: int
    born: float


@dataclass(frozen=True, slots=True)
class Instance:
    """A version of a crate's service on a port."""

    version: str
    port: int
    parameters: Pairs = ()


@dataclass(frozen=True, slots=True)
class Gate:
    """When an instance counts as healthy: `threshold` good answers in a row, `interval` seconds apart.

    It has `timeout` seconds for that. With `expect_version`, an answer that names another version is no good one.
    """

    path: str = "/health"
    host: str = "127.0.0.1"
    interval: float = 5.0
    threshold: int = 3
    timeout: float = 60.0
    expect_version: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be deployed, where, and how: everything that a plan needs, checked already."""

    crate_name: str
    version: str
    strategy: Strategy
    runner: str
    port: int
    sister_port: int | None
    gate: Gate
    directory: str
    """The crate's own directory."""
    parameters: Pairs = ()
    percentage: int = 10
    """Share of the traffic that a canary gets first."""
    rollback_on_failure: bool = True
    can_switch: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do with one instance. Moments are seconds since the epoch."""

    action: Action
    instance: Instance
    percentage: int | None = None
    is_undo: bool = False
    state: StepState = "pending"
    started_at: float | None = None
    finished_at: float | None = None
    error: str | None = None
    process: ProcessId | None = None
    """The command that runs, or ran last, for this step."""

    @property
    def title(self) -> str:
        """What is done, in words."""
        version, port = self.instance.version, self.instance.port
        return {
            "vacant": f"check that port {port} is free",
            "start": f"start {version} on {port}",
            "gate": f"wait until {version} on {port} is healthy",
            "shift": f"send {self.percentage} % of the traffic to {version} on {port}",
            "switch": f"send all traffic to {version} on {port}",
            "stop": f"stop {version} on {port}",
        }[self.action]


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment as it stands. `number` orders deployments by when they were asked for."""

    id: str
    number: int
    target: Target
    state: State
    queued_at: float
    steps: tuple[Step, ...] = ()
    position: int = 0
    """Which step is at work, or was last."""
    before: Instance | None = None
    """What served when it began; None if nothing that was deployed from here did."""
    after: Instance | None = None
    """What serves when it succeeds."""
    ending: Ending | None = None
    """What it is going to end as, once it goes back."""
    is_cancelled: bool = False
    """Whether somebody asked for its end, and the step at work is being ended."""
    started_at: float | None = None
    finished_at: float | None = None
    error: str | None = None
    actor: str = ""
    key: str | None = None
    request: str = ""
    """The request as JSON, to tell a repetition from another request under the same key."""

    @property
    def crate_name(self) -> str:
        """The crate that is deployed."""
        return self.target.crate_name

    @property
    def has_ended(self) -> bool:
        """Whether nothing will be done any more, unless it is rolled back."""
        return self.state in ENDED

    @property
    def step(self) -> Step | None:
        """The step at work, or the last one."""
        return self.steps[self.position] if self.steps else None

    @property
    def progress(self) -> float:
        """How much of it is done, from 0 to 1."""
        if self.has_ended:
            return 1.0
        return (
            round(sum(step.state in ("done", "failed") for step in self.steps) / len(self.steps), 3)
            if self.steps
            else 0.0
        )


def deployment_record(item: Deployment) -> dict[str, Any]:
    """Return a deployment as what JSON can hold, for the journal."""
    return asdict(item)


def deployment_of(record: dict[str, Any]) -> Deployment:
    """Return the deployment of a record; fields that a later version added have their defaults."""
    target = record["target"]
    gate = Gate(**_known(Gate, target["gate"]))
    place = {**_known(Target, target), "gate": gate, "parameters": _pairs(target["parameters"])}
    return Deployment(
        **{
            **_known(Deployment, record),
            "target": Target(**place),
            "steps": tuple(_step(step) for step in record["steps"]),
            "before": _instance(record["before"]),
            "after": _instance(record["after"]),
        }
    )


def _step(record: dict[str, Any]) -> Step:
    process = ProcessId(**record["process"]) if record["process"] else None
    return Step(**{**_known(Step, record), "instance": _instance(record["instance"]), "process": process})


def _instance(record: dict[str, Any] | None) -> Any:
    return None if record is None else Instance(record["version"], record["port"], _pairs(record["parameters"]))


def _pairs(items: list[list[str]]) -> Pairs:
    return tuple((name, value) for name, value in items)


def _known(kind: type[Any], record: dict[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(kind)}
    return {key: value for key, value in record.items() if key in names}
