"""`[deploy]`: who deploys what, by which commands. Only the operator's `workbench.toml` says so, never a manifest."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BeforeValidator, Field, SerializeAsAny, ValidationError

from workbench.deploy.log_file import Masker
from workbench.deploy.runner import RunnerSettings, make_runners, settings_of
from workbench.errors import ConfigurationError
from workbench.sections.ports import Section

if TYPE_CHECKING:
    from workbench.deploy.engine import EngineOptions

DEPLOY_FOLDER: Final = "deploy"
"""The folder of deployments inside the state folder: logs, and what runners keep."""


def _runner(value: Any) -> RunnerSettings:
    if isinstance(value, RunnerSettings):
        return value
    if not isinstance(value, dict):
        raise ValueError("expected a table")
    try:
        return settings_of(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg'].removeprefix('Value error, ')}") from None


RunnerTable = Annotated[SerializeAsAny[RunnerSettings], BeforeValidator(_runner)]


class DeploySettings(Section):
    """`[deploy]`: how many at once, what is kept, and the runners."""

    parallel: Annotated[int, Field(ge=1, le=64)] = 2
    waiting: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    log_bytes: Annotated[int, Field(ge=1_000, le=100_000_000)] = 1_000_000
    kept_logs: Annotated[int, Field(ge=1, le=100_000)] = 500
    runners: dict[str, RunnerTable] = Field(default_factory=dict)

    def options(
        self, folder: Path, state: Path, secrets: Sequence[str] = (), environment: Mapping[str, str] | None = None
    ) -> "EngineOptions":
        """Return how deployments are carried out, by a settings file in `folder` and with a state folder.

        `secrets` are values that no log may show. Raises ConfigurationError.
        """
        from workbench.deploy.engine import EngineOptions

        known = dict(os.environ if environment is None else environment)
        work = state.absolute() / DEPLOY_FOLDER
        variables = [runner.variables for runner in self.runners.values()]
        return EngineOptions(
            runners=make_runners(self.runners, folder.absolute(), work / "work", known),
            folder=work,
            parallel=self.parallel,
            waiting=self.waiting,
            log_bytes=self.log_bytes,
            kept_logs=self.kept_logs,
            masker=Masker.of(known, *variables, values=secrets),
        )


def check_source(settings: DeploySettings, file: Path | None, roots: Sequence[Path], *, is_named: bool) -> None:
    """Raise ConfigurationError if runners come from a file of the fleet itself that nobody named.

    Whoever may write a manifest could write such a file too, and would have commands run.
    """
    if not settings.runners or file is None or is_named:
        return
    for root in roots:
        if file.resolve().is_relative_to(root.resolve()):
            raise ConfigurationError(
                f"{file}: deploy.runners: a file inside the fleet ({root}) sets up commands; "
                "name it with --config if that is meant, or move it out of the fleet"
            )
