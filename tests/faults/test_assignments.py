"""Two callers never get one port, and what was acknowledged is there after a crash."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.mortal_server import TOKEN, MortalServer

CLIENTS = 64
COUNT = 2_000
DEADLINE = 100.0

SCRIPT = """\
import sys
from pathlib import Path
from workbench.fleet.plan import Block, PortPlan
from workbench.security.gate import Gate
from workbench.hub import Hub, HubOptions
from workbench.server import serve
from workbench.store.database import Store
from workbench.security.tokens import Token, Tokens

def ready(address):
    print("READY", address.port, flush=True)

options = HubOptions(PortPlan(blocks=(Block("Large", 20000, 24999),)), watch=False, beat=1)
serve(Hub([sys.argv[1]], options, Store(Path(sys.argv[2]))), port=0, ws_port=None, on_ready=ready, pages={},
      gate=Gate(Tokens([Token.of("tester", sys.argv[3])])))
"""


class Server(MortalServer):
    """A server over a fleet that assigns ports."""

    def __init__(self, fleet: Path, state: Path) -> None:
        super().__init__(SCRIPT, fleet, state)


@dataclass
class Tally:
    """What the clients were told, by the key of their request."""

    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: int = 0
    stop: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def server(fleet_dir: Path, tmp_path: Path) -> Iterator[Server]:
    running = Server(fleet_dir, tmp_path / "state")
    yield running
    running.kill()


def ask(client: httpx.Client, server: Server, key: str) -> dict[str, Any] | None:
    """Ask for a port; None if there was no answer."""
    try:
        answer = client.post(
            f"{server.url}/api/ports/assign",
            json={"crate_name": f"crate-{key}", "block": "Large"},
            headers={**TOKEN, "Idempotency-Key": key},
        )
    except httpx.TransportError:
        return None
    if answer.status_code == 503:  # the server is stopping
        return None
    assert answer.status_code == 201, answer.text
    model: dict[str, Any] = answer.json()
    return model


def work(server: Server, tally: Tally, keys: list[str], deadline: float) -> None:
    """Ask for a port under each key until it is answered, as a client does that goes through a crash of its server."""
    with httpx.Client(timeout=10, limits=httpx.Limits(max_connections=1)) as client:
        for key in keys:
            while (made := ask(client, server, key)) is None:
                tally.refused += 1
                assert time.monotonic() < deadline
                tally.stop.wait(0.02)
            tally.told[key] = made


def held(server: Server) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = httpx.get(f"{server.url}/api/ports/assignments", timeout=10).json()
    return answer


@pytest.mark.slow
def test_no_port_twice_and_nothing_acknowledged_lost(server: Server, wait_for: Callable[..., None]) -> None:
    tally = Tally()
    deadline = time.monotonic() + DEADLINE
    keys = [f"k{n}" for n in range(COUNT)]
    with ThreadPoolExecutor(CLIENTS) as clients:
        jobs = [clients.submit(work, server, tally, keys[n::CLIENTS], deadline) for n in range(CLIENTS)]
        wait_for(lambda: len(tally.told) >= COUNT // 2, DEADLINE)
        server.kill()
        told_before = dict(tally.told)
        server.start()
        for job in jobs:
            job.result()

    assert tally.refused > 0
    assert len(told_before) < COUNT
    assert set(tally.told) == set(keys)
    ports = Counter(item["port"] for item in tally.told.values())
    assert [port for port, times in ports.items() if times > 1] == []
    by_id = {item["id"]: item for item in held(server)}
    assert [key for key, item in tally.told.items() if by_id.get(item["id"]) != item] == []
    assert len(by_id) == COUNT
    sisters = {item["sister_port"] for item in by_id.values()}
    assert len(sisters | set(ports)) == 2 * COUNT

    # Once more over everything: each key is answered as before, by a server that was started a third time.
    server.kill()
    server.start()
    with httpx.Client(timeout=10) as client:
        assert [key for key in keys[::10] if ask(client, server, key) != tally.told[key]] == []
