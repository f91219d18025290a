"""The command line: `workbench scan`, `check`, `schema`, `serve`, and the groups of other modules."""

import gc
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from workbench import __version__
from workbench.config import DEFAULT_MUX_PORT, has_variables
from workbench.ending import hold
from workbench.errors import WorkbenchError
from workbench.fleet.rules import SEVERITIES, Severity
from workbench.logs import FORMATS, LEVELS, LogFormat, LogLevel, set_up_logs
from workbench.roots import (
    CONFIG,
    JOBS,
    PATHS,
    Roots,
    read_roots,
    roots_of,
    said_settings,
    settings_file,
    settings_from,
)

if TYPE_CHECKING:
    from workbench.fleet.model import Finding
    from workbench.fleet.snapshot import Snapshot
    from workbench.hub import Hub
    from workbench.settings import Settings
    from workbench.sources.discovery import Discovery

# Each command imports what it needs itself: `serve` binds its ports before the rest is even imported.

_COLORS: Final = {"error": "red", "warning": "yellow", "hint": "cyan"}

_PATTERN: Final = "Codes (SC101), beginnings of codes (SC1) or kinds (owner-collision); separate several by commas."


_ELSEWHERE: Final = {
    "doctor": "workbench.doctor_cli",
    "export": "workbench.export_cli",
    "ports": "workbench.ports_cli",
    "publish": "workbench.publish_cli",
    "sync": "workbench.sync_cli",
    "tokens": "workbench.access_cli",
    "users": "workbench.access_cli",
}
"""Commands that stand in other modules, by name."""


class _Group(click.Group):
    """A command group that reports our own errors clearly, with exit code 2, and imports commands when asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *_ELSEWHERE]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _ELSEWHERE:
            command: click.Command = getattr(import_module(_ELSEWHERE[cmd_name]), cmd_name)
            return command
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except WorkbenchError as error:
            for line in error.message.splitlines():
                click.secho(f"workbench: {line}", fg="red", err=True)
            ctx.exit(2)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="workbench")
def main() -> None:
    """See and check a fleet of smart crates.

    A smart crate is a directory with a smart-crate.toml (or NAME.smartcrate.toml). Give the directories that
    hold such crates, at any depth; without one, the roots of workbench.toml or the current directory are read.

    \b
    workbench scan ~/src             what is there
    workbench check ~/src            what is wrong, for people and for CI
    workbench serve ~/src            the dashboards and the API, live
    workbench ports free ~/src       free ports; also list, assign, release, map
    workbench tokens create NAME     who may change something over the API; also list, revoke
    workbench users set NAME         who may sign in at the pages; also list, remove
    workbench doctor                 whether this host is fit to run it
    workbench serve --demo           the same on the sample fleet
    workbench export FILE ~/src      the graph or a table as a file: graph.graphml, crates.csv ...
    workbench publish DIR ~/src      the fleet as files, for notebooks: Workbench.open(DIR)
    workbench sync postgres URL ~/src  a copy in another database; also supabase, postgrest, surreal
    workbench schema                 the manifest's JSON Schema, for editors
    """  # noqa: D301 - click wants the character itself


@main.command()
@PATHS
@CONFIG
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Output format.")
@click.option("--rev", default=None, metavar="REV", help="Read the manifests of a git revision instead of the disk.")
@JOBS
def scan(paths: Roots, config: Path | None, form: str, rev: str | None, jobs: int | None) -> None:
    """Read the manifests below the PATHs and list the crates.

    Exit code: 0, also when manifests are broken (`check` judges them); 2 if a PATH cannot be read at all.
    """
    import json

    from workbench.fleet.wire import summary_model
    from workbench.report import summary_line

    started = time.perf_counter()
    discovery, snapshot = read_roots(paths, config, said_settings(paths, config), rev, jobs)
    hold(snapshot)
    seconds = time.perf_counter() - started
    if form == "json":
        figures = {**summary_model(snapshot), "seconds": round(seconds, 4)}
        crates = [
            {
                "name": crate.name,
                "version": crate.version,
                "classification": crate.classification,
                "path": crate.path,
                "ports": _owned(snapshot, crate.path),
            }
            for crate in snapshot.crates
        ]
        click.echo(json.dumps({"roots": [str(root) for root in discovery.roots], "summary": figures, "crates": crates}))
        return
    for line in _crate_lines(snapshot):
        click.echo(line)
    click.echo(f"\n{summary_line(snapshot)}")
    click.echo(f"{_rate(len(snapshot.records), seconds)} below {', '.join(map(str, discovery.roots))}", err=True)


@main.command()
@PATHS
@CONFIG
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "sarif", "github"]), default="text", help="Output format."
)
@click.option("--select", default=None, metavar="PATTERNS", help=f"Count only these findings. {_PATTERN}")
@click.option("--ignore", default=None, metavar="PATTERNS", help="Leave these findings out; same patterns.")
@click.option(
    "--severity",
    type=click.Choice(SEVERITIES),
    default=None,
    help="Least severity shown.  [warning; hint for json and sarif]",
)
@click.option(
    "--changed-since", "changed_since", default=None, metavar="REV",
    help="Only findings in manifests that git says changed since REV, judged against the whole fleet.",
)  # fmt: skip
@JOBS
def check(  # noqa: PLR0917
    paths: Roots,
    config: Path | None,
    form: str,
    select: str | None,
    ignore: str | None,
    severity: str | None,
    changed_since: str | None,
    jobs: int | None,
) -> None:
    """Check the manifests below the PATHs: syntax, schema, dependencies, and ports across the whole fleet.

    \b
    Exit codes:
      0  no errors (there may be warnings)
      1  at least one error among the findings that count
      2  a PATH or the settings cannot be read, or the command line is wrong
    """  # noqa: D301 - click wants the character itself
    from workbench.fleet.selection import Selection
    from workbench.formats import github_lines, json_report, sarif_report
    from workbench.report import report_lines, summary_line

    given = {"select": _patterns(select), "ignore": _patterns(ignore), "severity": severity}
    settings = said_settings(paths, config, check=given)
    discovery, snapshot = read_roots(paths, config, settings, jobs=jobs)
    hold(snapshot)
    least: Severity = "hint" if form in ("json", "sarif") else "warning"
    chosen = settings.check.selection(least) if settings else Selection(severity=least)
    findings = chosen.of(snapshot.findings)
    if changed_since is not None:
        findings = _changed(discovery, findings, changed_since)
    locate = {path: discovery.absolute(path) for path in snapshot.records}
    if form == "json":
        click.echo(json_report(snapshot, findings))
    elif form == "sarif":
        click.echo(sarif_report(findings, locate))
    elif form == "github":
        for line in github_lines(findings, locate):
            click.echo(line)
    else:
        for line in report_lines(findings, _style):
            click.echo(line)
        click.echo(summary_line(snapshot, findings))
    sys.exit(1 if any(item.severity == "error" for item in findings) else 0)


@main.command()
def schema() -> None:
    """Print the JSON Schema of smart-crate.toml.

    Save it and name it in a manifest's first line, and TOML editors complete and check the file:

    \b
    #:schema ./smart-crate.schema.json
    """  # noqa: D301 - click wants the character itself
    import json

    from workbench.fleet.json_schema import manifest_schema

    click.echo(json.dumps(manifest_schema(), indent=2, ensure_ascii=False))


@main.command()
@PATHS
@CONFIG
@click.option("--demo", is_flag=True, help="Serve the sample fleet that comes with the workbench.")
@click.option("--host", default=None, help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", default=None, type=click.IntRange(1, 65535), help="Port of pages and API.  [default: 15180]")
@click.option(
    "--ws-port", default=None, type=click.IntRange(0, 65535),
    help="Second port of the WebSocket; 0 for none.  [default: 15181]",
)  # fmt: skip
@click.option(
    "--state", type=click.Path(path_type=Path, file_okay=False), default=None,
    help="Folder of the state file (default: WORKBENCH_STATE, or the user's data directory).",
)  # fmt: skip
@click.option(
    "--mux-gateway", type=click.IntRange(1, 65535), is_flag=False, flag_value=DEFAULT_MUX_PORT, default=None,
    metavar="[PORT]",
    help="Also answer as a Neural Mux would, on a port of its own.  [without PORT: 18100]",
)  # fmt: skip
@click.option("--basic-auth", "users", default=None, metavar="FILE", help="People sign in; see `workbench users`.")
@click.option(
    "--oauth-provider", default=None, metavar="NAME",
    help="People sign in there: github, google, azure, okta …; the rest stands in [login] or PANEL_OAUTH_* variables.",
)  # fmt: skip
@click.option("--trust-loopback", is_flag=True, help="Requests of allowed pages on this machine act as the operator.")
@click.option("--unsafe-no-auth", is_flag=True, help="Let everyone who reaches another --host see the fleet.")
@click.option("--observe", is_flag=True, default=None, help="Look which processes of this host listen on which ports.")
@click.option(
    "--mux", default=None, metavar="URL", help="Follow the Neural Mux at URL, such as http://localhost:18100."
)
@click.option("--log-format", type=click.Choice(FORMATS), default=None, help="How the log is written.  [default: text]")
@click.option(
    "--log-level", type=click.Choice(LEVELS), default=None,
    help="From which level on; `info` has a line for each request.  [default: warning]",
)  # fmt: skip
@click.option("--open", "open_browser", is_flag=True, help="Open the first page in a browser.")
def serve(  # noqa: PLR0917
    paths: Roots,
    config: Path | None,
    demo: bool,
    host: str | None,
    port: int | None,
    ws_port: int | None,
    state: Path | None,
    mux_gateway: int | None,
    users: str | None,
    oauth_provider: str | None,
    trust_loopback: bool,
    unsafe_no_auth: bool,
    observe: bool | None,
    mux: str | None,
    log_format: LogFormat | None,
    log_level: LogLevel | None,
    open_browser: bool,
) -> None:
    """Serve the dashboards, the REST API and the WebSocket over the fleet below the PATHs, live.

    \b
    http://127.0.0.1:15180/fleet      registry
    http://127.0.0.1:15180/ports      port map and findings
    http://127.0.0.1:15180/topology   slot graph
    http://127.0.0.1:15180/api/crates the API
    """  # noqa: D301 - click wants the character itself
    from workbench.config import (
        DEFAULT_HOST,
        DEFAULT_PORT,
        DEFAULT_WS_PORT,
        demo_folder,
        sample_fleet,
        state_folder,
    )
    from workbench.gate import Gate
    from workbench.server import serve as run_server
    from workbench.sources.roots import check_roots
    from workbench.starting import LastList
    from workbench.tokens import open_tokens
    from workbench.worker_threads import leave

    if demo and paths:
        raise click.UsageError("give either --demo or PATHs, not both")
    file = config if demo else config or settings_file(paths)
    given = {"host": host, "port": port, "ws_port": ws_port, "state": str(state) if state else None}
    login = {"users": users, "oauth_provider": oauth_provider}
    seen = {"enabled": observe}
    followed = {"url": mux}
    is_said = file or has_variables() or observe or mux or any(login.values())
    settings = settings_from(file, server=given, login=login, observe=seen, mux=followed) if is_said else None
    if settings and settings.login.users and users is None and file is not None:
        # Like the roots of a settings file, its users' file stands beside it.
        login["users"] = str(file.parent / settings.login.users)
        settings = settings_from(file, server=given, login=login, observe=seen, mux=followed)
    roots = [sample_fleet()] if demo else roots_of(paths, config, settings)
    check_roots(roots)
    server = settings.server if settings else None
    log = settings.log if settings else None
    set_up_logs(log_format or (log.format if log else "text"), log_level or (log.level if log else "warning"))
    key = repr(([str(root.absolute()) for root in roots], settings and (settings.discovery, settings.ports)))
    chosen = server.state if server and server.state and not demo else state
    with (
        demo_folder() if demo and not chosen else nullcontext(state_folder(Path(chosen) if chosen else None)) as folder
    ):
        opened = open_tokens(folder)
        gate = Gate(
            opened.tokens,
            settings.api if settings else None,
            settings.login if settings else None,
            folder,
            trust_loopback,
            unsafe_no_auth,
        )
        click.echo(f"Token for changes over the API: {opened.where}")
        if opened.created and sys.stdout.isatty():
            click.echo(f"It was made just now, and is shown this once: {opened.created}")
        run_server(
            lambda: _live_hub(roots, settings, folder, key, (file, config is not None, demo)),
            host=server.host if server else host or DEFAULT_HOST,
            port=server.port if server else port or DEFAULT_PORT,
            ws_port=(server.ws_port if server else DEFAULT_WS_PORT if ws_port is None else ws_port) or None,
            open_browser=open_browser,
            allow_origins=(server.origins if server else None) or (),
            last_list=LastList(folder, key),
            query_limits=settings.query.limits() if settings else None,
            mux_gateway=mux_gateway,
            gate=gate,
        )
    leave()


def _live_hub(
    roots: list[Path], settings: "Settings | None", folder: Path, key: str, source: "tuple[Path | None, bool, bool]"
) -> "Hub":
    from workbench.config import sample_settings
    from workbench.live_hub import live_hub
    from workbench.settings import Settings, load_settings
    from workbench.store.last_fleet import LastFleet

    gc.enable()  # whatever is worth importing with it off is imported by now
    file, is_named, demo = source
    known = settings or Settings()
    if demo and file is None:
        # The demonstration takes nothing of the settings around it; its runners come with it.
        file, is_named = sample_settings(), True
        known = known.model_copy(update={"deploy": load_settings(file, {}).deploy})
    return live_hub(roots, known, folder, file=file, is_named=is_named, memory=LastFleet(folder, key))


def _changed(discovery: "Discovery", findings: "Sequence[Finding]", revision: str) -> "list[Finding]":
    from workbench.sources.git import Repository

    changed = {
        prefix + path
        for prefix, root in zip(discovery.prefixes, discovery.roots, strict=True)
        for path in Repository(root).changed_since(revision)
    }
    return [item for item in findings if any(site.path in changed for site in item.sites)]


def _patterns(text: str | None) -> list[str] | None:
    return [part.strip() for part in text.split(",") if part.strip()] if text is not None else None


def _owned(snapshot: "Snapshot", path: str) -> dict[str, int]:
    return {claim.label: claim.port for claim in snapshot.records[path].claims if claim.role == "owner"}


def _crate_lines(snapshot: "Snapshot") -> Iterator[str]:
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
