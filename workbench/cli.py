"""The command line: `workbench scan`, `check`, `schema`, and the commands of other modules."""

import sys
import time
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from workbench import __version__
from workbench.errors import WorkbenchError
from workbench.fleet.rules import SEVERITIES, Severity
from workbench.processes.ending import hold
from workbench.subcommands.roots import CONFIG, JOBS, PATHS, Roots, read_roots, said_settings

if TYPE_CHECKING:
    from workbench.fleet.model import Finding
    from workbench.fleet.snapshot import Snapshot
    from workbench.sources.discovery import Discovery

# Each command imports what it needs itself.

_COLORS: Final = {"error": "red", "warning": "yellow", "hint": "cyan"}

_PATTERN: Final = "Codes (SC101), beginnings of codes (SC1) or kinds (owner-collision); separate several by commas."

_ELSEWHERE: Final = {
    "serve": "workbench.subcommands.serve",
    "doctor": "workbench.subcommands.doctor",
    "export": "workbench.subcommands.export",
    "ports": "workbench.subcommands.ports",
    "publish": "workbench.subcommands.publish",
    "sync": "workbench.subcommands.sync",
    "tokens": "workbench.subcommands.access",
    "users": "workbench.subcommands.access",
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
    from workbench.reports.report import summary_line

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
    from workbench.reports.formats import github_lines, json_report, sarif_report
    from workbench.reports.report import report_lines, summary_line

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
