"""Probes of declared health endpoints over HTTP, on hosts that the operator names: few at a time, never in haste."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import httpx
import orjson

from workbench.fleet.health import Evidence, State
from workbench.fleet.health_target import HealthTarget
from workbench.fleet.mux import health_of
from workbench.sources.probe import Target

logger = logging.getLogger(__name__)

MOST_CRATES: Final = 2000
"""How many crates are asked on one host at most; of more, the first by name."""
_AT_ONCE: Final = 8
_PER_SECOND: Final = 20.0
_MOST_BYTES: Final = 65_536
_STOP_CHECK: Final = 0.2


class _Reply(NamedTuple):
    state: State
    detail: str


class HealthProber:
    """A thread that asks each target's crates at its interval. `wanted` returns whom to ask at that moment."""

    def __init__(
        self, targets: Iterable[Target], wanted: Callable[[], Iterable[HealthTarget]], on_change: Callable[[], None]
    ) -> None:
        self.targets = tuple(target for target in targets if target.health)
        self._wanted = wanted
        self._on_change = on_change
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._found: dict[str, dict[str, Evidence]] = {}

    def evidence(self) -> Iterable[tuple[str, Evidence]]:
        """Yield what the newest rounds said of each crate, of all hosts the best: it need not run on each of them."""
        for crate in sorted({crate for found in self._found.values() for crate in found}):
            said = [found[crate] for found in self._found.values() if crate in found]
            yield crate, min(said, key=lambda item: (item.state == "silent", -item.at))

    def start(self) -> None:
        """Begin to ask; returns at once."""
        if self._thread is None and self.targets:
            self._thread = threading.Thread(target=self._run, name="workbench-health-probe", daemon=True)
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
                    logger.exception("asking %s for the health of crates failed", target.host)

    async def _round(self, target: Target) -> None:
        gate = asyncio.Semaphore(_AT_ONCE)
        found: dict[str, Evidence] = {}
        # Only plain HTTP is spoken, so that no certificates need to be loaded.
        async with httpx.AsyncClient(timeout=target.timeout, trust_env=False, verify=False) as http:

            async def one(wanted: HealthTarget) -> None:
                async with gate:
                    reply = await _asked(http, target, wanted)
                found[wanted.crate] = Evidence(
                    "http-probe", reply.state, time.time(), 3 * target.interval + target.timeout, reply.detail
                )

            waiting: set[asyncio.Task[None]] = set()
            for wanted in list(self._wanted())[:MOST_CRATES]:
                if self._stopped.is_set():
                    break
                waiting.add(asyncio.create_task(one(wanted)))
                await asyncio.sleep(1 / _PER_SECOND)
            while waiting and not self._stopped.is_set():
                _, waiting = await asyncio.wait(waiting, timeout=_STOP_CHECK)
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        if not self._stopped.is_set():
            self._found = {**self._found, target.host: found}
            self._on_change()


async def _asked(http: httpx.AsyncClient, target: Target, wanted: HealthTarget) -> _Reply:
    """Return what a crate says on the first of its ports on which it tells of its health."""
    absent = None
    for port in wanted.ports:
        try:
            async with asyncio.timeout(target.timeout):
                status, body = await _get(http, target.host, port, wanted.path)
        except httpx.ConnectError:
            continue
        except (TimeoutError, httpx.TimeoutException):
            return _Reply("unhealthy", f"no answer from {wanted.path} on port {port} in {target.timeout:g} s")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            absent = _Reply("degraded", f"port {port} is open and does not speak HTTP: {type(error).__name__}")
            continue
        reply = _read(status, body, f"{wanted.path} on port {port}")
        if status != 404:
            return reply
        absent = reply
    ports = ", ".join(map(str, wanted.ports))
    return absent or _Reply("silent", f"nobody answers on {ports} at {target.host}")


async def _get(http: httpx.AsyncClient, host: str, port: int, path: str) -> tuple[int, bytes]:
    address = f"[{host}]" if ":" in host else host
    async with http.stream("GET", f"http://{address}:{port}{path}", headers={"Accept": "application/json"}) as response:
        content = bytearray()
        async for chunk in response.aiter_raw():
            content += chunk
            if len(content) > _MOST_BYTES:
                break
        return response.status_code, bytes(content)


def _read(status: int, body: bytes, where: str) -> _Reply:
    """Return what an answer says: a bad status by itself, a good one as far as its body does not say otherwise."""
    if status >= 500:
        return _Reply("unhealthy", f"HTTP {status} from {where}")
    if not 200 <= status < 300:
        return _Reply("degraded", f"HTTP {status} from {where}")
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        told = None
    word = (
        next((told[key] for key in ("status", "health", "state") if told.get(key)), "")
        if isinstance(told, dict)
        else ""
    )
    health = health_of(word)
    said = f', "{str(word)[:40]}"' if isinstance(word, str) and word else ""
    return _Reply("healthy" if health == "unknown" else health, f"HTTP {status}{said} from {where}")
