"""Rounds of questions to other hosts: each host at its interval, few questions at a time, and never in haste."""

import asyncio
import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar, Final, TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")

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


@dataclass(frozen=True, slots=True)
class Pace:
    """How many questions of a round are open at most, and how many begin in a second."""

    at_once: int
    per_second: float


class Rounds(ABC):
    """A thread that goes round each target at its interval; a round that fails is logged, and the next comes."""

    name: ClassVar[str]
    """What a round is called in the log, and its thread."""

    def __init__(self, targets: Iterable[Target]) -> None:
        self.targets: Final = tuple(targets)
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, if there is any target; returns at once."""
        if self._thread is None and self.targets:
            self._thread = threading.Thread(target=self._run, name=f"workbench-{self.name}", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread, a round under way included; returns when it has ended."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    @abstractmethod
    async def go(self, target: Target) -> None:
        """Go round one target."""

    async def ask(self, items: Iterable[T], one: Callable[[T], Awaitable[None]], pace: Pace) -> bool:
        """Ask one question for each item, at a pace; False if the round was stopped before all were answered."""
        gate = asyncio.Semaphore(pace.at_once)
        waiting: set[asyncio.Task[None]] = set()

        async def gated(item: T) -> None:
            async with gate:
                await one(item)

        for item in items:
            if self._stopped.is_set():
                break
            waiting.add(asyncio.create_task(gated(item)))
            await asyncio.sleep(1 / pace.per_second)
        while waiting and not self._stopped.is_set():
            _, waiting = await asyncio.wait(waiting, timeout=_STOP_CHECK)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return not self._stopped.is_set()

    def _run(self) -> None:
        due = dict.fromkeys(self.targets, 0.0)
        while not self._stopped.is_set():
            target = min(due, key=lambda item: due[item])
            self._stopped.wait(max(0.0, due[target] - time.monotonic()))
            if not self._stopped.is_set():
                due[target] = time.monotonic() + target.interval
                try:
                    asyncio.run(self.go(target))
                except Exception:
                    logger.exception("the %s of %s failed", self.name, target.host)
