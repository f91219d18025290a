"""The runner `compose`: one project of docker compose for each instance, from a file of the operator."""

from typing import Any, ClassVar, Final, Literal

from workbench.deploy.model import Action, Step, Target
from workbench.deploy.runner import Command, Runner, RunnerSettings

_TRIAL_SECONDS: Final = 10.0
_ACTIONS: Final[frozenset[Action]] = frozenset({"start", "stop"})


class ComposeSettings(RunnerSettings):
    """`[deploy.runners.NAME]` with `kind = "compose"`; `file` is relative to the folder of the settings file."""

    kind: Literal["compose"]
    file: str
    docker: str = "docker"


class ComposeRunner(Runner):
    """Runs `docker compose`, for the strategy rolling. The file finds CRATE, VERSION and PORT in its environment."""

    Settings: ClassVar[type[RunnerSettings]] = ComposeSettings
    settings: ComposeSettings

    @property
    def actions(self) -> frozenset[Action]:
        return _ACTIONS

    @property
    def programs(self) -> tuple[str, ...]:
        return (self.settings.docker,)

    @property
    def trial(self) -> Command:
        """Ask for the version of compose, which docker has only with a plug-in."""
        words = (self.settings.docker, "compose", "version")
        return Command(words, str(self.surroundings.folder), self.environment(), time_limit=_TRIAL_SECONDS)

    def command(self, step: Step, target: Target) -> Command | None:
        verbs: dict[str, tuple[str, ...]] = {
            "start": ("up", "--detach", "--remove-orphans"),
            "stop": ("down", "--remove-orphans"),
        }
        verb = verbs.get(step.action)
        if verb is None:
            return None
        file = str(self.surroundings.folder / self.settings.file)
        project = f"{target.crate_name}-{step.instance.port}".lower().replace(".", "-").replace("_", "-")
        arguments = (self.settings.docker, "compose", "--file", file, "--project-name", project, *verb)
        return Command(
            arguments, str(self.surroundings.folder), self._variables(step, target), self.settings.time_limit
        )

    def _variables(self, step: Step, target: Target) -> dict[str, Any]:
        instance = step.instance
        own = {"CRATE": target.crate_name, "VERSION": instance.version, "PORT": str(instance.port)}
        parameters = {f"PARAMETER_{name.upper()}": value for name, value in instance.parameters}
        return {**self.environment(), **parameters, **own}
