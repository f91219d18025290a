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
from typing import TYPE_CHECKING, Any, Final

from tornado.httpserver import HTTPServer
from tornado.web import Application, RedirectHandler

from api import routes, socket_routes
from api.broadcast import close_clients
from api.listening import listening_sockets
from api.origins import LOOPBACK_NAMES, OriginPolicy, bracketed, is_loopback, origins_on
from workbench.config import DEFAULT_HOST, DEFAULT_PORT, DEFAULT_WS_PORT
from workbench.errors import AddressInUse, ConfigurationError
from workbench.hub import Hub
from workbench.tokens import Tokens

if TYPE_CHECKING:
    from bokeh.server.server import Server as BokehServer

logger = logging.getLogger(__name__)

Pages = Mapping[str, Callable[[], Any]]

FIRST_PAGE: Final = "/fleet"
_MAX_BODY: Final = 16 * 1024 * 1024
_STOP_SECONDS: Final = 4.0
_ANY_HOST: Final = frozenset({"", "0.0.0.0", "::"})


@dataclass(frozen=True)
class Address:
    """Where to listen. A port of 0 is any free one, a `ws_port` of None no second port at all."""

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    ws_port: int | None = DEFAULT_WS_PORT

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
    hub: Hub,
    *,
    host: str = DEFAULT_HOST,
    port: int = DEFAULT_PORT,
    ws_port: int | None = DEFAULT_WS_PORT,
    open_browser: bool = False,
    allow_origins: Sequence[str] = (),
    on_ready: Callable[[Address], None] | None = None,
    pages: Pages | None = None,
    tokens: Tokens | None = None,
) -> None:
    """Serve a hub until SIGTERM, SIGINT or `Ctrl-C`; starts the hub and stops it.

    `allow_origins` are further page origins, such as `https://ops.example.org`; `on_ready` is told where the
    server listens; `pages` replaces the dashboards; `tokens` are those that may change something. Raises
    AddressInUse if a port is taken.
    """
    server = Server(hub, Address(host, port, ws_port), allow_origins, pages, tokens)
    asyncio.run(server.run(on_ready, open_browser))


@dataclass
class Server:
    """The servers of one hub on the running loop."""

    hub: Hub
    address: Address
    allow_origins: Sequence[str] = ()
    pages: Pages | None = None
    tokens: Tokens | None = None
    _bokeh: "BokehServer | None" = None
    _beside: HTTPServer | None = None
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, on_ready: Callable[[Address], None] | None = None, open_browser: bool = False) -> None:
        """Start, wait for a signal or `request_stop`, and stop."""
        try:
            self.start()
            with _signals(self.request_stop):
                (on_ready or _announce)(self.address)
                if open_browser:
                    _open(self.address.url + FIRST_PAGE)
                await self._stopping.wait()
        finally:
            await self.stop()

    def request_stop(self) -> None:
        """Ask a running server to stop; a second time, end the process at once."""
        if self._stopping.is_set():
            os._exit(1)
        self._stopping.set()

    def start(self) -> None:
        """Listen, and start the hub; raises AddressInUse."""
        sockets = self._bind()
        self.hub.start()
        _quiet_logs()
        self._bokeh = self._pages_server()
        self._bokeh.start()
        if sockets:
            self._beside = HTTPServer(Application(list(socket_routes(self.hub)), api_origins=self._origins()))
            self._beside.add_sockets(sockets)

    async def stop(self) -> None:
        """Close the sockets with 1001, stop listening, and stop the hub."""
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                if self._beside:
                    self._beside.stop()
                await close_clients(self.hub)
                if self._bokeh:
                    await _stopped(self._bokeh)
        except TimeoutError:
            logger.warning("some connections did not end within %g s", _STOP_SECONDS)
        await asyncio.to_thread(self.hub.stop)

    def _bind(self) -> list[socket.socket]:
        """Make sure of both ports before anything slow begins; the second one is kept."""
        address = self.address
        for probe in _bound("--port", address.port, address.host):
            port = probe.getsockname()[1]
            probe.close()
        sockets = [] if address.ws_port is None else _bound("--ws-port", address.ws_port, address.host)
        ws_port = sockets[0].getsockname()[1] if sockets else None
        self.address = Address(address.host, address.port or port, ws_port)
        return sockets

    def _origins(self) -> OriginPolicy:
        own = origins_on(self.address.names, (self.address.port,))
        return OriginPolicy([*own, *self.allow_origins])

    def _pages_server(self) -> "BokehServer":
        import panel as pn

        pages = self.pages if self.pages is not None else _dashboards(self.hub)
        pn.config.reconnect = True
        origins = [f"{bracketed(name)}:{self.address.port}" for name in self.address.names]
        extra = [origin.partition("://")[2] for origin in self.allow_origins]
        with _address_errors("--port", self.address.port):
            server: BokehServer = pn.serve(
                dict(pages),
                port=self.address.port,
                address=None if self.address.host in _ANY_HOST else self.address.host,
                websocket_origin=[*origins, *extra],
                start=False,
                show=False,
                verbose=False,
                extra_patterns=[(r"/", RedirectHandler, {"url": FIRST_PAGE, "permanent": False}), *routes(self.hub)],
                http_server_kwargs={"max_body_size": _MAX_BODY},
                unused_session_lifetime_milliseconds=60_000,
                check_unused_sessions_milliseconds=10_000,
                api_origins=self._origins(),
                api_tokens=self.tokens,
            )
        return server


def _dashboards(hub: Hub) -> Pages:
    from workbench.dashboards import page_functions
    from workbench.workbench import Workbench

    functions: Pages = page_functions(Workbench(hub))
    return functions


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
