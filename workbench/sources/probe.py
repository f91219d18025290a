"""Probes of other hosts: whether a TCP connection to a port is taken, few at a time and no faster than allowed."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from typing import Final

from workbench.fleet.observed import Probe, ProbeResult
from workbench.sources.rounds import Pace, Rounds, Target

MOST_PORTS: Final = 2000
"""How many ports of one host are probed at most; of more declared ones, the lowest."""
_PACE: Final = Pace(at_once=16, per_second=50)


class Prober(Rounds):
    """Probes each target at its interval. `declared` returns the fleet's ports at that moment."""

    name = "probe"

    def __init__(
        self, targets: Iterable[Target], declared: Callable[[], Iterable[int]], on_change: Callable[[], None]
    ) -> None:
        super().__init__(targets)
        self._declared = declared
        self._on_change = on_change
        self._found: dict[str, dict[int, Probe]] = {}
        self.probed_at: dict[str, float] = {}
        """When the newest round over each host ended, in seconds since the epoch."""
        self.probes: tuple[Probe, ...] = ()
        """The newest results, by host and port; the same object until one of them differs."""

    async def go(self, target: Target) -> None:
        """Knock at each port of a host, and tell if one answers otherwise than before."""
        ports = sorted(set(self._declared() if target.ports is None else target.ports))[:MOST_PORTS]
        older = self._found.get(target.host, {})
        found: dict[int, Probe] = {}

        async def one(port: int) -> None:
            result = await knock(target.host, port, target.timeout)
            known = older.get(port)
            found[port] = known if known and known.result == result else Probe(target.host, port, result, time.time())

        if not await self.ask(ports, one, _PACE):
            return
        newer = {port: found[port] for port in sorted(found)}
        self.probed_at[target.host] = time.time()
        if newer != older:
            self._found = {**self._found, target.host: newer}
            self.probes = tuple(probe for found in self._found.values() for probe in found.values())
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
