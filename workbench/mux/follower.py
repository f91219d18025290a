"""A thread that follows the Mux. Whatever that does, nobody waits for it: readers take the last view."""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from workbench.fleet.wire import iso
from workbench.mux.circuit import Circuit
from workbench.mux.client import MuxClient
from workbench.mux.exchange import DEFAULT_MAX_BYTES, DEFAULT_TIMEOUT, Exchange
from workbench.mux.failures import MuxFailure
from workbench.mux.socket import MuxSocket
from workbench.mux.view import MuxView, Phase

logger = logging.getLogger(__name__)

DEFAULT_INTERVAL: Final = 5.0
_LEAST_GAP: Final = 0.5
"""Hints come as fast as they like; the Mux is asked no more often than this, in seconds."""

OnChange = Callable[[MuxView, MuxView], None]


@dataclass(frozen=True)
class MuxOptions:
    """Where a Mux is and how it is asked. Times are in seconds; the token is never shown."""

    url: str
    token: str | None = field(default=None, repr=False)
    interval: float = DEFAULT_INTERVAL
    timeout: float = DEFAULT_TIMEOUT
    max_bytes: int = DEFAULT_MAX_BYTES
    socket: bool = True
    longest_pause: float = 60.0


class MuxFollower:
    """Keeps the newest view of a Mux. `on_change` is called with the view before and the new one, on its own thread."""

    def __init__(self, options: MuxOptions, on_change: OnChange) -> None:
        self.options = options
        self._on_change = on_change
        self._view = MuxView(options.url, since=time.time())
        self._circuit = Circuit(options.interval, options.longest_pause)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._socket: MuxSocket | None = None
        self._running = threading.Event()
        self._polls = 0

    @property
    def view(self) -> MuxView:
        """What is known now."""
        return self._view

    def start(self) -> None:
        """Begin to follow; returns once the thread's loop runs."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="workbench-mux", daemon=True)
            self._thread.start()
            self._running.wait()

    def stop(self) -> None:
        """End the thread; returns when it has ended."""
        if self._thread is None:
            return
        if self._loop is not None and self._task is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(timeout=10)
        self._thread = None

    def link_status(self) -> dict[str, Any]:
        """Return how the connection fares, for people who look after it."""
        view, socket = self._view, self._socket
        return {
            "phase": view.phase,
            "error": view.error,
            "failures": view.failures,
            "circuit": view.circuit,
            "next_try_at": iso(view.next_try_at),
            "polls": self._polls,
            "interval_seconds": self.options.interval,
            "socket": socket.state if socket else "off",
            "socket_error": socket.error if socket else None,
            "socket_messages": socket.messages if socket else 0,
        }

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except asyncio.CancelledError:
            logger.debug("following the Mux has ended")
        except Exception:
            logger.exception("following the Mux failed")
        finally:
            self._running.set()

    async def _main(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._hint = asyncio.Event()
        self._running.set()
        options = self.options
        exchange = Exchange(options.url, options.token, options.timeout, options.max_bytes)
        listening = None
        if options.socket:
            self._socket = MuxSocket(options.url, self._hint.set, options.token, options.timeout, options.interval)
            listening = asyncio.create_task(self._socket.run())
        try:
            await self._poll(MuxClient(exchange))
        finally:
            if listening is not None:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
            await exchange.close()

    async def _poll(self, client: MuxClient) -> None:
        while True:
            self._circuit.begin()
            try:
                result = await client.fetch()
            except MuxFailure as failure:
                self._fail(failure.reason)
            except Exception as error:  # an answer that nobody thought of must not end the following
                logger.exception("an answer of the Mux could not be read")
                self._fail(f"its answer could not be read: {error}")
            else:
                self._circuit.succeed()
                self._turn(phase="live", result=result, error=None)
            await self._rest()

    def _fail(self, reason: str) -> None:
        self._circuit.fail()
        phase: Phase = "away" if self._circuit.is_open else self._view.phase
        self._turn(phase=phase, error=reason)

    def _turn(self, phase: Phase, **changes: Any) -> None:
        """Make the next view, and tell of it."""
        older, now = self._view, time.time()
        pause = self._circuit.pause()
        self._pause = pause
        self._polls += 1
        self._view = replace(
            older,
            phase=phase,
            since=older.since if phase == older.phase else now,
            failures=self._circuit.failures,
            circuit=self._circuit.state,
            next_try_at=now + pause,
            **changes,
        )
        self._on_change(older, self._view)

    async def _rest(self) -> None:
        """Wait until it is time, or until the socket hints at news; never less than a decent gap."""
        gap = min(self._pause, self.options.interval if self._circuit.is_open else _LEAST_GAP)
        await asyncio.sleep(gap)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._pause - gap):
                await self._hint.wait()
        self._hint.clear()
