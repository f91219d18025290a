"""The runner `command`: argument vectors of the operator, with placeholders that are whole arguments."""

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from workbench.deploy.model import Action, Step, Target
from workbench.deploy.runner import Command, Runner, RunnerSettings
from workbench.errors import NotDeployable

PLACEHOLDERS: Final = (
    "crate", "version", "port", "sister_port", "other_port", "percentage", "dir", "work", "python",
)  # fmt: skip
_BRACES: Final = re.compile(r"[{}]")
_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+(?:\.[a-z0-9_]+)?)\}")
_ACTIONS: Final[tuple[Action, ...]] = ("start", "stop", "switch", "shift")

Arguments = Annotated[tuple[str, ...], Field(min_length=1)]


class CommandSettings(RunnerSettings):
    """`[deploy.runners.NAME]` with `kind = "command"`."""

    kind: Literal["command"]
    start: Arguments
    stop: Arguments
    switch: Arguments | None = None
    shift: Arguments | None = None
    directory: Literal["work", "crate"] = "work"

    @model_validator(mode="after")
    def _known_placeholders(self) -> "CommandSettings":
        known = {*PLACEHOLDERS, *(f"parameters.{name}" for name in self.parameters)}
        for action in _ACTIONS:
            for argument in getattr(self, action) or ():
                if "\0" in argument:
                    raise ValueError(f"{action}: an argument holds a zero byte")
                found = _PLACEHOLDER.fullmatch(argument)
                if _BRACES.search(argument) and (found is None or found[1] not in known):
                    raise ValueError(
                        f"{action}: {argument!r}: a placeholder is a whole argument, one of "
                        f"{', '.join(f'{{{name}}}' for name in sorted(known))}"
                    )
        return self


class CommandRunner(Runner):
    """Runs the operator's commands. `./…` is taken relative to the folder of the settings file."""

    Settings = CommandSettings
    settings: CommandSettings

    @property
    def actions(self) -> frozenset[Action]:
        return frozenset(action for action in _ACTIONS if getattr(self.settings, action) is not None)

    @property
    def programs(self) -> tuple[str, ...]:
        named = [template[0] for action in _ACTIONS if (template := self._template(action))]
        return tuple(dict.fromkeys(self._beside(word) for word in named if not _PLACEHOLDER.fullmatch(word)))

    def command(self, step: Step, target: Target) -> Command | None:
        template = self._template(step.action)
        if template is None:
            return None
        values = self._values(step, target)
        arguments = tuple(self._filled(template, values))
        is_own = self.settings.directory == "work"
        directory = str(self._work(target)) if is_own else target.directory
        return Command(arguments, directory, self.environment(), self.settings.time_limit, makes_directory=is_own)

    def _template(self, action: Action) -> tuple[str, ...] | None:
        found: tuple[str, ...] | None = getattr(self.settings, action) if action in _ACTIONS else None
        return found

    def _work(self, target: Target) -> Path:
        return self.surroundings.work / self.name / target.crate_name

    def _values(self, step: Step, target: Target) -> dict[str, str]:
        instance = step.instance
        others = {target.port, target.sister_port} - {instance.port, None}
        values = {
            "crate": target.crate_name,
            "version": instance.version,
            "port": str(instance.port),
            "dir": target.directory,
            "work": str(self._work(target)),
            "python": sys.executable,
        }
        if target.sister_port is not None:
            values["sister_port"] = str(target.sister_port)
        if others:
            values["other_port"] = str(others.pop())
        if step.percentage is not None:
            values["percentage"] = str(step.percentage)
        return values | {f"parameters.{name}": value for name, value in instance.parameters}

    def _beside(self, argument: str) -> str:
        return str(self.surroundings.folder / argument) if argument.startswith("./") else argument

    def _filled(self, template: Iterable[str], values: dict[str, str]) -> Iterable[str]:
        for argument in template:
            found = _PLACEHOLDER.fullmatch(argument)
            if found is None:
                yield self._beside(argument)
            elif found[1] in values:
                yield values[found[1]]
            else:
                raise NotDeployable(f"the runner {self.name} wants {argument}, which {target_words(values)} has not")


def target_words(values: dict[str, str]) -> str:
    """Return of which instance a message speaks."""
    return f"{values['crate']} {values['version']} on {values['port']}"
