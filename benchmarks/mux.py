"""What a hanging Neural Mux adds to the latency of /api/crates: three servers over one fleet, asked in turn.

Two of them follow none: what those differ by is what the machine itself adds."""

import argparse
import contextlib
import http.client
import json
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.fleet import Generator
from benchmarks.reference import WORKBENCH, fetch, free_port, running


@contextlib.contextmanager
def hanging() -> Iterator[str]:
    """Give the address of a server that takes every connection and never answers."""
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def take() -> None:
            while True:
                try:
                    taken.append(listening.accept()[0])
                except OSError:
                    return

        threading.Thread(target=take, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    for connection in taken:
        connection.close()
    print(f"  the hanging Mux was asked {len(taken)} times")


def _asked(connection: http.client.HTTPConnection, path: str) -> float:
    started = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200, answer.status
    return time.perf_counter() - started


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks mux", description=__doc__)
    parser.add_argument("--crates", type=int, default=2_000)
    parser.add_argument("--requests", type=int, default=2_000)
    parser.add_argument("--path", default="/api/crates")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="workbench-bench-") as folder, hanging() as mux:
        fleet = Path(folder) / "fleet"
        Generator(fleet, options.crates).write()
        with contextlib.ExitStack() as stack:
            connections = []
            for extra in ((), (), ("--mux", mux)):
                port = free_port()
                where = ("--port", str(port), "--ws-port", "0", "--state", f"{folder}/{port}")
                stack.enter_context(running(*WORKBENCH, "serve", str(fleet), *where, *extra))
                while json.loads(fetch(f"http://127.0.0.1:{port}/ready"))["status"] != "ready":
                    time.sleep(0.1)
                connections.append(http.client.HTTPConnection("127.0.0.1", port))
            time.sleep(3)
            seconds = _in_turn(connections, options.path, options.requests)
    print(f"\nGET {options.path}, {options.crates} crates, {options.requests} requests each")
    base = _percentiles(seconds[0])
    for name, taken in zip(("no Mux", "no Mux (again)", "hanging Mux"), seconds, strict=True):
        row = zip(("p50", "p95", "p99"), base, _percentiles(taken), strict=True)
        print(f"  {name:<15}" + "".join(f"   {label} {b * 1000:6.2f} ms x{b / a:.2f}" for label, a, b in row))


def _in_turn(connections: list[http.client.HTTPConnection], path: str, requests: int) -> list[list[float]]:
    """Return the seconds of each connection's requests. Who is asked first changes from turn to turn."""
    seconds: list[list[float]] = [[] for _ in connections]
    for number in range(requests):
        for place in range(len(connections)):
            which = (number + place) % len(connections)
            seconds[which].append(_asked(connections[which], path))
    return seconds


def _percentiles(seconds: list[float]) -> tuple[float, float, float]:
    parts = statistics.quantiles(seconds, n=100)
    return statistics.median(seconds), parts[94], parts[98]
