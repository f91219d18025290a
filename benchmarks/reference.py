"""Our server beside a reference server on the same tree, in one run: full scan, and start to the first full list."""

import argparse
import contextlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from benchmarks.fleet import Generator
from benchmarks.measure import command, interleaved, report

WORKBENCH = (sys.executable, "-m", "workbench")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(*arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def fetch(url: str, deadline: float = 60.0) -> bytes:
    """Return the answer of a server that may not listen yet."""
    end = time.monotonic() + deadline
    while True:
        try:
            with urllib.request.urlopen(url, timeout=deadline) as answer:
                return bytes(answer.read())
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.002)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks reference", description=__doc__)
    parser.add_argument("binary", type=Path, help="reference server: BINARY --port N FLEET, BINARY --scan-once FLEET")
    parser.add_argument("--fleet", type=Path, help="tree to read (default: a generated one)")
    parser.add_argument("--crates", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="workbench-bench-") as folder:
        fleet = options.fleet or Path(folder) / "fleet"
        if options.fleet is None:
            Generator(fleet, options.crates).write()
        _compare(options.binary, fleet, Path(folder) / "state", options.rounds)


def _compare(binary: Path, fleet: Path, state: Path, rounds: int) -> None:
    def start(*arguments: str, port: int) -> float:
        started = time.perf_counter()
        with running(*arguments):
            fetch(f"http://127.0.0.1:{port}/api/crates")
            return time.perf_counter() - started

    port, other = free_port(), free_port()
    serve = (*WORKBENCH, "serve", str(fleet), "--port", str(port), "--ws-port", "0", "--state", str(state))
    with running(*serve):
        fetch(f"http://127.0.0.1:{port}/ready")
        end = time.monotonic() + 120
        while not list(state.glob("last-crates-*.json")) and time.monotonic() < end:
            time.sleep(0.1)
    rows = interleaved(
        {
            "workbench, warm": lambda: start(*serve, port=port),
            "reference": lambda: start(str(binary), "--port", str(other), str(fleet), port=other),
        },
        rounds,
    )
    report(f"process start to first full list, {fleet}", rows)
    rows = interleaved(
        {
            "workbench scan, two processes": command(*WORKBENCH, "scan", "--format", "json", "--jobs", "2", str(fleet)),
            "workbench scan, one process": command(*WORKBENCH, "scan", "--format", "json", "--jobs", "1", str(fleet)),
            "reference": command(str(binary), "--scan-once", str(fleet)),
        },
        rounds,
    )
    report(f"full scan, cold process, page cache warm, {fleet}", rows)
