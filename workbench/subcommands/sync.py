"""`workbench sync`: copies of a fleet in other databases, brought up to date."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from workbench.subcommands.roots import CONFIG, PATHS, Roots, read_roots, settings_of
from workbench.sync.desk import EXPOSED_SCHEMA, NAMESPACE, SCHEMA, Sync

F = TypeVar("F", bound=Callable[..., Any])

_URL: Final = click.argument("url")
_EXPOSED: Final = click.option("--schema", default=EXPOSED_SCHEMA, show_default=True, help="The schema of the tables.")


def _common(command: F) -> F:
    """Give a command the options that all have."""
    options = (
        PATHS,
        CONFIG,
        click.option("--dry-run", is_flag=True, help="Only say what would be written and removed."),
        click.option(
            "--credentials", type=click.Path(path_type=Path, dir_okay=False), default=None,
            help="A file with lines NAME=value.  [default: the environment]",
        ),
        click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Output format."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@click.group()
def sync() -> None:
    """Bring a copy of the fleet in another database up to date.

    What changed is written, what is gone from the fleet is removed, and the rest is left alone: a second run
    changes nothing. Names and secrets come from the environment (PGUSER, PGPASSWORD, SUPABASE_KEY,
    POSTGREST_TOKEN, SURREAL_USER, SURREAL_PASS, SURREAL_TOKEN) or from a file: others can read a command line.

    Exit code: 0; 2 if the place cannot be reached, refuses, or holds something else.
    """


@sync.command()
@_URL
@_common
@click.option("--schema", default=SCHEMA, show_default=True, help="The schema of the tables; made if it is not there.")
def postgres(url: str, schema: str, **given: Any) -> None:
    """Copy the tables and the slot graph's edges to the PostgreSQL at URL, in one transaction.

    \b
    workbench sync postgres postgresql://host:5432/name ~/src
    """  # noqa: D301 - click wants the character itself
    _run(given, lambda desk, options: desk.postgres(url, schema=schema, **options))


@sync.command()
@_URL
@_common
@_EXPOSED
def supabase(url: str, schema: str, **given: Any) -> None:
    """Copy the tables and edges to the Supabase project at URL, with its service key in SUPABASE_KEY.

    \b
    workbench sync supabase https://PROJECT.supabase.co ~/src

    The tables must be there; `workbench sync tables --row-security` prints the SQL that makes them.
    """  # noqa: D301
    _run(given, lambda desk, options: desk.supabase(url, schema=schema, **options))


@sync.command()
@_URL
@_common
@_EXPOSED
def postgrest(url: str, schema: str, **given: Any) -> None:
    """Copy the tables and edges through the PostgREST at URL, with its token in POSTGREST_TOKEN.

    \b
    workbench sync postgrest http://127.0.0.1:3000 ~/src

    The tables must be there; `workbench sync tables` prints the SQL that makes them.
    """  # noqa: D301
    _run(given, lambda desk, options: desk.postgrest(url, schema=schema, **options))


@sync.command()
@_URL
@_common
@click.option("--namespace", default=NAMESPACE, show_default=True, help="The namespace.")
@click.option("--database", default=SCHEMA, show_default=True, help="The database in it.")
def surreal(url: str, namespace: str, database: str, **given: Any) -> None:
    """Copy the slot graph to the SurrealDB at URL, as records and relations.

    \b
    workbench sync surreal ws://127.0.0.1:8000 ~/src
    workbench sync surreal surrealkv://slot-graph ~/src   a folder of this host, without a server
    """  # noqa: D301
    _run(given, lambda desk, options: desk.surreal(url, namespace=namespace, database=database, **options))


@sync.command()
@_EXPOSED
@click.option("--row-security", is_flag=True, help="Close them to all roles but their owner and a service role.")
def tables(schema: str, row_security: bool) -> None:
    """Print the SQL that makes the tables, for those that cannot be made through their API."""
    from workbench.sync.ddl import schema_statements

    for statement in schema_statements(schema, row_security):
        click.echo(f"{statement};")


def _run(given: dict[str, Any], act: Callable[[Sync, dict[str, Any]], Any]) -> None:
    paths: Roots = given.pop("paths")
    config, form = given.pop("config"), given.pop("form")
    _, snapshot = read_roots(paths, config, settings_of(paths, config))
    result = act(Sync(lambda: snapshot), given)
    click.echo(json.dumps(result.model()) if form == "json" else repr(result))
