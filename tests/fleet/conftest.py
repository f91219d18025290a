"""What the tests of the pure core share: fleets written as texts."""

from collections.abc import Callable
from textwrap import dedent

import pytest

from workbench.fleet.manifest import parse_manifest
from workbench.fleet.plan import PortPlan
from workbench.fleet.snapshot import Snapshot

MakeSnapshot = Callable[..., Snapshot]


def snapshot_of(plan: PortPlan | None = None, **texts: str) -> Snapshot:
    """Return the snapshot of manifests given as directory=text; `name` and header may be left out."""
    manifests = {}
    for directory, text in texts.items():
        body = dedent(text)
        if "[smart-crate]" not in body and "[crate]" not in body:
            body = f'[smart-crate]\nname = "{directory.replace("_", "-")}"\n{body}'
        path = f"{directory}/smart-crate.toml"
        manifests[path] = parse_manifest(path, body.encode())
    return Snapshot(plan).apply(manifests)


@pytest.fixture(name="snapshot_of")
def snapshot_of_fixture() -> MakeSnapshot:
    return snapshot_of
