"""From an edit on disk to its event on a WebSocket, with a real server over a large fleet."""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tornado.websocket import websocket_connect

from benchmarks.fleet import Generator
from benchmarks.reference import WORKBENCH, fetch, free_port, running


async def _measure(url: str, paths: list[Path]) -> list[float]:
    connection = await websocket_connect(url)
    seconds = []
    for number, path in enumerate(paths):
        text = path.read_text()
        # A port of its own, so that every edit changes the crate and is told.
        path.write_text(f"{text}\n[network]\nport = {30000 + number}\n")
        started = time.perf_counter()
        while True:
            frame = await asyncio.wait_for(connection.read_message(), 30)
            event = json.loads(frame or b"{}")
            if event["type"] == "crate.changed" and event["data"]["path"] == path.as_posix().partition("/fleet/")[2]:
                break
        seconds.append(time.perf_counter() - started)
    connection.close()
    return seconds


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks latency", description=__doc__)
    parser.add_argument("--crates", type=int, default=10_000)
    parser.add_argument("--edits", type=int, default=60)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="workbench-bench-") as folder:
        fleet = Path(folder) / "fleet"
        paths = Generator(fleet, options.crates).write()
        port = free_port()
        state = str(Path(folder) / "state")
        with running(
            *WORKBENCH, "serve", str(fleet), "--port", str(port), "--ws-port", "0", "--state", state
        ) as process:
            fetch(f"http://127.0.0.1:{port}/api/crates?limit=1")
            time.sleep(10)
            chosen = [p for p in paths if "[network]" not in p.read_text()][:: max(1, len(paths) // options.edits)]
            seconds = sorted(asyncio.run(_measure(f"ws://127.0.0.1:{port}/ws", chosen[: options.edits])))
            memory = Path(f"/proc/{process.pid}/status")
            resident = memory.read_text().split("VmRSS:")[1].split()[0] if memory.exists() else "unknown"
    p95 = seconds[int(len(seconds) * 0.95)]
    print(
        f"\nedit to WebSocket event, {options.crates} crates, {len(seconds)} edits  (Python {sys.version.split()[0]})"
    )
    median, worst = statistics.median(seconds), seconds[-1]
    print(f"  median {median * 1000:.1f} ms   p95 {p95 * 1000:.1f} ms   max {worst * 1000:.1f} ms")
    print(f"  resident memory of the server {resident} kB")
