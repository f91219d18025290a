"""Scanning and checking from a cold process, page cache warm, against reading the same files with tomllib."""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.fleet import Generator
from benchmarks.measure import command, interleaved, report
from workbench.config import sample_fleet

_NAIVE = """
import pathlib, sys, tomllib
for path in pathlib.Path(sys.argv[1]).rglob("smart-crate.toml"):
    try:
        tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError:
        pass
"""


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks scan", description=__doc__)
    parser.add_argument("--crates", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    workbench = (sys.executable, "-m", "workbench")
    with tempfile.TemporaryDirectory(prefix="workbench-bench-") as folder:
        fleet = Path(folder) / "fleet"
        Generator(fleet, options.crates).write()
        rows = interleaved(
            {
                "workbench scan": command(*workbench, "scan", str(fleet)),
                "workbench check": command(*workbench, "check", str(fleet), codes=(0, 1)),
                "parse only, unpruned, tomllib": command(sys.executable, "-c", _NAIVE, str(fleet)),
            },
            options.rounds,
        )
        report(f"{options.crates} generated crates", rows)
    rows = interleaved(
        {
            "workbench check": command(*workbench, "check", str(sample_fleet()), codes=(1,)),
            "an empty Python process": command(sys.executable, "-c", "pass"),
        },
        options.rounds,
    )
    report("the sample fleet", rows)
