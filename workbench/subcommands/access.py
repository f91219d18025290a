"""`workbench tokens` and `workbench users`: who may call the API, and who may sign in at the pages."""

import json
import re
import time
from pathlib import Path
from typing import Any, Final

import click

from workbench.fleet.wire import iso
from workbench.security.people import People
from workbench.security.scopes import SCOPES
from workbench.security.token_file import TokenFile, TokenRecord

_STATE: Final = click.option(
    "--state", type=click.Path(path_type=Path, file_okay=False), default=None,
    help="The server's state folder (default: WORKBENCH_STATE, or the user's data directory).",
)  # fmt: skip
_FILE: Final = click.option(
    "--file", "file", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The users' file."
)
_UNITS: Final = {"m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}


def _seconds(_: click.Context, option: click.Parameter, value: str | None) -> float | None:
    """Return how many seconds a duration is."""
    if value is None:
        return None
    matched = re.fullmatch(r"([1-9]\d{0,5})([mhdw])", value)
    if matched is None:
        raise click.BadParameter(f"{value!r} is no duration such as 12h, 30d or 8w", param=option)
    return float(int(matched[1]) * _UNITS[matched[2]])


@click.group()
def tokens() -> None:
    """Tokens of programs that use the API.

    \b
    workbench tokens create ci --scope ports:write --expires 30d
    workbench tokens list
    workbench tokens revoke ci

    A running server takes them up by itself. The secret is shown once and kept nowhere.
    """  # noqa: D301 - click wants the character itself


@tokens.command()
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, required=True, type=click.Choice(SCOPES),
    help="What it allows; may be given several times. admin includes the others.",
)  # fmt: skip
@click.option("--expires", default=None, callback=_seconds, metavar="TIME", help="For how long, such as 12h or 30d.")
@_STATE
def create(name: str, scopes: tuple[Any, ...], expires: float | None, state: Path | None) -> None:
    """Create a token named NAME, and print its secret."""
    secret = _tokens_of(state).create(name, scopes, expires)
    click.echo("This is shown once; it is kept nowhere:", err=True)
    click.echo(secret)


@tokens.command("list")
@click.option("--all", "everything", is_flag=True, help="Those that were revoked or have expired, too.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Output format.")
@_STATE
def listed(everything: bool, form: str, state: Path | None) -> None:
    """List the tokens, never their secrets."""
    now = time.time()
    records = [item for item in _tokens_of(state).read() if everything or item.state(now) == "active"]
    if form == "json":
        click.echo(json.dumps([_model(item, now) for item in records]))
        return
    for item in records:
        known = _model(item, now)
        end = f"until {known['expires_at']}" if known["expires_at"] else "no end"
        click.echo(
            f"{known['name']:<20} {known['state']:<8} {','.join(known['scopes']):<24} {known['created_at']}  {end}"
        )


@tokens.command()
@click.argument("name")
@_STATE
def revoke(name: str, state: Path | None) -> None:
    """End the token named NAME."""
    _tokens_of(state).revoke(name)
    click.echo(f"revoked: {name}")


@click.group()
def users() -> None:
    """People who may sign in: `workbench serve --basic-auth FILE`."""


@users.command("set")
@click.argument("name")
@_FILE
@click.password_option(help="Asked for if it is not given; what stands on a command line is seen by others.")
def set_user(name: str, file: Path, password: str) -> None:
    """Add NAME, or change the password. Only its hash is kept."""
    People(file).set(name, password)
    click.echo(f"{file}: {name} may sign in")


@users.command("list")
@_FILE
def list_users(file: Path) -> None:
    """List the names."""
    for name in People(file).read():
        click.echo(name)


@users.command("remove")
@click.argument("name")
@_FILE
def remove_user(name: str, file: Path) -> None:
    """Take NAME out; whoever is signed in under it no longer is."""
    People(file).remove(name)
    click.echo(f"{file}: {name} may no longer sign in")


def _tokens_of(state: Path | None) -> TokenFile:
    from workbench.runtime import current_state_folder

    return TokenFile(state or current_state_folder())


def _model(item: TokenRecord, now: float) -> dict[str, Any]:
    created = item.created
    return {
        "name": created.name,
        "state": item.state(now),
        "scopes": list(created.scopes),
        "created_at": iso(created.at),
        "created_by": created.by,
        "expires_at": iso(created.expires_at),
        "revoked_at": iso(item.revoked_at),
    }
