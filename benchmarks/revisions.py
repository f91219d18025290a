"""Inside one process: a full read, a rescan with nothing changed, and one change applied to a large fleet."""

import argparse
import gc
import tempfile
from pathlib import Path

from benchmarks.fleet import Generator
from benchmarks.measure import interleaved, report
from workbench.events import drafts_of
from workbench.fleet.diff import diff
from workbench.fleet.manifest import parse_manifest
from workbench.fleet.snapshot import Snapshot
from workbench.sources.discovery import Discovery
from workbench.sources.ingest import read_fleet


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks revisions", description=__doc__)
    parser.add_argument("--crates", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="workbench-bench-") as folder:
        fleet = Path(folder) / "fleet"
        generator = Generator(fleet, options.crates)
        paths = generator.write()
        discovery = Discovery([fleet])
        snapshot = read_fleet(discovery, Snapshot())
        discovery.rescan()
        gc.freeze()
        path = paths[len(paths) // 2]
        key = path.relative_to(fleet).as_posix()
        texts = [path.read_bytes(), path.read_bytes() + b"\n[network]\nport = 19999\n"]

        def change() -> None:
            nonlocal snapshot
            texts.reverse()
            newer = snapshot.apply({key: parse_manifest(key, texts[0])})
            drafts_of(diff(snapshot, newer), newer)
            snapshot = newer

        rows = interleaved(
            {
                "full read of everything": lambda: read_fleet(Discovery([fleet]), Snapshot()) and None,
                "rescan, nothing changed": lambda: discovery.rescan() and None,
                "one change, applied and told": change,
            },
            options.rounds,
        )
        report(f"{options.crates} generated crates", rows)
