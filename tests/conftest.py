"""What all tests share: a way to write manifests, and to wait for a predicate."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from workbench.config import sample_fleet
from workbench.hub import Hub, HubOptions

WriteManifest = Callable[..., Path]


@pytest.fixture
def fleet_dir(tmp_path: Path) -> Path:
    """An empty directory for manifests."""
    folder = tmp_path / "fleet"
    folder.mkdir()
    return folder


@pytest.fixture
def write_manifest(fleet_dir: Path) -> WriteManifest:
    """Write a manifest below `fleet_dir`; without a text, a small valid one named like its directory."""

    def write(directory: str, text: str | None = None, *, file: str = "smart-crate.toml") -> Path:
        path = fleet_dir / directory / file
        path.parent.mkdir(parents=True, exist_ok=True)
        name = Path(directory).name
        path.write_text(dedent(text) if text is not None else f'[smart-crate]\nname = "{name}"\nversion = "1.0.0"\n')
        return path

    return write


@pytest.fixture
def sample_copy(tmp_path: Path) -> Path:
    """A copy of the sample fleet that a test may change."""
    return Path(shutil.copytree(sample_fleet(), tmp_path / "sample"))


def wait_for(predicate: Callable[[], object], timeout: float = 10.0) -> None:
    """Poll until the predicate holds; fail when the deadline passes."""
    deadline = time.monotonic() + timeout
    while not predicate():
        assert time.monotonic() < deadline, f"not within {timeout} s: {predicate}"
        time.sleep(0.005)


@pytest.fixture(name="wait_for")
def wait_for_fixture() -> Callable[..., None]:
    """`wait_for(predicate, timeout=10)`."""
    return wait_for


@pytest.fixture
def hub(fleet_dir: Path) -> Iterator[Hub]:
    """A started hub over `fleet_dir` with a quick beat, stopped and checked for leaked threads afterwards."""
    import threading

    before = set(threading.enumerate())
    hub = Hub([fleet_dir], HubOptions(beat=0.5))
    hub.start()
    assert hub.wait_ready(10)
    yield hub
    hub.stop()
    assert {thread for thread in threading.enumerate() if thread.name.startswith("workbench")} <= before
