"""The API under load, beside a reference server where there is one: requests a second, slow answers, events to many."""

import argparse
import base64
import json
import os
import re
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.reference import WORKBENCH, fetch, free_port, running

_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}
_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_TAIL = re.compile(r"99%\s+([\d.]+)(us|ms|s)")


@dataclass(frozen=True)
class Load:
    """One workload: a path, and the headers of its requests."""

    name: str
    path: str
    headers: tuple[str, ...] = ()


@dataclass
class Seen:
    """What the runs of one workload against one server showed: requests a second, and the 99th of 100 in ms."""

    rates: list[float] = field(default_factory=list)
    tails: list[float] = field(default_factory=list)


def hit(url: str, load: Load, seconds: int, connections: int) -> tuple[float, float]:
    """Return (requests a second, p99 in milliseconds) as wrk saw them."""
    headers = [part for header in load.headers for part in ("-H", header)]
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", *headers, url + load.path]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate, tail = _RATE.search(said), _TAIL.search(said)
    assert rate is not None
    assert tail is not None
    return float(rate[1]), float(tail[1]) * _UNITS[tail[2]]


def loads_of(url: str) -> list[Load]:
    """Return the workloads for a fleet that a server shows."""
    with urllib.request.urlopen(f"{url}/api/crates") as answer:
        tag, crates = answer.headers.get("ETag", '""'), json.load(answer)
    name = crates[len(crates) // 2]["name"]
    return [
        Load("list, identity", "/api/crates"),
        Load("list, gzip", "/api/crates", ("Accept-Encoding: gzip",)),
        Load("list, not modified", "/api/crates", (f"If-None-Match: {tag}",)),
        Load("conflicts", "/api/ports/conflicts"),
        Load("conflicts, gzip", "/api/ports/conflicts", ("Accept-Encoding: gzip",)),
        Load("one crate", f"/api/crates/{name}"),
    ]


def spread(url: str, sockets: int, events: int) -> list[float]:
    """Return, for each event, the milliseconds from the request that causes it to its arrival at the last socket.

    The clients are bare sockets and one selector, so that what is measured is the server more than its clients.
    """
    with ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        for _ in range(sockets):
            selector.register(stack.enter_context(_dialled(url)), selectors.EVENT_READ)
        pool = stack.enter_context(ThreadPoolExecutor(1))
        seen = []
        for number in range(events):
            started = time.perf_counter()
            posted = pool.submit(_register, url, number)
            _await_all(selector, sockets, f'"port":{20_000 + number}'.encode())
            seen.append((time.perf_counter() - started) * 1e3)
            posted.result()
        return seen


def _dialled(url: str) -> socket.socket:
    """Return a socket that has been greeted as a WebSocket of all events."""
    parts = urlsplit(url)
    client = socket.create_connection((parts.hostname, parts.port))
    lines = [
        "GET /ws HTTP/1.1",
        f"Host: {parts.netloc}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
    ]
    client.sendall("\r\n".join([*lines, "", ""]).encode())
    _await_text(client, b'"hello"')
    return client


def _await_text(client: socket.socket, text: bytes) -> None:
    client.settimeout(20)
    got = b""
    while text not in got:
        part = client.recv(65_536)
        assert part, f"the socket was closed: {got!r}"
        got += part


def _await_all(selector: selectors.BaseSelector, count: int, mark: bytes) -> None:
    """Read every socket until each had a text; a frame that comes in parts is put together."""
    got: dict[int, bytes] = {}
    done: set[int] = set()
    while len(done) < count:
        ready = selector.select(20)
        assert ready, f"only {len(done)} of {count} sockets had the event"
        for key, _ in ready:
            assert isinstance(key.fileobj, socket.socket)
            part = key.fileobj.recv(65_536)
            assert part, "a socket was closed"
            whole = got.get(key.fd, b"") + part
            got[key.fd] = whole[-len(mark) :]
            if mark in whole:
                done.add(key.fd)


def _register(url: str, number: int) -> None:
    body = json.dumps({"service_name": f"bench-{number}", "port": 20_000 + number}).encode()
    request = urllib.request.Request(f"{url}/api/ports/register", body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=20).close()


def lag(url: str) -> dict[float, float]:
    """Return how often the event loop was at most so late, by seconds, since the server's start."""
    request = urllib.request.Request(f"{url}/metrics", headers={"Accept": "text/plain"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        text = answer.read().decode()
    found = re.findall(r'workbench_loop_lag_seconds_bucket\{le="([^"]+)"\} ([\d.]+)', text)
    return {float(bound): float(count) for bound, count in found}


def lag_between(before: dict[float, float], after: dict[float, float], share: float = 0.99) -> str:
    """Return the bound that a share of the measurements between two looks stayed below."""
    counts = {bound: after[bound] - before[bound] for bound in after}
    total = max(counts.values())
    bound = next(bound for bound, count in sorted(counts.items()) if count >= share * total)
    return f"p99 at most {bound * 1e3:g} ms of {total:.0f}"


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks api", description=__doc__)
    parser.add_argument("binary", type=Path, nargs="?", help="reference server: BINARY --port N FLEET")
    parser.add_argument("--fleet", type=Path, required=True, help="tree to serve")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2, help="of each run of wrk")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--sockets", type=int, default=500)
    parser.add_argument("--events", type=int, default=40)
    options = parser.parse_args(arguments)
    if shutil.which("wrk") is None:
        sys.exit("this needs wrk: https://github.com/wg/wrk, or the package of that name")
    with ExitStack() as stack:
        state = stack.enter_context(tempfile.TemporaryDirectory(prefix="workbench-bench-"))
        port, other = free_port(), free_port()
        serve = (*WORKBENCH, "serve", str(options.fleet), "--port", str(port), "--ws-port", "0", "--state", state)
        stack.enter_context(running(*serve))
        urls = {"workbench": f"http://127.0.0.1:{port}"}
        if options.binary:
            stack.enter_context(running(str(options.binary), "--port", str(other), str(options.fleet)))
            urls["reference"] = f"http://127.0.0.1:{other}"
        for url in urls.values():
            fetch(f"{url}/api/crates")
        _wait_ready(urls["workbench"])
        _report(urls, options)


def _wait_ready(url: str) -> None:
    """Wait until the fleet was read and what follows from it is done."""
    fetch(f"{url}/health")
    while json.loads(fetch(f"{url}/status"))["status"] != "ready":
        time.sleep(0.2)
    fetch(f"{url}/api/crates")
    time.sleep(5)


def _report(urls: dict[str, str], options: argparse.Namespace) -> None:
    url = urls["workbench"]
    loads = loads_of(url)
    seen = {(load.name, server): Seen() for load in loads for server in urls}
    before = lag(url)
    for _ in range(options.rounds):
        for load in loads:
            for server, address in urls.items():
                rate, tail = hit(address, load, options.seconds, options.connections)
                seen[load.name, server].rates.append(rate)
                seen[load.name, server].tails.append(tail)
    print(
        f"\nAPI, {options.fleet.name}, {options.connections} connections, {options.rounds} runs of {options.seconds} s"
    )
    for load in loads:
        _print_load(load.name, [(server, seen[load.name, server]) for server in urls])
    print(f"  event loop meanwhile: {lag_between(before, after := lag(url))}")
    fetch(f"{url}/api/crates?refresh=true&limit=1")
    time.sleep(1)
    print(f"  event loop during a rescan: {lag_between(after, lag(url))}")
    arrivals = sorted(spread(url, options.sockets, options.events))
    p95 = arrivals[int(len(arrivals) * 0.95)]
    print(f"  request to the last of {options.sockets} sockets, {len(arrivals)} events:")
    print(f"    median {statistics.median(arrivals):.1f} ms   p95 {p95:.1f} ms   max {arrivals[-1]:.1f} ms")


def _print_load(name: str, runs: Sequence[tuple[str, Seen]]) -> None:
    for server, seen in runs:
        rate, tail = statistics.median(seen.rates), statistics.median(seen.tails)
        ratio = rate / statistics.median(runs[-1][1].rates)
        print(f"  {name:<20} {server:<10} {rate:10.0f} requests/s   p99 {tail:7.2f} ms   x{ratio:.2f}")
