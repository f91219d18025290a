"""What a runner is: it says which commands carry out the steps of a deployment. Runners are plug-ins.

A runner never starts anything itself. It is made from the operator's settings alone; of a manifest it sees the checked
values of a `Target`.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field, field_validator

from workbench.deploy.model import Action, Step, Target
from workbench.errors import ConfigurationError, NoRunner

GROUP: Final = "workbench.runners"
"""The entry points under which other packages offer kinds of runners."""

PARAMETER_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
DEFAULT_ENVIRONMENT: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")


@dataclass(frozen=True, slots=True)
class Command:
    """A program to run: arguments, never a shell's text; its whole environment; where; for how many seconds at most."""

    arguments: tuple[str, ...]
    directory: str
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    time_limit: float = 60.0
    makes_directory: bool = False
    """Whether the directory is the runner's own, to be made where there is none."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a runner is made with besides its settings.

    `folder` is that of the settings file, `work` one of the runner's own, `environment` the workbench's.
    """

    name: str
    folder: Path
    work: Path
    environment: Mapping[str, str]


class Model(BaseModel):
    """A table of a runner's settings: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class GateSettings(Model):
    """`[deploy.runners.NAME.health]`: when an instance counts as healthy."""

    path: str = "/health"
    host: str = "127.0.0.1"
    interval: Annotated[float, Field(ge=0.05, le=300)] | None = None
    threshold: Annotated[int, Field(ge=1, le=100)] = 3
    timeout: Annotated[float, Field(ge=0.1, le=3600)] = 60.0
    expect_version: bool = False


class ParameterSettings(Model):
    """`[deploy.runners.NAME.parameters.PARAMETER]`: what a request may say."""

    pattern: str
    default: str = ""

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from None
        return value


class RunnerSettings(Model):
    """What every kind of runner knows."""

    kind: str
    crates: tuple[str, ...] = ("*",)
    label: str | None = None
    environment: tuple[str, ...] = DEFAULT_ENVIRONMENT
    variables: dict[str, str] = {}
    time_limit: Annotated[float, Field(gt=0, le=3600)] = 60.0
    health: GateSettings = GateSettings()
    parameters: dict[str, ParameterSettings] = {}

    @field_validator("parameters")
    @classmethod
    def _named(cls, value: dict[str, ParameterSettings]) -> dict[str, ParameterSettings]:
        for name in value:
            if not PARAMETER_NAME.fullmatch(name):
                raise ValueError(f'"{name}": expected lower case letters, digits and _')
        return value


class Runner(ABC):
    """Turns steps into commands. Made from the model `Settings` of its kind; raises ConfigurationError."""

    Settings: ClassVar[type[RunnerSettings]] = RunnerSettings
    """The model of the runner's table in the settings."""

    def __init__(self, settings: Any, surroundings: Surroundings) -> None:
        self.settings = settings
        self.surroundings = surroundings

    @property
    @abstractmethod
    def actions(self) -> frozenset[Action]:
        """What it can do, of `start`, `stop`, `switch` and `shift`."""

    @abstractmethod
    def command(self, step: Step, target: Target) -> Command | None:
        """Return the command of a step; None if there is nothing to be done for it."""

    @property
    def programs(self) -> tuple[str, ...]:
        """The programs that its commands run, as far as the settings name them: names for PATH, or paths."""
        return ()

    @property
    def trial(self) -> Command | None:
        """A harmless command that ends well where its tools are complete; None if none can tell."""
        return None

    @property
    def name(self) -> str:
        """The name that it has in the settings."""
        return self.surroundings.name

    @property
    def label(self) -> str | None:
        """The label of the port that it deploys on; None for the first that the crate owns."""
        label: str | None = self.settings.label
        return label

    @property
    def gate(self) -> GateSettings:
        """When an instance counts as healthy."""
        gate: GateSettings = self.settings.health
        return gate

    @property
    def parameters(self) -> Mapping[str, ParameterSettings]:
        """What a request may say."""
        parameters: Mapping[str, ParameterSettings] = self.settings.parameters
        return parameters

    def environment(self) -> dict[str, str]:
        """Return what of the workbench's environment is on the allow-list, and the runner's own variables."""
        known, allowed = self.surroundings.environment, self.settings.environment
        variables: dict[str, str] = self.settings.variables
        return {name: known[name] for name in allowed if name in known} | variables


def kinds() -> dict[str, type[Runner]]:
    """Return the kinds of runners by name: ours, and those of other packages that were installed."""
    from workbench.deploy.command_runner import CommandRunner
    from workbench.deploy.compose_runner import ComposeRunner

    own: dict[str, type[Runner]] = {"command": CommandRunner, "compose": ComposeRunner}
    return {point.name: point.load() for point in entry_points(group=GROUP) if point.name not in own} | own


def settings_of(table: Mapping[str, Any]) -> RunnerSettings:
    """Return the settings of a runner's table, judged by its kind. Raises ValueError that names the wrong key."""
    known = kinds()
    kind = table.get("kind")
    if kind not in known:
        raise ValueError(f"kind: expected one of {', '.join(sorted(known))}, found {kind!r}")
    return known[str(kind)].Settings.model_validate(dict(table))


class Runners:
    """The runners of an operator, in the order of the settings; the first that takes a crate deploys it."""

    def __init__(self, runners: Sequence[Runner] = ()) -> None:
        self._runners = {runner.name: runner for runner in runners}

    def __iter__(self) -> Iterator[Runner]:
        return iter(self._runners.values())

    def __len__(self) -> int:
        return len(self._runners)

    def named(self, name: str) -> Runner:
        """Return a runner. Raises NoRunner if the settings have it no more."""
        if name not in self._runners:
            raise NoRunner(f"the settings have no runner {name} any more", runner=name)
        return self._runners[name]

    def of(self, crate_name: str) -> Runner:
        """Return the runner that deploys a crate. Raises NoRunner."""
        for runner in self:
            if any(fnmatchcase(crate_name, pattern) for pattern in runner.settings.crates):
                return runner
        hint = "" if self._runners else "; runners are set up in [deploy.runners] of workbench.toml"
        raise NoRunner(f"no runner deploys {crate_name[:100]}{hint}", runners=sorted(self._runners))


def make_runners(
    settings: Mapping[str, RunnerSettings], folder: Path, work: Path, environment: Mapping[str, str]
) -> Runners:
    """Return the runners of some settings. Raises ConfigurationError."""
    known = kinds()
    made = []
    for name, table in settings.items():
        if not PARAMETER_NAME.fullmatch(name.replace("-", "_")):
            raise ConfigurationError(f'deploy.runners: "{name}": expected lower case letters, digits, - and _')
        made.append(known[table.kind](table, Surroundings(name, folder, work, environment)))
    return Runners(made)
