"""The server: pages, REST API and WebSocket of one hub in one process."""

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from tornado.httpserver import HTTPServer

from workbench.allocation import give_back_large_blocks
from workbench.config import DEFAULT_HOST, DEFAULT_PORT, DEFAULT_WS_PORT
from workbench.errors import AddressInUse, ConfigurationError
from workbench.front import Front
from workbench.gate import Gate
from workbench.listening import listening_sockets
from workbench.origins import LOOPBACK_NAMES, OriginPolicy, bracketed, is_loopback, origins_on
from workbench.starting import Beginning, EarlyAnswers, LastList
from workbench.worker_threads import WorkerThreads

if TYPE_CHECKING:
    from bokeh.server.server import Server as BokehServer
    from tornado.web import Application

    from api.measures import LoopClock
    from workbench.access import AccessRules
    from workbench.hub import Hub
    from workbench.query_pool import QueryLimits
    from workbench.table_keeper import TableKeeper

logger = logging.getLogger(__name__)

Pages = Mapping[str, Callable[[], Any]]

FIRST_PAGE: Final = "/fleet"
_STOP_SECONDS: Final = 4.0
_KEEP_FIRST: Final = 2.0
_KEEP_EVERY: Final = 30.0
_ATTENTIVE_SECONDS: Final = 0.0005
_SOON_LISTED: Final = 2_000
"""The list of so many crates is still made at a stop, where nobody has asked for it."""
_SLOW_IMPORTS: Final = (
    "numpy", "bokeh.models", "bokeh.server.server", "pandas", "panel", "workbench.hub", "api",
)  # fmt: skip
"""One after the other, each in below half a second: between them the start can be given up."""
_ANY_HOST: Final = frozenset({"", "0.0.0.0", "::"})


@dataclass(frozen=True)
class Address:
    """Where to listen. A port of 0 is any free one, a `ws_port` or `mux_port` of None no such port at all."""

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    ws_port: int | None = DEFAULT_WS_PORT
    mux_port: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names under which browsers may know this server."""
        if self.host == "localhost" or is_loopback(self.host):
            return tuple(dict.fromkeys([*LOOPBACK_NAMES, self.host]))
        if self.host in _ANY_HOST:
            return (*LOOPBACK_NAMES, socket.gethostname(), *_own_addresses())
        return (self.host, *LOOPBACK_NAMES)

    @property
    def url(self) -> str:
        """The URL of the pages, for a browser on this machine."""
        return f"http://{bracketed('localhost' if self.host in _ANY_HOST else self.host)}:{self.port}"


def _own_addresses() -> list[str]:
    with contextlib.suppress(OSError):
        return sorted({str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None)})
    return []


def serve(  # noqa: PLR0913 - one keyword for each thing that an operator can choose
    hub: "Hub | Callable[[], Hub]",
    *,
    host: str = DEFAULT_HOST,
    port: int = DEFAULT_PORT,
    ws_port: int | None = DEFAULT_WS_PORT,
    open_browser: bool = False,
    allow_origins: Sequence[str] = (),
    on_ready: Callable[[Address], None] | None = None,
    pages: Pages | None = None,
    last_list: LastList | None = None,
    gate: Gate | None = None,
    query_limits: "QueryLimits | None" = None,
    mux_gateway: int | None = None,
) -> None:
    """Serve a hub until SIGTERM, SIGINT or `Ctrl-C`; starts the hub and stops it.

    A function in place of the hub is called once the ports are bound, off the loop. `allow_origins` are
    further page origins, such as `https://ops.example.org`; `on_ready` is told where the server listens;
    `pages` replaces the dashboards; `last_list` is served until all is ready; `gate` says who may do what;
    `query_limits` say what a query may cost; on the port `mux_gateway` the server answers as a Neural Mux would.
    Raises AddressInUse if a port is taken, and ConfigurationError if the server would be open to other machines by
    oversight.
    """
    gate = gate or Gate()
    gate.check(host)
    give_back_large_blocks()
    address = Address(host, port, ws_port, mux_gateway)
    server = Server(hub, address, allow_origins, pages, last_list, gate, query_limits)
    asyncio.run(server.run(on_ready, open_browser))


@dataclass
class Server:
    """The servers of one hub on the running loop."""

    given: "Hub | Callable[[], Hub]"
    address: Address
    allow_origins: Sequence[str] = ()
    pages: Pages | None = None
    last_list: LastList | None = None
    gate: Gate = field(default_factory=Gate)
    query_limits: "QueryLimits | None" = None
    _hub: "Hub | None" = None
    _bokeh: "BokehServer | None" = None
    _listening: list[HTTPServer] = field(default_factory=list)
    _listed: int = 0
    _clock: "LoopClock | None" = None
    _keeper: "TableKeeper | None" = None
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, on_ready: Callable[[Address], None] | None = None, open_browser: bool = False) -> None:
        """Start, wait for a signal or `request_stop`, and stop."""
        asyncio.get_running_loop().set_default_executor(WorkerThreads())
        try:
            with _signals(self.request_stop):
                await self.start()
            if self._stopping.is_set():
                return
            # Once more, since Panel took SIGINT for itself on the way.
            with _signals(self.request_stop):
                (on_ready or _announce)(self.address)
                if open_browser:
                    _open(self.address.url + FIRST_PAGE)
                while not self._stopping.is_set():
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._stopping.wait(), _KEEP_EVERY if self._listed else _KEEP_FIRST)
                    await self._keep_list()
        finally:
            await self.stop()

    def request_stop(self) -> None:
        """Ask a running server to stop; a second time, end the process at once."""
        if self._stopping.is_set():
            os._exit(1)
        self._stopping.set()

    async def start(self) -> None:
        """Listen, then make everything else ready, unless a stop is asked for meanwhile; raises AddressInUse."""
        _quiet_logs()
        for notice in self.gate.notices():
            logger.warning(notice)
        fronts = self._listen()
        with _attentive():
            self._hub = await asyncio.to_thread(self._prepared)
        if self._hub is None or self._stopping.is_set():
            return
        self._hub.start()
        self._bokeh = self._pages_server()
        self._bokeh.start()
        pages: Application = self._bokeh._tornado
        applications = [pages]
        if self.address.ws_port is not None:
            applications.append(self._application("socket_routes", pages))
        if self.address.mux_port is not None:
            applications.append(self._application("gateway_routes", pages))
        from api.measures import start_clock
        from workbench.table_keeper import TableKeeper

        self._clock = start_clock(self._hub)
        self._keeper = TableKeeper(self._hub)
        self._keeper.start()
        for front, application in zip(fronts, applications, strict=True):
            front.give_way(application)
        if not self.gate.closes_reads:
            from api.repeats import RepeatedReads

            fronts[0].give_way(RepeatedReads(pages, self._hub))

    def _listen(self) -> list[Front]:
        """Bind all ports before anything slow begins, and answer there that the server is starting."""
        address = self.address
        wanted = {"--port": address.port, "--ws-port": address.ws_port, "--mux-gateway": address.mux_port}
        bound_to = _all_bound({option: port for option, port in wanted.items() if port is not None}, address.host)
        ports = {option: bound[0].getsockname()[1] for option, bound in bound_to.items()}
        self.address = Address(address.host, ports["--port"], ports.get("--ws-port"), ports.get("--mux-gateway"))
        sockets = list(bound_to.values())
        last = None if self.gate.closes_reads else self.last_list
        hosts = self.gate.hosts(self.address.names, self.allow_origins)
        beginning = Beginning(last, self._origins(), hosts)
        fronts = [Front(EarlyAnswers(beginning)) for _ in sockets]
        for front, bound in zip(fronts, sockets, strict=True):
            self._listening.append(front.listen(bound))
        return fronts

    def _prepared(self) -> "Hub | None":
        """Import what is slow to import, and return the hub; None once a stop is asked for."""
        for name in (*_SLOW_IMPORTS, *(["workbench.dashboards"] if self.pages is None else [])):
            if self._stopping.is_set():
                return None
            import_module(name)
        return self.given() if callable(self.given) else self.given

    async def stop(self) -> None:
        """Close the sockets with 1001, stop listening, and stop the hub."""
        for listening in self._listening:
            listening.stop()
        if self._clock is not None:
            self._clock.stop()
        if self._keeper is not None:
            await asyncio.to_thread(self._keeper.stop)
        if self._hub is None:
            return
        from api.broadcast import close_clients
        from workbench.query_pool import close_pool

        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await close_clients(self._hub)
                if self._bokeh:
                    await _stopped(self._bokeh)
                for listening in self._listening:
                    await listening.close_all_connections()
        except TimeoutError:
            logger.warning("some connections did not end within %g s", _STOP_SECONDS)
        await asyncio.to_thread(close_pool, self._hub)
        await asyncio.to_thread(self._hub.stop)

    async def _keep_list(self) -> None:
        """Keep the list of crates for the next start, if it changed since it was last kept."""
        hub, last = self._hub, self.last_list
        if hub is None or last is None or hub.is_last_known or hub.snapshot.revision == self._listed:
            return
        from api.segments import list_body, segments_of

        snapshot = hub.snapshot
        if self._stopping.is_set() and len(snapshot.crates) > _SOON_LISTED:
            return  # what was kept last stays; it says how old it is
        body = list_body(segments_of(hub, snapshot), snapshot)
        self._listed = snapshot.revision
        await asyncio.to_thread(lambda: last.write(body.identity.get(), body.gzip.get()))

    def _application(self, routes: str, pages: "Application") -> "Application":
        """Return what answers at a port of its own; it knows people by the sign-in of the pages."""
        from tornado.web import Application

        import api

        assert self._hub is not None
        shared = {name: pages.settings.get(name) for name in ("api_origins", "api_access", "cookie_secret")}
        application = Application(list(getattr(api, routes)(self._hub)), **shared)
        application.auth_provider = pages.auth_provider  # type: ignore[attr-defined]
        return application

    def _origins(self) -> OriginPolicy:
        own = origins_on(self.address.names, (self.address.port,))
        return OriginPolicy([*own, *self.allow_origins])

    def _login(self) -> dict[str, Any]:
        """Return what Panel's server needs to know for people to sign in: nothing, if they need not."""
        login = self.gate.login
        if login is None or not login.is_configured:
            return {}
        from workbench.dashboards.sign_in import PeopleProvider

        assert self._hub is not None
        secret = self.gate.cookie_secret()
        if login.users:
            provider = PeopleProvider(self.gate.people(), self._hub.audit, self._origins())
            return {"cookie_secret": secret, "auth_provider": provider}
        from workbench.dashboards.sign_in_elsewhere import ElsewhereProvider, Guests

        assert login.oauth_provider is not None
        return {
            "cookie_secret": secret,
            "auth_provider": ElsewhereProvider(login.oauth_provider, Guests(login.oauth_users), self._hub.audit),
            "oauth_key": login.oauth_key,
            "oauth_secret": login.oauth_secret,
            "oauth_redirect_uri": login.oauth_redirect_uri,
            "oauth_extra_params": login.oauth_extra_params,
        }

    def _pages_server(self) -> "BokehServer":
        """Return Panel's server with the API in it. It listens nowhere itself: our fronts hand requests to it."""
        import panel as pn
        from tornado.web import RedirectHandler

        from api import grouped, routes
        from workbench.query_pool import pool_of

        assert self._hub is not None
        # Whoever asks first, a page or a program: what a query may cost is settled before.
        pool_of(self._hub, self.query_limits)
        rules = self.gate.rules(self.address.names, self.allow_origins)
        pages = self.pages if self.pages is not None else _dashboards(self._hub, rules, self.gate.notices())
        pn.config.reconnect = True
        origins = [f"{bracketed(name)}:{self.address.port}" for name in self.address.names]
        extra = [origin.partition("://")[2] for origin in self.allow_origins]
        redirect = (r"/", RedirectHandler, {"url": FIRST_PAGE, "permanent": False})
        server: BokehServer = pn.serve(
            dict(pages),
            port=0,
            address="127.0.0.1",
            websocket_origin=[*origins, *extra],
            start=False,
            show=False,
            verbose=False,
            extra_patterns=[redirect],
            unused_session_lifetime_milliseconds=60_000,
            check_unused_sessions_milliseconds=10_000,
            api_origins=self._origins(),
            query_limits=self.query_limits,
            api_access=rules,
            **self._login(),
        )
        # Before the pages' patterns, of which there are many.
        server._tornado.add_handlers(r".*", list(grouped(routes(self._hub))))
        server._http.stop()
        return server


def _dashboards(hub: "Hub", rules: "AccessRules", notices: Sequence[str]) -> Pages:
    from workbench.dashboards import page_functions
    from workbench.workbench import Workbench

    functions: Pages = page_functions(Workbench(hub), rules, notices)
    return functions


def _all_bound(ports: Mapping[str, int], host: str) -> dict[str, list[socket.socket]]:
    """Return the sockets of every port by its option; if one port is taken, none stays bound."""
    with contextlib.ExitStack() as stack:
        bound = {}
        for option, port in ports.items():
            bound[option] = _bound(option, port, host)
            for item in bound[option]:
                stack.enter_context(item)
        stack.pop_all()
    return bound


def _bound(option: str, port: int, host: str) -> list[socket.socket]:
    with _address_errors(option, port):
        return listening_sockets(port, None if host in _ANY_HOST else host)


@contextlib.contextmanager
def _address_errors(option: str, port: int) -> Iterator[None]:
    """Turn what the system says of an address into what a person can do about it."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise AddressInUse(
                f"port {port} is in use by another program; stop that one, or choose another port with {option}",
                port=port, option=option,
            ) from None  # fmt: skip
        reason = error.strerror or str(error)
        raise ConfigurationError(f"cannot listen on port {port}: {reason}; see --host and {option}") from None


async def _stopped(server: "BokehServer") -> None:
    # Bokeh 3.10 finishes its sessions in the background of a running loop; 3.9 does so at once.
    if hasattr(server, "stop_async"):
        await server.stop_async()
    else:
        server.stop()


@contextlib.contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` at SIGTERM and SIGINT, where this thread may listen for signals."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT) if threading.current_thread() is threading.main_thread() else ()
    for number in numbers:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


@contextlib.contextmanager
def _attentive() -> Iterator[None]:
    """Let the loop have the interpreter back soon from a thread that imports, so that early answers need not wait."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_ATTENTIVE_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _quiet_logs() -> None:
    """Keep a line for every request out of the log; what failed is logged where it failed, with its request id."""
    logging.getLogger("tornado.access").setLevel(logging.CRITICAL)
    for name in ("bokeh.server", "bokeh.core", "panel"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _announce(address: Address) -> None:
    sys.stdout.write(f"Crate Workbench: {address.url}{FIRST_PAGE}  (Ctrl-C ends it)\n")
    sys.stdout.flush()


def _open(url: str) -> None:
    import webbrowser

    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
