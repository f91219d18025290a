"""Findings on ports alone: a whole fleet judged at once, and one changed crate of it."""

import argparse
import gc
import random
from collections.abc import Mapping

from benchmarks.measure import interleaved, report
from workbench.fleet.manifest import parse_manifest
from workbench.fleet.model import Manifest
from workbench.fleet.plan import Block, PortPlan
from workbench.fleet.snapshot import Record, Snapshot
from workbench.fleet.step import Step

LABELS = ("http", "grpc", "metrics")


PLAN = PortPlan(blocks=tuple(Block(f"block {first}", first, first + 999) for first in range(1000, 32000, 1000)))


def manifests(crates: int, claims: int, seed: int = 7) -> dict[str, Manifest]:
    """Return manifests with about `claims` claims in all: owned ports, their sisters, and references.

    One owned port in fifty is another's too, and one reference in ten expects the wrong port.
    """
    draw = random.Random(seed)
    names = [f"crate-{number:05}" for number in range(crates)]
    free = draw.sample(range(1024, 32000), 30976)
    each = min(len(LABELS), max(1, round(claims / crates * 0.4)), len(free) // crates)
    owned = {
        name: [free.pop() if draw.random() > 0.02 else 2000 + draw.randrange(500) for _ in LABELS[:each]]
        for name in names
    }
    found = {}
    for name in names:
        lines = ["[smart-crate]", f'name = "{name}"', "[ports]"]
        lines += [f"{label} = {port}" for label, port in zip(LABELS, owned[name], strict=False)]
        for other in draw.sample(names, max(0, claims // crates - 2 * each)):
            port = owned[other][0] if draw.random() > 0.1 else draw.randrange(1024, 32000)
            lines.append(f"{other} = {port}")
        path = f"{name}/smart-crate.toml"
        found[path] = parse_manifest(path, "\n".join(lines).encode())
    return found


class Judge(Step):
    """A step that can judge again, from claims that it has decided before."""

    def _replace_findings(self, decided: Mapping[str, Record]) -> None:
        self.decided = decided
        super()._replace_findings(decided)

    def again(self) -> None:
        """Find everything anew."""
        super()._replace_findings(self.decided)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks findings", description=__doc__)
    parser.add_argument("--crates", type=int, default=10_000)
    parser.add_argument("--claims", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args(arguments)
    fleet = manifests(options.crates, options.claims)
    snapshot = Snapshot(PLAN).apply(fleet)
    judge = Judge(Snapshot(PLAN), fleet)
    judge.taken(snapshot.taken_at)
    gc.collect()
    gc.freeze()
    path = next(iter(fleet))
    text = fleet[path].source.text
    versions = [parse_manifest(path, f"{text}\nrest = {port}\n".encode()) for port in (18020, 18021)]

    def change() -> None:
        nonlocal snapshot
        versions.reverse()
        snapshot = snapshot.apply({path: versions[0]})

    rows = interleaved(
        {
            "whole fleet: claims and findings": lambda: Snapshot(PLAN).apply(fleet) and None,
            "whole fleet: findings alone": judge.again,
            "one changed crate": change,
        },
        options.rounds,
    )
    tally = snapshot.tally
    report(f"{tally.crates} crates, {len(snapshot.claims)} claims, {tally.findings} findings", rows)
