"""The sample fleet, scanned once, and small fleets of a test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench import Workbench
from workbench.config import sample_fleet
from workbench.fleet.snapshot import Snapshot
from workbench.hub import Hub, HubOptions
from workbench.store.database import Store

MANIFEST = '[smart-crate]\nname = "{}"\nversion = "{}"\n[ports]\nhttp = {}\n'


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


@pytest.fixture
def kept(fleet_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A workbench that keeps its revisions: 1 has alpha, 2 also beta, on alpha's port, 3 another version of alpha."""
    hub = Hub([fleet_dir], HubOptions(watch=True), Store(tmp_path_factory.mktemp("state")))
    (fleet_dir / "alpha").mkdir()
    (fleet_dir / "beta").mkdir()
    alpha, beta = (fleet_dir / name / "smart-crate.toml" for name in ("alpha", "beta"))
    alpha.write_text(MANIFEST.format("alpha", "1.0.0", 18020))
    hub.start()
    hub.wait_ready()
    for path, text in (
        (beta, MANIFEST.format("beta", "1.0.0", 18020)),
        (alpha, MANIFEST.format("alpha", "2.0.0", 18020)),
    ):
        path.write_text(text)
        hub.refresh().result(10)
    yield Workbench(hub)
    hub.stop()
