"""Settings: `workbench.toml`, with `WORKBENCH_*` variables over it and command line options over those."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import tomli
from pydantic import BaseModel, Field, ValidationError, field_validator

from workbench.config import DEFAULT_JOBS
from workbench.errors import ConfigurationError
from workbench.fleet.positions import KeyPath, Positions, dotted
from workbench.fleet.rules import Severity
from workbench.fleet.selection import Selection
from workbench.fleet.spelling import nearest
from workbench.fleet.values import MAX_PORT, describe
from workbench.logs import LogFormat, LogLevel
from workbench.sections.access import ApiSettings, LoginSettings
from workbench.sections.deploy import DeploySettings
from workbench.sections.live import ObserveSettings, RegistrationSettings, live_options
from workbench.sections.mux import MuxSettings
from workbench.sections.ports import PortNumber, PortSettings, Section
from workbench.sources.scope import PRUNED, Scope

if TYPE_CHECKING:
    from workbench.hub_options import HubOptions
    from workbench.queries.query_pool import QueryLimits
    from workbench.store.history_rows import HistoryBounds

PREFIX: Final = "WORKBENCH_"

_EXPECTED: Final = {
    "tuple_type": "expected an array",
    "frozen_set_type": "expected an array",
    "dict_type": "expected a table",
    "model_type": "expected a table",
}


class DiscoverySettings(Section):
    """`[discovery]`: where manifests are looked for."""

    roots: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    prune: tuple[str, ...] | None = None
    gitignore: bool = True
    symlinks: Literal["never", "inside"] = "never"
    max_bytes: Annotated[int, Field(ge=1)] = 1_000_000
    max_depth: Annotated[int, Field(ge=1)] = 64
    jobs: Annotated[int, Field(ge=1, le=2)] = DEFAULT_JOBS

    def scope(self) -> Scope:
        """Return what belongs to the fleet."""
        return Scope(
            include=self.include,
            exclude=self.exclude,
            prune=PRUNED if self.prune is None else frozenset(self.prune),
            gitignore=self.gitignore,
            symlinks=self.symlinks,
            max_bytes=self.max_bytes,
            max_depth=self.max_depth,
        )


class CheckSettings(Section):
    """`[check]`: which findings count."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severity: Severity | None = None

    def selection(self, least: Severity) -> Selection:
        """Return the choice of findings; `least` is the severity shown where none is set."""
        return Selection(self.select, self.ignore, self.severity or least)

    @field_validator("select", "ignore")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        Selection(select=value)
        return value


class WatchSettings(Section):
    """`[watch]`: how the disk is followed. `beat` is in seconds."""

    enabled: bool = True
    beat: Annotated[float, Field(gt=0)] = 5.0


class ServerSettings(Section):
    """`[server]`: where the pages and the API are served."""

    host: str = "127.0.0.1"
    port: PortNumber = 15180
    ws_port: Annotated[int, Field(ge=0, le=MAX_PORT)] = 15181
    state: str | None = None
    origins: tuple[str, ...] | None = None


class QuerySettings(Section):
    """`[query]`: what a query over the API may cost. `memory` is in megabytes."""

    seconds: Annotated[float, Field(gt=0, le=600)] = 10.0
    rows: Annotated[int, Field(ge=1, le=10_000_000)] = 100_000
    memory: Annotated[int, Field(ge=16)] = 512
    workers: Annotated[int, Field(ge=1, le=64)] = 2
    waiting: Annotated[int, Field(ge=0, le=10_000)] = 16

    def limits(self) -> "QueryLimits":
        """Return the limits of the pool."""
        from workbench.queries.query_pool import QueryLimits

        return QueryLimits(self.seconds, self.rows, self.memory * 1_000_000, self.workers, self.waiting)


class HistorySettings(Section):
    """`[history]`: how many revisions are kept, and how many changed manifests these may have in all."""

    revisions: Annotated[int, Field(ge=1, le=10_000_000)] = 10_000
    changes: Annotated[int, Field(ge=1, le=100_000_000)] = 200_000

    def bounds(self) -> "HistoryBounds":
        """Return how much of the past a state file keeps."""
        from workbench.store.history_rows import HistoryBounds

        return HistoryBounds(self.revisions, self.changes)


class LogSettings(Section):
    """`[log]`: how the server writes its log, and from which level on."""

    format: LogFormat = "text"
    level: LogLevel = "warning"


class Settings(Section):
    """All settings. Every key has a default, so that no file is needed."""

    discovery: DiscoverySettings = DiscoverySettings()
    check: CheckSettings = CheckSettings()
    ports: PortSettings = Field(default_factory=PortSettings)
    watch: WatchSettings = WatchSettings()
    observe: ObserveSettings = ObserveSettings()
    registrations: RegistrationSettings = RegistrationSettings()
    mux: MuxSettings = MuxSettings()
    server: ServerSettings = ServerSettings()
    query: QuerySettings = QuerySettings()
    history: HistorySettings = HistorySettings()
    log: LogSettings = LogSettings()
    api: ApiSettings = ApiSettings()
    login: LoginSettings = LoginSettings()
    deploy: DeploySettings = Field(default_factory=DeploySettings)

    def hub_options(self) -> "HubOptions":
        """Return how a hub looks after its roots."""
        from workbench.hub_options import HubOptions

        return HubOptions(
            self.ports.plan(),
            self.discovery.scope(),
            self.watch.enabled,
            self.watch.beat,
            self.discovery.jobs,
            self.api.retention(),
            live_options(self.observe, self.registrations),
            self.mux.options(),
        )


def load_settings(
    file: Path | None,
    environment: Mapping[str, str] | None = None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
) -> Settings:
    """Return the settings of a file (None for the defaults), then of variables, then of `overrides`.

    Variables are named `WORKBENCH_SECTION_KEY`, such as `WORKBENCH_SERVER_PORT`; lists are separated by commas.
    Raises ConfigurationError that names every wrong key with its file, line and column, or its variable.
    """
    text = _text(file) if file else ""
    document = _document(file, text)
    _check(document, lambda path: _place(file, text, path))
    variables = _variables(os.environ if environment is None else environment)
    merged = _merged(_anchored(document, file), variables)
    _check(merged, lambda path: f"{PREFIX}{'_'.join(map(str, path[:2])).upper()}")
    given = {section: {k: v for k, v in keys.items() if v is not None} for section, keys in (overrides or {}).items()}
    return _check(_merged(merged, given), lambda path: f"--{str(path[-1]).replace('_', '-')}")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: cannot be read: {error}") from None


def _document(file: Path | None, text: str) -> dict[str, Any]:
    try:
        return tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise ConfigurationError(f"{file}:{error.lineno}:{error.colno}: {error.msg}") from None


def _place(file: Path | None, text: str, path: KeyPath) -> str:
    line, column = Positions(text).locate(path)
    return f"{file}:{line}:{column}"


def _check(document: dict[str, Any], place: Any) -> Settings:
    try:
        return Settings.model_validate(document)
    except ValidationError as invalid:
        messages = []
        for error in invalid.errors(include_url=False):
            path = tuple(part for part in error["loc"] if part != "[key]")
            messages.append(f"{place(path)}: {dotted(path)}: {_reason(error, path)}")
        raise ConfigurationError("\n".join(messages)) from None


def _reason(error: Any, path: KeyPath) -> str:
    if error["type"] == "extra_forbidden":
        section: Any = Settings
        for part in path[:-1]:
            field = section.model_fields.get(part) if hasattr(section, "model_fields") else None
            section = field.annotation if field else None
        suggestion = nearest(str(path[-1]), section.model_fields) if hasattr(section, "model_fields") else None
        return f'unknown key; did you mean "{suggestion}"?' if suggestion else "unknown key"
    if error["type"] == "missing":
        return "the key is missing"
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    message = _EXPECTED.get(error["type"], error["msg"].removeprefix("Input "))
    return f"{message[:1].lower()}{message[1:]}, found {describe(error['input'])}"


def _variables(environment: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the settings among variables; other `WORKBENCH_` variables are none of ours to judge."""
    found: dict[str, dict[str, Any]] = {}
    for section, field in Settings.model_fields.items():
        model = field.annotation
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        for key, info in model.model_fields.items():
            text = environment.get(f"{PREFIX}{section}_{key}".upper())
            if text is not None:
                is_list = "tuple" in str(info.annotation) or "frozenset" in str(info.annotation)
                found.setdefault(section, {})[key] = _value(text, is_list)
    if (state := environment.get(f"{PREFIX}STATE")) is not None:
        found.setdefault("server", {}).setdefault("state", state)
    return found


def _value(text: str, is_list: bool) -> Any:
    if is_list and not text.lstrip().startswith("["):
        return [_value(part.strip(), False) for part in text.split(",") if part.strip()]
    try:
        return tomli.loads(f"value = {text}")["value"]
    except tomli.TOMLDecodeError:
        return text


def _anchored(document: dict[str, Any], file: Path | None) -> dict[str, Any]:
    """Return a document in which the Mux's token is found from wherever the workbench was started.

    A path in a settings file counts from the folder of that file; one in a variable from the working directory.
    """
    named = document.get("mux", {}).get("token_file")
    if file is None or not named:
        return document
    return _merged(document, {"mux": {"token_file": str(file.absolute().parent / Path(named).expanduser())}})


def _merged(base: Mapping[str, Any], over: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    merged = dict(base)
    for section, keys in over.items():
        below = merged.get(section)
        merged[section] = {**(below if isinstance(below, dict) else {}), **keys}
    return merged
