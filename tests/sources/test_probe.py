"""Probes: what connection attempts come to, told once, and no more of them than wanted."""

import asyncio
import socket
import threading
from collections.abc import Callable

import pytest

from workbench.fleet.observed import Probe
from workbench.sources import probe
from workbench.sources.probe import MOST_PORTS, Prober, knock
from workbench.sources.rounds import Pace, Target


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port: int = held.getsockname()[1]
    return port


def test_open_closed_timeout_and_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        assert asyncio.run(knock("127.0.0.1", held.getsockname()[1], 5)) == "open"
    assert asyncio.run(knock("127.0.0.1", closed_port(), 5)) == "closed"

    async def never(host: str, port: int) -> None:
        await asyncio.Event().wait()

    async def no_route(host: str, port: int) -> None:
        raise OSError(113, "no route to host")

    monkeypatch.setattr(asyncio, "open_connection", never)
    assert asyncio.run(knock("10.0.0.7", 1, 0.01)) == "timeout"
    monkeypatch.setattr(asyncio, "open_connection", no_route)
    assert asyncio.run(knock("10.0.0.7", 1, 5)) == "unreachable"


def test_a_change_is_told_once_and_keeps_its_moment(
    monkeypatch: pytest.MonkeyPatch, wait_for: Callable[..., None]
) -> None:
    answers, told = {80: "open", 81: "closed"}, []
    rounds = [0]

    async def answer(host: str, port: int, timeout: float) -> str:  # noqa: ASYNC109
        rounds[0] += 1
        return answers[port]

    monkeypatch.setattr(probe, "knock", answer)
    monkeypatch.setattr(probe, "_PACE", Pace(16, 1000))
    prober = Prober([Target("db", None, interval=0.01)], lambda: answers, lambda: told.append(prober.probes))
    prober.start()
    wait_for(lambda: rounds[0] > 10)
    assert len(told) == 1
    first = prober.probes
    assert [(item.host, item.port, item.result) for item in first] == [("db", 80, "open"), ("db", 81, "closed")]
    answers[81] = "open"
    wait_for(lambda: len(told) == 2)
    prober.stop()
    assert prober.probes[0] is first[0]
    assert prober.probes[1] == Probe("db", 81, "open", prober.probes[1].since)
    assert prober.probes[1].since > first[1].since
    assert prober.probed_at["db"] >= first[0].since


def test_a_round_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once, most, asked = [0], [0], list[int]()

    async def count(host: str, port: int, timeout: float) -> str:  # noqa: ASYNC109
        asked.append(port)
        at_once[0] += 1
        most[0] = max(most[0], at_once[0])
        await asyncio.sleep(0.002)
        at_once[0] -= 1
        return "closed"

    monkeypatch.setattr(probe, "knock", count)
    monkeypatch.setattr(probe, "_PACE", Pace(16, 1e6))
    asyncio.run(Prober([], lambda: range(1, 60_000), lambda: None).go(Target("db")))
    assert (len(asked), max(asked), most[0]) == (MOST_PORTS, MOST_PORTS, 16)


def test_stopping_does_not_wait_for_answers(monkeypatch: pytest.MonkeyPatch, wait_for: Callable[..., None]) -> None:
    asked = []

    async def never(host: str, port: int, timeout: float) -> str:  # noqa: ASYNC109
        asked.append(port)
        await asyncio.Event().wait()
        return "open"

    monkeypatch.setattr(probe, "knock", never)
    prober = Prober([Target("db", (1, 2, 3))], lambda: (), lambda: None)
    prober.start()
    wait_for(lambda: asked)
    assert "workbench-probe" in {thread.name for thread in threading.enumerate()}
    prober.stop()
    assert "workbench-probe" not in {thread.name for thread in threading.enumerate()}
    assert prober.probes == ()


def test_a_name_that_is_none_is_unreachable() -> None:
    assert asyncio.run(knock("a" * 70 + ".invalid", 80, 5)) == "unreachable"
