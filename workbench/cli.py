"""The command line: `workbench scan`, `check` and `serve`."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click

from workbench import __version__
from workbench.errors import WorkbenchError
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.wire import check_model, summary_model
from workbench.report import report_lines, summary_line
from workbench.sources.discovery import Discovery, ScanProgress
from workbench.sources.ingest import read_fleet

_COLORS: Final = {"error": "red", "warning": "yellow", "hint": "cyan"}

Roots = tuple[Path, ...]

_ROOTS: Final = click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")


class _Group(click.Group):
    """A command group that reports our own errors as one clear line, with exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except WorkbenchError as error:
            click.secho(f"workbench: {error.message}", fg="red", err=True)
            ctx.exit(2)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="workbench")
def main() -> None:
    r"""See and check a fleet of smart crates.

    A smart crate is a directory with a smart-crate.toml (or NAME.smartcrate.toml). Give the directories that
    hold such crates, at any depth; without one, the current directory is read.

    \b
    workbench scan ~/src             what is there
    workbench check ~/src            what is wrong, for people and for CI
    workbench serve ~/src            the dashboards and the API, live
    workbench serve --demo           the same on the sample fleet
    """


@main.command()
@_ROOTS
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Output format.")
def scan(paths: Roots, form: str) -> None:
    """Read the manifests below the PATHs and list the crates.

    Exit code: 0, also when manifests are broken (`check` judges them); 2 if a PATH cannot be read at all.
    """
    started = time.perf_counter()
    discovery, snapshot = _read(paths)
    seconds = time.perf_counter() - started
    if form == "json":
        figures = {**summary_model(snapshot), "seconds": round(seconds, 4)}
        crates = [
            {
                "name": c.name,
                "version": c.version,
                "classification": c.classification,
                "path": c.path,
                "ports": _owned(snapshot, c.path),
            }
            for c in snapshot.crates
        ]
        click.echo(json.dumps({"roots": [str(root) for root in discovery.roots], "summary": figures, "crates": crates}))
        return
    for line in _crate_lines(snapshot):
        click.echo(line)
    click.echo(f"\n{summary_line(snapshot)}")
    click.echo(f"{_rate(len(snapshot.records), seconds)} below {', '.join(map(str, discovery.roots))}", err=True)


@main.command()
@_ROOTS
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Output format.")
@click.option("--hints/--no-hints", default=False, help="Show hints as well in the text output.")
def check(paths: Roots, form: str, hints: bool) -> None:
    r"""Check the manifests below the PATHs: syntax, schema, dependencies, and ports across the whole fleet.

    \b
    Exit codes:
      0  no errors (there may be warnings)
      1  at least one error
      2  a PATH cannot be read, or the command line is wrong
    """
    _, snapshot = _read(paths)
    if form == "json":
        click.echo(json.dumps(check_model(snapshot)))
    else:
        shown = [item for item in snapshot.findings if hints or item.severity != "hint"]
        for line in report_lines(shown, _style):
            click.echo(line)
        click.echo(summary_line(snapshot))
    sys.exit(1 if any(item.severity == "error" for item in snapshot.findings) else 0)


@main.command()
@_ROOTS
@click.option("--demo", is_flag=True, help="Serve the sample fleet that comes with the workbench.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=15180, show_default=True, type=click.IntRange(1, 65535), help="Port of pages and API.")
@click.option(
    "--ws-port", default=15181, show_default=True, type=click.IntRange(0, 65535),
    help="Second port of the WebSocket; 0 for none.",
)  # fmt: skip
@click.option(
    "--state", type=click.Path(path_type=Path, file_okay=False), default=None,
    help="Folder of the state file (default: WORKBENCH_STATE, or the user's data directory).",
)  # fmt: skip
@click.option("--open", "open_browser", is_flag=True, help="Open the first page in a browser.")
def serve(paths: Roots, demo: bool, host: str, port: int, ws_port: int, state: Path | None, open_browser: bool) -> None:
    r"""Serve the dashboards, the REST API and the WebSocket over the fleet below the PATHs, live.

    \b
    http://127.0.0.1:15180/fleet      registry
    http://127.0.0.1:15180/ports      port map and findings
    http://127.0.0.1:15180/topology   slot graph
    http://127.0.0.1:15180/api/crates the API; see docs/api.md
    """
    from workbench.config import sample_fleet, state_folder
    from workbench.hub import Hub
    from workbench.server import serve as run_server
    from workbench.store.database import Store

    if demo and paths:
        raise click.UsageError("give either --demo or PATHs, not both")
    roots = [sample_fleet()] if demo else list(paths) or [Path()]
    hub = Hub(roots, journal=Store(state_folder(state, demo=demo)))
    hub.discovery.check_roots()
    run_server(hub, host=host, port=port, ws_port=ws_port or None, open_browser=open_browser)


def _read(paths: Roots) -> tuple[Discovery, Snapshot]:
    discovery = Discovery(list(paths) or [Path()])
    discovery.check_roots()
    with _progress_bar() as report:
        return discovery, read_fleet(discovery, Snapshot(), None, report)


@contextmanager
def _progress_bar() -> Iterator[Callable[[ScanProgress], None] | None]:
    """Show a progress bar on a terminal, once a scan takes long enough to be waited for."""
    if not sys.stderr.isatty():
        yield None
        return
    started = time.monotonic()
    bar: Any = None
    task: Any = None

    def report(progress: ScanProgress) -> None:
        nonlocal bar, task
        if bar is None and time.monotonic() - started > 0.5 and progress.phase != "done":
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[said]}"),
                TimeElapsedColumn(),
            )
            bar = Progress(*columns, console=Console(stderr=True), transient=True)
            bar.start()
            task = bar.add_task("walking", total=None, said="")
        if bar is not None:
            said = f"{progress.directories} directories, {progress.found} manifests"
            if progress.seconds:
                said += f", {progress.read / progress.seconds:.0f}/s" if progress.read else ""
            bar.update(task, description=progress.phase, total=progress.total, completed=progress.read, said=said)

    try:
        yield report
    finally:
        if bar is not None:
            bar.stop()


def _owned(snapshot: Snapshot, path: str) -> dict[str, int]:
    return {claim.label: claim.port for claim in snapshot.records[path].claims if claim.role == "owner"}


def _crate_lines(snapshot: Snapshot) -> Iterator[str]:
    crates = snapshot.crates
    if not crates:
        yield "no crates: no smart-crate.toml or *.smartcrate.toml was found"
        return
    width = min(max(len(crate.name) for crate in crates), 40)
    for crate in crates:
        ports = " ".join(f"{label}={port}" for label, port in _owned(snapshot, crate.path).items())
        yield (
            f"{crate.name:<{width}}  {crate.version or '-':<10} {crate.classification or '-':<22} "
            f"{ports or click.style('no ports', dim=True)}"
        )


def _rate(manifests: int, seconds: float) -> str:
    return f"{manifests} manifests in {seconds:.2f} s ({manifests / max(seconds, 1e-9):.0f}/s)"


def _style(text: str, role: str) -> str:
    if role in _COLORS:
        return click.style(text, fg=_COLORS[role], bold=True)
    return click.style(text, bold=role == "bold", dim=role == "dim")


if __name__ == "__main__":
    main()
