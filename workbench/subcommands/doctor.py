"""`workbench doctor`: is this host fit to run a workbench?"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from workbench.config import state_folder
from workbench.subcommands.roots import CONFIG, PATHS, Roots, roots_of, settings_file, settings_of

if TYPE_CHECKING:
    from workbench.deploy.runner import Runner

_COLORS: Final = {"ok": "green", "warning": "yellow", "error": "red"}


@click.command()
@PATHS
@CONFIG
@click.option(
    "--state", type=click.Path(path_type=Path, file_okay=False), default=None, help="State folder to look at."
)
@click.option("--port", default=None, type=click.IntRange(1, 65535), help="Port of pages and API.  [default: 15180]")
@click.option("--ws-port", default=None, type=click.IntRange(0, 65535), help="The WebSocket's.  [default: 15181]")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Output format.")
def doctor(
    paths: Roots, config: Path | None, state: Path | None, port: int | None, ws_port: int | None, form: str
) -> None:
    """Look whether a workbench over the PATHs would run well here: Python, roots, state, ports, the Mux, limits.

    Nothing is started, and nothing written.

    \b
    Exit codes:
      0  all is well (there may be warnings)
      1  something keeps the workbench from running
      2  the settings cannot be read, or the command line is wrong
    """  # noqa: D301 - click wants the character itself
    from workbench.doctor import Patient, examine, report, worst
    from workbench.sections.deploy import check_source

    settings = settings_of(paths, config, server={"port": port, "ws_port": ws_port})
    server = settings.server
    chosen = state or (Path(server.state) if server.state else None)
    ports = [number for number in (server.port, server.ws_port) if number]
    roots = roots_of(paths, config, settings)
    folder, file = state_folder(chosen), config or settings_file(paths)

    def runners() -> "Iterable[Runner]":
        check_source(settings.deploy, file, roots, is_named=config is not None)
        return settings.deploy.options(file.parent if file else Path(), folder).runners

    checks = examine(Patient(roots, folder, server.host, ports, settings.mux.url, runners))
    if form == "json":
        click.echo(json.dumps(report(checks), indent=2))
    else:
        for check in checks:
            verdict = click.style(f"{check.verdict:<8}", fg=_COLORS[check.verdict])
            click.echo(f"{verdict} {check.subject:<13} {check.message}")
            if check.fix:
                click.echo(f"{'':<22} {check.fix}")
    sys.exit(1 if worst(checks) == "error" else 0)
