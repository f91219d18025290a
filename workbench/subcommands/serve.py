"""`workbench serve`: the dashboards and the API over a fleet, live."""

import gc
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.config import (
    DEFAULT_HOST,
    DEFAULT_MUX_PORT,
    DEFAULT_PORT,
    DEFAULT_WS_PORT,
    demo_folder,
    has_variables,
    sample_fleet,
    sample_settings,
    state_folder,
)
from workbench.logs import FORMATS, LEVELS, LogFormat, LogLevel, set_up_logs
from workbench.processes.ending import leave
from workbench.subcommands.roots import CONFIG, PATHS, Roots, roots_of, settings_file, settings_from

if TYPE_CHECKING:
    from workbench.hub import Hub
    from workbench.security.gate import Gate
    from workbench.settings import Settings

# What is slow to import is imported by the server, once its ports are bound.


@click.command()
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
    from workbench.server import serve as run_server
    from workbench.serving.starting import LastList
    from workbench.sources.roots import check_roots

    if demo and paths:
        raise click.UsageError("give either --demo or PATHs, not both")
    given = {"host": host, "port": port, "ws_port": ws_port, "state": str(state) if state else None}
    login = {"users": users, "oauth_provider": oauth_provider}
    source = _source(paths, config, demo, given, login=login, observe={"enabled": observe}, mux={"url": mux})
    check_roots(source.roots)
    settings = source.settings
    server, log = (settings.server, settings.log) if settings else (None, None)
    set_up_logs(log_format or (log.format if log else "text"), log_level or (log.level if log else "warning"))
    with source.state(state) as folder:
        run_server(
            lambda: source.hub(folder),
            host=server.host if server else host or DEFAULT_HOST,
            port=server.port if server else port or DEFAULT_PORT,
            ws_port=(server.ws_port if server else DEFAULT_WS_PORT if ws_port is None else ws_port) or None,
            open_browser=open_browser,
            allow_origins=(server.origins if server else None) or (),
            last_list=LastList(folder, source.key),
            query_limits=settings.query.limits() if settings else None,
            mux_gateway=mux_gateway,
            gate=_gate(settings, folder, trust_loopback, unsafe_no_auth),
        )
    leave()


@dataclass(frozen=True)
class _Source:
    """What is served: the roots, and the settings that hold for them; None where nothing is said anywhere."""

    roots: list[Path]
    settings: "Settings | None"
    file: Path | None
    is_named: bool
    is_demo: bool

    @property
    def key(self) -> str:
        """What a list or a fleet of an earlier run must have been made from to be shown again."""
        known = self.settings and (self.settings.discovery, self.settings.ports)
        return repr(([str(root.absolute()) for root in self.roots], known))

    def state(self, given: Path | None) -> AbstractContextManager[Path]:
        """Give the state folder; a demonstration has one of its own, unless one is given."""
        if self.is_demo and given is None:
            return demo_folder()
        server = self.settings.server if self.settings and not self.is_demo else None
        return nullcontext(state_folder(Path(server.state) if server and server.state else given))

    def hub(self, folder: Path) -> "Hub":
        """Return the hub that follows the roots and keeps its state in a folder."""
        from workbench.live_hub import live_hub
        from workbench.settings import Settings, load_settings
        from workbench.store.last_fleet import LastFleet

        gc.enable()  # whatever is worth importing with it off is imported by now
        file, is_named, known = self.file, self.is_named, self.settings or Settings()
        if self.is_demo and file is None:
            # The demonstration takes nothing of the settings around it; its runners come with it.
            file, is_named = sample_settings(), True
            known = known.model_copy(update={"deploy": load_settings(file, {}).deploy})
        return live_hub(self.roots, known, folder, file=file, is_named=is_named, memory=LastFleet(folder, self.key))


def _source(paths: Roots, config: Path | None, demo: bool, server: dict[str, Any], **said: dict[str, Any]) -> _Source:
    """Return what is served, as the command line and the settings say; raises ConfigurationError.

    Host and ports alone need no settings: `serve` binds its ports before anything slow is imported.
    """
    file = config if demo else config or settings_file(paths)
    is_said = file or has_variables() or any(value for values in said.values() for value in values.values())
    settings = settings_from(file, server=server, **said) if is_said else None
    if settings and settings.login.users and said["login"]["users"] is None and file is not None:
        # Like the roots of a settings file, its users' file stands beside it.
        login = {**said["login"], "users": str(file.parent / settings.login.users)}
        settings = settings_from(file, server=server, **{**said, "login": login})
    roots = [sample_fleet()] if demo else roots_of(paths, config, settings)
    return _Source(roots, settings, file, config is not None, demo)


def _gate(settings: "Settings | None", folder: Path, trusts_loopback: bool, is_unsafe: bool) -> "Gate":
    """Return who may do what, and say where the operator's token is."""
    from workbench.security.gate import Gate
    from workbench.security.tokens import open_tokens

    opened = open_tokens(folder)
    click.echo(f"Token for changes over the API: {opened.where}")
    if opened.created and sys.stdout.isatty():
        click.echo(f"It was made just now, and is shown this once: {opened.created}")
    api, login = (settings.api, settings.login) if settings else (None, None)
    return Gate(opened.tokens, api, login, folder, trusts_loopback, is_unsafe)
