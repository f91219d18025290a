"""`workbench ports`: which ports are free, and handing them out, through a running server or on a scan."""

import json
import os
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from workbench.desks.assignments import (
    DEFAULT_LABEL,
    Assignment,
    AssignmentRequest,
    Assignments,
    assignment_model,
    named_block,
)
from workbench.errors import UnknownCrate, WorkbenchError
from workbench.fleet.free_ports import free_ports
from workbench.fleet.obstacles import obstacle
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.values import MAX_PORT
from workbench.reports.port_chart import chart_lines
from workbench.security.tokens import VARIABLE, secret_of
from workbench.subcommands.roots import CONFIG, PATHS, Roots, read_roots, settings_of

if TYPE_CHECKING:
    from workbench.sources.discovery import Discovery

DEFAULT_URL: Final = "http://127.0.0.1:15180"

_URL: Final = click.option("--url", default=None, help=f"A running workbench.  [default: {DEFAULT_URL}]")
_TOKEN: Final = click.option(
    "--token", default=None, help=f"Its token.  [default: {VARIABLE}, else that of the state folder]"
)
_FORMAT: Final = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="Output format."
)
_PORT: Final = click.IntRange(1, MAX_PORT)


@click.group()
def ports() -> None:
    """Free ports, and who was assigned which.

    \b
    workbench ports free ~/src --block GIS       the next free port
    workbench ports map ~/src                    all blocks, one character a port
    workbench ports assign NAME --block GIS      through a running server, which remembers it
    workbench ports assign NAME --write ~/src    on a scan, into the manifest
    """  # noqa: D301 - click wants the character itself


@ports.command()
@PATHS
@CONFIG
@click.option("--block", default=None, help="Only ports of this block.  [default: all blocks]")
@click.option("--count", default=1, type=click.IntRange(1, MAX_PORT), help="How many.  [default: 1]")
@click.option("--here", is_flag=True, help="Leave out ports that something on this host listens on, and say so.")
def free(paths: Roots, config: Path | None, block: str | None, count: int, here: bool) -> None:
    """Print free ports, one a line: claimed by nobody, with a free sister and free mirrors.

    What a running server has assigned is not known here. Exit code: 0; 1 if there are fewer than asked for.
    """
    discovery, snapshot = read_roots(paths, config, settings_of(paths, config))
    declared, snapshot = snapshot, _as_observed(discovery, snapshot) if here else snapshot
    found = list(islice(_free(snapshot, block), count))
    for port in islice(_free(declared, block), count) if here else ():
        if (reason := obstacle(snapshot, port)) is not None:
            click.echo(f"left out: {reason}", err=True)
    for port in found:
        click.echo(port)
    if len(found) < count:
        click.get_current_context().exit(1)


def _as_observed(discovery: "Discovery", snapshot: Snapshot) -> Snapshot:
    """Return the fleet with what listens on this host at this moment."""
    from workbench.fleet.observed import Observed
    from workbench.sources.listeners import HostListeners

    places = zip(discovery.prefixes, map(str, discovery.roots), strict=True)
    sight = HostListeners(list(places)).look()
    if sight.error:
        click.echo(f"this host is seen in part: {sight.error}", err=True)
    return snapshot.observe(Observed(listeners=sight.listeners, sees_all=sight.sees_all))


def _free(snapshot: Snapshot, block: str | None) -> Iterator[int]:
    """Yield free ports that can all be used together."""
    plan = snapshot.plan
    chosen = [named_block(plan, block)] if block is not None else sorted(set(plan.blocks), key=lambda item: item.first)
    taken: frozenset[int] = frozenset()
    for item in chosen:
        for port in range(item.first, item.last + 1):
            if plan.block_of(port) == item and next(free_ports(snapshot, port, port, taken), None):
                taken |= {port}
                yield port


@ports.command("map")
@PATHS
@CONFIG
def chart(paths: Roots, config: Path | None) -> None:
    """Print every block with one character a port."""
    _, snapshot = read_roots(paths, config, settings_of(paths, config))
    for line in chart_lines(snapshot):
        click.echo(line)


@ports.command()
@PATHS
@CONFIG
def fix(paths: Roots, config: Path | None) -> None:
    """Propose moves of ports that clear all collisions, and print them as a patch; nothing is changed.

    \b
    workbench ports fix ~/src > moves.patch
    patch -d ~/src -p1 < moves.patch

    The moves themselves go to standard error. Exit code: 0; 1 if a collision would stay.
    """  # noqa: D301 - click wants the character itself
    from workbench.fleet.repair import propose_moves
    from workbench.fleet.whatif import plan_changes

    _, snapshot = read_roots(paths, config, settings_of(paths, config))
    moves = propose_moves(snapshot)
    for move in moves:
        click.echo(f"move {move.crate} {move.label} to {move.port}", err=True)
    result = plan_changes(snapshot, moves)
    click.echo(result.patch(), nl=False)
    left = result.snapshot.collisions
    for item in left:
        click.echo(f"stays: {item.message}", err=True)
    cleared = len(snapshot.collisions) - len(left)
    click.echo(f"{len(moves)} moves clear {cleared} of {len(snapshot.collisions)} collisions", err=True)
    if left:
        click.get_current_context().exit(1)


@ports.command("list")
@_URL
@_TOKEN
@click.option("--history", is_flag=True, help="Those that ended too, newest first.")
@_FORMAT
def assigned(url: str | None, token: str | None, history: bool, form: str) -> None:
    """List the assignments of a running server."""
    from workbench.subcommands.client import Client

    with Client(url or DEFAULT_URL, _token(token)) as client:
        found = client.assignments(history)
    if form == "json":
        click.echo(json.dumps(found))
        return
    for item in found:
        click.echo(_line(item))


@ports.command()
@click.argument("crate")
@click.option("--label", default=DEFAULT_LABEL, help=f"What the port is for.  [default: {DEFAULT_LABEL}]")
@click.option("--block", default=None, help="The block to choose from.  [default: the crate's own]")
@click.option("--preferred", default=None, type=_PORT, help="This port or none.")
@click.option("--lease", default=None, type=click.FloatRange(min=1), metavar="SECONDS", help="For how long.")
@click.option("--key", default=None, help="Idempotency key: asking again with it gives the same port.")
@_URL
@_TOKEN
@click.option(
    "--write", "writes", default=None, type=click.Path(path_type=Path, exists=True), metavar="PATH",
    help="Write the port into the crate's manifest below PATH; without --url, on a scan of PATH and no server.",
)  # fmt: skip
@CONFIG
@_FORMAT
def assign(  # noqa: PLR0917
    crate: str,
    label: str,
    block: str | None,
    preferred: int | None,
    lease: float | None,
    key: str | None,
    url: str | None,
    token: str | None,
    writes: Path | None,
    config: Path | None,
    form: str,
) -> None:
    """Hand out a free port to CRATE and print it.

    Exit code: 0; 2 with the reason if there is no such port, or if the server refuses.
    """
    request = AssignmentRequest(crate, label, block, preferred, lease)
    model = _written(request, key, url, token, writes, config) if writes else _asked(request, key, url, token)
    click.echo(json.dumps(model) if form == "json" else model["port"])


def _asked(request: AssignmentRequest, key: str | None, url: str | None, token: str | None) -> dict[str, Any]:
    from workbench.subcommands.client import Client

    with Client(url or DEFAULT_URL, _token(token)) as client:
        return client.assign(request, key)


def _written(
    request: AssignmentRequest, key: str | None, url: str | None, token: str | None, root: Path, config: Path | None
) -> dict[str, Any]:
    from workbench.manifest_writer import write_port

    discovery, snapshot = read_roots((root,), config, settings_of((root,), config))
    records = snapshot.records_named(request.crate_name)
    if not records:
        raise UnknownCrate(f'no crate below {root} is named "{request.crate_name}"', name=request.crate_name)
    if len(records) > 1:
        places = ", ".join(record.manifest.path for record in records)
        raise WorkbenchError(f'"{request.crate_name}" is the name of several crates: {places}')
    model = _asked(request, key, url, token) if url is not None else _offline(request, snapshot)
    path = records[0].manifest.path
    write_port(discovery.absolute(path), path, request.label, model["port"], snapshot)
    click.echo(f"{path}: [ports] {request.label} = {model['port']}", err=True)
    return model


def _offline(request: AssignmentRequest, snapshot: Snapshot) -> dict[str, Any]:
    made: Assignment
    made, _ = Assignments().assign(request, snapshot, time.time(), actor=os.environ.get("USER", ""))
    return assignment_model(made, durable=False)


@ports.command()
@click.argument("port", type=_PORT)
@click.option("--id", "expected", default=None, help="Only if this is the assignment's id.")
@click.option("--key", default=None, help="Idempotency key: to ask again with it changes nothing more.")
@_URL
@_TOKEN
def release(port: int, expected: str | None, key: str | None, url: str | None, token: str | None) -> None:
    """Give PORT back."""
    from workbench.subcommands.client import Client

    with Client(url or DEFAULT_URL, _token(token)) as client:
        click.echo(f"released: {_line(client.release(port, expected, key))}")


def _token(given: str | None) -> str | None:
    from workbench.runtime import current_state_folder

    return given or secret_of(current_state_folder())


def _line(item: dict[str, Any]) -> str:
    state = (
        f"released {item['released_at']}"
        if item["released_at"]
        else f"until {item['expires_at']}"
        if item["expires_at"]
        else ""
    )
    return f"{item['port']:>5}  {item['crate_name']}  {item['label']}  {item['assigned_at']}  {state}".rstrip()
