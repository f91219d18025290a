"""`Workbench.connect` with all tables: at rest, and right after a revision; with the server's work and memory."""

import argparse
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.api import lag, lag_between
from benchmarks.fleet import Generator
from benchmarks.measure import Row, report
from benchmarks.reference import WORKBENCH, fetch, free_port, running
from workbench import Workbench
from workbench.tables.hub_tables import TABLE_NAMES

_MANIFEST = "smart-crate.toml"


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks connect", description=__doc__)
    parser.add_argument("--fleet", type=Path, help="tree whose manifests are copied (default: a generated one)")
    parser.add_argument("--crates", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="workbench-bench-") as folder:
        fleet, state = Path(folder) / "fleet", Path(folder) / "state"
        if options.fleet is None:
            Generator(fleet, options.crates).write()
        else:
            _copy(options.fleet, fleet)
        port = free_port()
        serve = (*WORKBENCH, "serve", str(fleet), "--port", str(port), "--ws-port", "0", "--state", str(state))
        with running(*serve) as process:
            _measure(f"http://127.0.0.1:{port}", psutil.Process(process.pid), fleet, options.rounds)


def _copy(tree: Path, fleet: Path) -> None:
    """Copy the manifests of a tree, since one of them will be edited."""
    for found, folders, files in os.walk(tree):
        folders[:] = [name for name in folders if name not in (".git", "node_modules", "target")]
        for name in files:
            if name == _MANIFEST or name.endswith(".smartcrate.toml"):
                place = fleet / Path(found).relative_to(tree)
                place.mkdir(parents=True, exist_ok=True)
                shutil.copy(Path(found) / name, place)


def _measure(url: str, server: psutil.Process, fleet: Path, rounds: int) -> None:
    fetch(f"{url}/health")
    while json.loads(fetch(f"{url}/status"))["status"] != "ready":
        time.sleep(0.1)
    ready, before, work = time.perf_counter(), lag(url), _work(server)
    memory = _memory(server)
    _wait_idle(server)
    waited = time.perf_counter() - ready
    print(
        f"\nquiet {waited:.1f} s after the fleet was read, {_work(server) - work:.1f} s of work for tables and journal"
    )
    print(f"  the loop meanwhile late by {lag_between(before, lag(url))}")
    print(f"  resident {memory:.0f} MB when read, {_memory(server):.0f} MB with the tables")
    at_rest = [_connected(url, server) for _ in range(rounds)]
    changed = [_after_revision(url, server, fleet, number) for number in range(rounds)]
    rows = [Row("at rest", [wall for wall, _ in at_rest]), Row("right after a revision", [wall for wall, _ in changed])]
    report(f"connect and load {len(TABLE_NAMES)} tables", rows)
    for row, runs in zip(rows, (at_rest, changed), strict=True):
        print(f"  work of the server, {row.name}: {', '.join(f'{spent:.2f}' for _, spent in runs)} s")
    print(f"  resident {_memory(server):.0f} MB in the end")


def _connected(url: str, server: psutil.Process) -> tuple[float, float]:
    """Return how long it takes to have all tables, and the server's work for it, in seconds."""
    started, work = time.perf_counter(), _work(server)
    with Workbench.connect(url) as wb:
        for name in TABLE_NAMES:
            wb.table(name)
    return time.perf_counter() - started, _work(server) - work


def _after_revision(url: str, server: psutil.Process, fleet: Path, number: int) -> tuple[float, float]:
    path = sorted(fleet.rglob(_MANIFEST))[number]
    revision = json.loads(fetch(f"{url}/status"))["revision"]
    path.write_text(f"{path.read_text()}\n# edited {number}\n")
    while json.loads(fetch(f"{url}/status"))["revision"] == revision:
        time.sleep(0.002)
    return _connected(url, server)


def _wait_idle(server: psutil.Process) -> None:
    """Wait until the server did next to nothing for two seconds."""
    work = -1.0
    while _work(server) - work > 0.1:
        work = _work(server)
        time.sleep(2)


def _work(server: psutil.Process) -> float:
    times = server.cpu_times()
    return times.user + times.system


def _memory(server: psutil.Process) -> float:
    return server.memory_info().rss / 1e6
