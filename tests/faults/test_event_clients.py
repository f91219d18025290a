"""Clients of the events that stall, flood, vanish and come back, all at once: the good ones notice nothing.

Whatever happens, a client's history is ordered, unique and without a gap that was not announced; what a bad client
costs is bounded; and afterwards no task, thread, socket or file is left.
"""

import asyncio
import gc
import os
import random
import socket
import struct
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from api.broadcast import EventLimits, broadcaster_of, figures_of
from tests.api.conftest import DEADLINE, LiveApi
from workbench.hub import Hub, HubOptions

EVENTS = 1_000
PAD = "x" * 4_000
"""What makes an event four kilobytes long, so that a client who does not read fills every buffer on the way."""
LIMITS = EventLimits(queue=300, write_seconds=1.0, clients=60, replay=400)
MEMORY = 60_000_000

HANDSHAKE = (
    b"GET /ws%s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@pytest.fixture
def api(tmp_path: Path) -> Iterator[LiveApi]:
    hub = Hub([tmp_path], HubOptions(watch=False))
    hub.scan_once()
    hub._ready.set()
    with LiveApi(hub, event_limits=LIMITS) as live:
        yield live


class History:
    """What one client was told, held to the contract as it comes."""

    def __init__(self) -> None:
        self.last: int | None = None
        self.gaps = 0
        self.count = 0

    def take(self, envelope: dict[str, Any]) -> None:
        kind, seq = envelope["type"], envelope["seq"]
        if kind in ("hello", "subscribed"):
            self.last = seq if self.last is None else self.last
        elif kind == "resync":
            self.gaps += 1
            self.last = seq
        else:
            assert self.last is not None, "an event before hello"
            assert seq == self.last + 1, f"{seq} after {self.last} was not announced"
            self.last = seq
            self.count += 1


async def follow(api: LiveApi, history: History, until: int) -> None:
    """Read as fast as it comes, up to an event."""
    since = "" if history.last is None else f"?since={history.last}"
    async with api.socket(f"/ws{since}") as client:
        while (history.last or 0) < until and (envelope := await client.next()):
            history.take(envelope)


async def come_and_go(api: LiveApi, history: History, until: int, dice: random.Random) -> None:
    """Leave after some events without a word, and come back with `since`."""
    while (history.last or 0) < until:
        since = "" if history.last is None else f"?since={history.last}"
        async with api.socket(f"/ws{since}") as client:
            for _ in range(dice.randrange(1, 120)):
                if (history.last or 0) >= until or (envelope := await client.next()) is None:
                    break
                history.take(envelope)
            if dice.random() < 0.5 and client.connection.stream is not None:
                client.connection.stream.close()


def opened(api: LiveApi, query: bytes = b"") -> socket.socket:
    """Return a socket that shook hands and takes as little as the system lets it."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    raw.settimeout(DEADLINE)
    raw.connect(("127.0.0.1", api.port))
    raw.sendall(HANDSHAKE % query)
    assert raw.recv(64).startswith(b"HTTP/1.1 101")
    return raw


def frame(content: bytes) -> bytes:
    """Return a masked text frame, as clients send them."""
    head = b"\x81" + (
        bytes((0x80 | len(content),)) if len(content) < 126 else b"\xfe" + struct.pack("!H", len(content))
    )
    return head + bytes(4) + content


def flood(raw: socket.socket, end: threading.Event) -> None:
    """Ask and ask without reading, until sent away."""
    ask = frame(orjson.dumps({"type": "subscribe", "topics": ["crates"], "since": 0})) * 20
    noise = frame(b'{"type": "message", "data": {}}') * 50
    raw.settimeout(0.2)
    while not end.is_set():
        try:
            raw.sendall(ask + noise)
        except TimeoutError:
            continue
        except OSError:
            return


async def storm(api: LiveApi) -> tuple[list[History], list[History]]:
    """Publish while clients of every kind are there; return what the fast ones and the wanderers were told."""
    fast, wanderers = [History() for _ in range(8)], [History() for _ in range(6)]
    stalled = [opened(api) for _ in range(6)]
    halves = [opened(api) for _ in range(4)]
    flooding = [opened(api) for _ in range(3)]
    end = threading.Event()
    threads = [threading.Thread(target=flood, args=(raw, end)) for raw in flooding]
    for thread in threads:
        thread.start()
    for half in halves:
        half.shutdown(socket.SHUT_WR)  # half-open: it can still be told things, and never answers
    clients = [asyncio.create_task(follow(api, history, EVENTS)) for history in fast]
    clients += [
        asyncio.create_task(come_and_go(api, history, EVENTS, random.Random(seed)))
        for seed, history in enumerate(wanderers)
    ]
    try:
        for first in range(1, EVENTS + 1, 25):
            await reached(fast, first - 100)
            await asyncio.to_thread(api.publish, *({"n": n, "pad": PAD} for n in range(first, first + 25)))
        await asyncio.wait_for(asyncio.gather(*clients), 2 * DEADLINE)
    finally:
        end.set()
        for raw in (*stalled, *halves, *flooding):
            raw.close()
        for thread in threads:
            await asyncio.to_thread(thread.join, DEADLINE)
    return fast, wanderers


async def reached(histories: list[History], seq: int) -> None:
    """Wait until all good clients are so far: a busy machine must not make them slow ones."""
    async with asyncio.timeout(DEADLINE):
        while not all(history.last is not None and history.last >= seq for history in histories):  # noqa: ASYNC110
            await asyncio.sleep(0)


def open_files() -> int:
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0  # noqa: PTH112, PTH208


def test_good_clients_notice_nothing_of_bad_ones(api: LiveApi, wait_for: Any) -> None:
    gc.collect()
    files, threads = open_files(), threading.active_count()
    tracemalloc.start()
    try:
        fast, wanderers = asyncio.run(storm(api))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [(history.last, history.gaps) for history in fast] == [(EVENTS, 0)] * len(fast)
    assert all(history.count > 0 for history in fast)
    assert [history.last for history in wanderers] == [EVENTS] * len(wanderers)
    assert figures_of(api.hub).evictions > 0, "somebody stalled long enough to be sent away"
    assert peak < MEMORY
    wait_for(lambda: api.clients() == 0)
    assert api.on_loop(lambda: broadcaster_of(api.hub).subscribers) == set()
    assert api.hub.log.listeners == 0
    wait_for(lambda: gc.collect() >= 0 and open_files() <= files and threading.active_count() <= threads)
    wait_for(lambda: api.on_loop(lambda: len(asyncio.all_tasks())) <= 3)
