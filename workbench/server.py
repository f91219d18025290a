"""The server: pages, REST API and WebSocket of one hub in one process."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Final

from tornado.httpserver import HTTPServer

from workbench.config import DEFAULT_HOST, DEFAULT_PORT, DEFAULT_WS_PORT
from workbench.processes.allocation import give_back_large_blocks
from workbench.processes.worker_threads import WorkerThreads
from workbench.security.gate import Gate
from workbench.serving.address import Address
from workbench.serving.front import Front
from workbench.serving.pages_server import FIRST_PAGE, Pages, PagesServer
from workbench.serving.starting import Beginning, EarlyAnswers, LastList
from workbench.serving.waiting_room import WaitingRoom

if TYPE_CHECKING:
    from tornado.web import Application

    from api.measures import LoopClock
    from workbench.hub import Hub
    from workbench.queries.query_pool import QueryLimits
    from workbench.serving.preparer import Preparer

logger = logging.getLogger(__name__)

_STOP_SECONDS: Final = 4.0
_KEEP_FIRST: Final = 2.0
_KEEP_EVERY: Final = 30.0
_ATTENTIVE_SECONDS: Final = 0.0005
_FAIR_SECONDS: Final = 0.001
"""The loop waits so long for each thread that computes, several times for an answer; Python's own 5 ms add up."""
_SOON_LISTED: Final = 2_000
"""The list of so many crates is still made at a stop, where nobody has asked for it."""
_SLOW_IMPORTS: Final = (
    "numpy", "bokeh.models", "bokeh.server.server", "pandas", "panel", "workbench.hub", "api",
)  # fmt: skip
"""One after the other, each in below half a second: between them the start can be given up."""


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
    _panel: PagesServer | None = None
    _listening: list[HTTPServer] = field(default_factory=list)
    _waiting_room: WaitingRoom = field(default_factory=WaitingRoom)
    _listed: int = 0
    _clock: "LoopClock | None" = None
    _preparer: "Preparer | None" = None
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, on_ready: Callable[[Address], None] | None = None, open_browser: bool = False) -> None:
        """Start, wait for a signal or `request_stop`, and stop."""
        asyncio.get_running_loop().set_default_executor(WorkerThreads())
        with _attentive(_FAIR_SECONDS):
            await self._run(on_ready, open_browser)

    async def _run(self, on_ready: Callable[[Address], None] | None, open_browser: bool) -> None:
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
        with _attentive(_ATTENTIVE_SECONDS):
            self._hub = await asyncio.to_thread(self._prepared)
        if self._hub is None or self._stopping.is_set():
            return
        self._hub.start()
        from api.measures import start_clock
        from workbench.serving.preparer import Preparer

        answering = self._applications(self._hub)
        self._clock = start_clock(self._hub)
        self._preparer = Preparer(self._hub, self._panel.makes if self._panel else ())
        self._preparer.start()
        await self._resumed(self._hub)
        for front, application in zip(fronts, answering, strict=True):
            front.give_way(application)
        if not self.gate.closes_reads:
            from api.repeats import RepeatedReads

            fronts[0].give_way(RepeatedReads(answering[0], self._hub))
        self._waiting_room.open()

    def _applications(self, hub: "Hub") -> "list[Application]":
        """Start Panel's server, and return what answers at each port."""
        self._panel = PagesServer(hub, self.address, self.allow_origins, self.pages, self.gate, self.query_limits)
        self._panel.start()
        beside = {"socket_routes": self.address.ws_port, "gateway_routes": self.address.mux_port}
        others = [self._panel.beside(routes) for routes, port in beside.items() if port is not None]
        return [self._panel.application, *others]

    async def _resumed(self, hub: "Hub") -> None:
        """Wait until the hub knows what earlier runs left, or a stop is asked for; before, it could tell little."""
        waits = [asyncio.to_thread(hub.wait_resumed), self._stopping.wait()]
        tasks = [asyncio.ensure_future(wait) for wait in waits]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()

    def _listen(self) -> list[Front]:
        """Bind all ports before anything slow begins, and answer there that the server is starting."""
        self.address, sockets = self.address.bound()
        last = None if self.gate.closes_reads else self.last_list
        hosts = self.gate.hosts(self.address.names, self.allow_origins)
        beginning = Beginning(last, self.address.origins(self.allow_origins), hosts)
        fronts = [Front(EarlyAnswers(beginning), self._waiting_room) for _ in sockets]
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
        self._waiting_room.open()
        if self._clock is not None:
            self._clock.stop()
        if self._preparer is not None:
            await asyncio.to_thread(self._preparer.stop)
        if self._hub is None:
            return
        from api.broadcast import close_clients
        from workbench.queries.query_pool import close_pool

        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await close_clients(self._hub)
                if self._panel is not None:
                    await self._panel.stop()
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
        if self._stopping.is_set() and len(snapshot.records) > _SOON_LISTED:
            return  # what was kept last stays; it says how old it is
        if hub.visits.pause() and not self._stopping.is_set():
            return  # at the next look
        body = list_body(segments_of(hub, snapshot), snapshot)
        self._listed = snapshot.revision
        await asyncio.to_thread(lambda: last.write(body.identity.get(), body.gzip.get()))


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
def _attentive(seconds: float) -> Iterator[None]:
    """Let the loop have the interpreter back within some seconds from threads that import or compute."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(seconds)
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
