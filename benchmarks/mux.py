"""What a hanging Neural Mux adds to the latency of /api/crates: two servers over one fleet, asked in turn."""

import argparse
import http.client
import json
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.fleet import Generator
from benchmarks.reference import WORKBENCH, fetch, free_port, running


@contextmanager
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
    parser.add_argument("--requests", type=int, default=1_000)
    parser.add_argument("--path", default="/api/crates")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="workbench-bench-") as folder, hanging() as mux:
        fleet = Path(folder) / "fleet"
        Generator(fleet, options.crates).write()
        ports = free_port(), free_port()
        commands = [
            [*WORKBENCH, "serve", str(fleet), "--port", str(port), "--ws-port", "0", "--state", f"{folder}/{port}"]
            for port in ports
        ]
        with running(*commands[0]), running(*commands[1], "--mux", mux):
            for port in ports:
                fetch(f"http://127.0.0.1:{port}/api/crates?limit=1")
                while not json.loads(fetch(f"http://127.0.0.1:{port}/ready"))["status"] == "ready":
                    time.sleep(0.1)
            time.sleep(3)
            connections = [http.client.HTTPConnection("127.0.0.1", port) for port in ports]
            seconds: tuple[list[float], list[float]] = ([], [])
            for number in range(options.requests):
                # Who is asked first changes from turn to turn, so that neither always finds the caches warm.
                for which in (0, 1) if number % 2 else (1, 0):
                    seconds[which].append(_asked(connections[which], options.path))
    print(
        f"\nGET {options.path}, {options.crates} crates, {options.requests} requests each  (Python {sys.version.split()[0]})"
    )
    figures = [[statistics.median(s), *(statistics.quantiles(s, n=100)[k] for k in (94, 98))] for s in seconds]
    for name, row in zip(("without a Mux", "hanging Mux"), figures, strict=True):
        print(
            f"  {name:<14}"
            + "".join(
                f"   {label} {value * 1000:6.2f} ms" for label, value in zip(("p50", "p95", "p99"), row, strict=True)
            )
        )
    print(
        "  ratio         "
        + "".join(f"   {label} {b / a:9.2f}" for label, a, b in zip(("p50", "p95", "p99"), *figures, strict=True))
    )
