"""What the commands read: the PATHs of the command line, the settings that hold for them, and the fleet below."""

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from workbench.config import DEFAULT_JOBS, find_settings, has_variables
from workbench.errors import ConfigurationError

if TYPE_CHECKING:
    from workbench.fleet.snapshot import Snapshot
    from workbench.settings import Settings
    from workbench.sources.discovery import Discovery

# Imports of what is slow to import stand where it is needed: `serve` binds its ports before that.

Roots = tuple[Path, ...]

PATHS: Final = click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
CONFIG: Final = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    envvar="WORKBENCH_CONFIG",
    help="Settings file (default: workbench.toml in the first PATH or above it).",
)

JOBS: Final = click.option(
    "--jobs",
    type=click.IntRange(1, 2),
    default=None,
    help="Processes that read manifests; the second only where there are many.  [default: 2]",
)


def settings_of(paths: Roots, config: Path | None, **overrides: dict[str, Any]) -> "Settings":
    """Return the settings that hold for some PATHs; raises ConfigurationError."""
    return settings_from(config or settings_file(paths), **overrides)


def said_settings(paths: Roots, config: Path | None, **overrides: dict[str, Any]) -> "Settings | None":
    """Return the settings that hold for some PATHs, as `settings_of`; None where nothing is said anywhere.

    Settings take longer to import than a small fleet to check, and are not missed where all is as by default.
    """
    file = config or settings_file(paths)
    is_said = file is not None or has_variables() or any(v is not None for o in overrides.values() for v in o.values())
    return settings_from(file, **overrides) if is_said else None


def settings_from(file: Path | None, **overrides: dict[str, Any]) -> "Settings":
    """Return the settings of a file, None for no file; raises ConfigurationError."""
    from workbench.settings import load_settings

    if file is not None and not file.is_file():
        raise ConfigurationError(f"{file}: no such file")
    return load_settings(file, overrides=overrides)


def settings_file(paths: Roots) -> Path | None:
    """Return the settings file that holds for some PATHs; None if there is none."""
    return find_settings(paths[0] if paths else Path())


def roots_of(paths: Roots, config: Path | None, settings: "Settings | None") -> list[Path]:
    """Return the PATHs, else the configured roots (relative to the settings file), else the current directory."""
    file = config or settings_file(paths)
    if paths or settings is None or not settings.discovery.roots or file is None:
        return list(paths) or [Path()]
    return [file.parent / root for root in settings.discovery.roots]


def read_roots(
    paths: Roots,
    config: Path | None,
    settings: "Settings | None",
    revision: str | None = None,
    jobs: int | None = None,
) -> "tuple[Discovery, Snapshot]":
    """Return the fleet below the PATHs, or of a git revision; raises RootError, ConfigurationError or GitError.

    Without settings all is read and judged as by default; `jobs` are the processes that may read, if that is said.
    """
    from workbench.fleet.snapshot import Snapshot
    from workbench.progress import progress_bar
    from workbench.sources.discovery import Discovery, read_revision
    from workbench.sources.ingest import read_fleet

    # A process that lives for one command has nothing to gain from collecting.
    gc.disable()
    scope = settings.discovery.scope() if settings else None
    most = jobs or (settings.discovery.jobs if settings else DEFAULT_JOBS)
    discovery = Discovery(roots_of(paths, config, settings), scope, most, once=True)
    discovery.check_roots()
    empty = Snapshot(settings.ports.plan() if settings else None)
    if revision is not None:
        if len(discovery.roots) > 1:
            raise ConfigurationError("--rev reads one root; give one PATH")
        return discovery, empty.apply(read_revision(discovery.roots[0], revision, discovery.scope))
    with progress_bar() as report:
        return discovery, read_fleet(discovery, empty, None, report)
