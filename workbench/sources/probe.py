"""Probes of other hosts: whether a TCP connection to a port is taken, few at a time and no faster than allowed."""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from workbench.fleet.observed import Probe, ProbeResult

logger = logging.getLogger(__name__)

MOST_PORTS: Final = 2000
"""How many ports of one host are probed at most; of more declared ones, the lowest."""
_AT_ONCE: Final = 16
_PER_SECOND: Final = 50.0
_STOP_CHECK: Final = 0.2


@dataclass(frozen=True, slots=True)
class Target:
    """A host to probe. `ports` of None are those that the fleet declares; times are in seconds."""

    host: str
    ports: tuple[int, ...] | None = None
    interval: float = 60.0
    timeout: float = 2.0
    health: bool = False
    """Whether the crates' declared health endpoints are asked there too."""


class Prober:
    """A thread that probes each target at its interval. `declared` returns the fleet's ports at that moment."""

    def __init__(
        self, targets: Iterable[Target], declared: Callable[[], Iterable[int]], on_change: Callable[[], None]
    ) -> None:
        self.targets = tuple(targets)
        self._declared = declared
        self._on_change = on_change
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._found: dict[str, dict[int, Probe]] = {}
        self.probed_at: dict[str, float] = {}
        """When the newest round over each host ended, in seconds since the epoch."""

    @property
    def probes(self) -> tuple[Probe, ...]:
        """The newest results, by host and port."""
        return tuple(probe for found in self._found.values() for probe in found.values())

    def start(self) -> None:
        """Begin to probe; returns at once."""
        if self._thread is None and self.targets:
            self._thread = threading.Thread(target=self._run, name="workbench-probe", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread; returns when it has ended."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _run(self) -> None:
        due = dict.fromkeys(self.targets, 0.0)
        while not self._stopped.is_set():
            target = min(due, key=lambda item: due[item])
            self._stopped.wait(max(0.0, due[target] - time.monotonic()))
            if not self._stopped.is_set():
                due[target] = time.monotonic() + target.interval
                try:
                    asyncio.run(self._round(target))
                except Exception:
                    logger.exception("probing %s failed", target.host)

    async def _round(self, target: Target) -> None:
        ports = sorted(set(self._declared() if target.ports is None else target.ports))[:MOST_PORTS]
        gate = asyncio.Semaphore(_AT_ONCE)
        waiting: set[asyncio.Task[None]] = set()
        older = self._found.get(target.host, {})
        newer: dict[int, Probe] = {}

        async def one(port: int) -> None:
            async with gate:
                result = await knock(target.host, port, target.timeout)
            known = older.get(port)
            newer[port] = known if known and known.result == result else Probe(target.host, port, result, time.time())

        for port in ports:
            if self._stopped.is_set():
                break
            waiting.add(asyncio.create_task(one(port)))
            await asyncio.sleep(1 / _PER_SECOND)
        while waiting and not self._stopped.is_set():
            _, waiting = await asyncio.wait(waiting, timeout=_STOP_CHECK)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        if self._stopped.is_set():
            return
        newer = {port: newer[port] for port in sorted(newer)}
        self._found = {**self._found, target.host: newer}
        self.probed_at[target.host] = time.time()
        if newer != older:
            self._on_change()


async def knock(host: str, port: int, timeout: float) -> ProbeResult:  # noqa: ASYNC109 - a setting of the target
    """Return what an attempt to connect comes to; nothing is sent."""
    try:
        async with asyncio.timeout(timeout):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        return "timeout"
    except ConnectionRefusedError:
        return "closed"
    except (OSError, ValueError):  # a name that cannot be one is a ValueError
        return "unreachable"
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return "open"
