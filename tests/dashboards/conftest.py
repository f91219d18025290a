"""The sample fleet, scanned once, and small fleets of a test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench import Workbench
from workbench.config import sample_fleet
from workbench.fleet.snapshot import Snapshot


@pytest.fixture(scope="session")
def sample() -> Workbench:
    return Workbench.scan(sample_fleet())


@pytest.fixture(scope="session")
def snapshot(sample: Workbench) -> Snapshot:
    return sample.snapshot


@pytest.fixture
def followed(fleet_dir: Path, write_manifest: object) -> Iterator[Workbench]:
    """A workbench that follows a directory with one crate in it."""
    write_manifest("alpha")  # type: ignore[operator]
    with Workbench.scan(fleet_dir, watch=True) as wb:
        yield wb
