"""Probes of declared health endpoints over HTTP, on hosts that the operator names: few at a time, never in haste."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import httpx
import orjson

from workbench.fleet.health import Evidence, State
from workbench.fleet.health_target import HealthTarget
from workbench.fleet.mux import health_of
from workbench.sources.rounds import Pace, Rounds, Target

MOST_CRATES: Final = 2000
"""How many crates are asked on one host at most; of more, the first by name."""
_PACE: Final = Pace(at_once=8, per_second=20)
_MOST_BYTES: Final = 65_536


class _Reply(NamedTuple):
    state: State
    detail: str


class HealthProber(Rounds):
    """Asks each target's crates at its interval. `wanted` returns whom to ask at that moment."""

    name = "health probe"

    def __init__(
        self, targets: Iterable[Target], wanted: Callable[[], Iterable[HealthTarget]], on_change: Callable[[], None]
    ) -> None:
        super().__init__(target for target in targets if target.health)
        self._wanted = wanted
        self._on_change = on_change
        self._found: dict[str, dict[str, Evidence]] = {}

    def evidence(self) -> Iterable[tuple[str, Evidence]]:
        """Yield what the newest rounds said of each crate, of all hosts the best: it need not run on each of them."""
        for crate in sorted({crate for found in self._found.values() for crate in found}):
            said = [found[crate] for found in self._found.values() if crate in found]
            yield crate, min(said, key=lambda item: (item.state == "silent", -item.at))

    async def go(self, target: Target) -> None:
        """Ask every crate that may run on a host, and keep what they say if all were asked."""
        found: dict[str, Evidence] = {}
        # Only plain HTTP is spoken, so that no certificates need to be loaded.
        async with httpx.AsyncClient(timeout=target.timeout, trust_env=False, verify=False) as http:

            async def one(wanted: HealthTarget) -> None:
                reply = await _asked(http, target, wanted)
                found[wanted.crate] = Evidence(
                    "http-probe", reply.state, time.time(), 3 * target.interval + target.timeout, reply.detail
                )

            is_whole = await self.ask(list(self._wanted())[:MOST_CRATES], one, _PACE)
        if is_whole:
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
