"""A second process reads what this one would have read, and nothing is lost when it fails."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.conftest import WriteManifest, wait_for
from workbench.config import sample_fleet
from workbench.fleet.model import Manifest
from workbench.sources import discovery as discovery_module
from workbench.sources.discovery import Discovery
from workbench.sources.read_ahead import ReadAhead
from workbench.sources.reading import Reading, read_manifest
from workbench.sources.scope import Scope
from workbench.sources.walk import Found, ScanProgress, Walk

LIMIT = 1_000_000


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    before, children = set(threading.enumerate()), _children()
    yield
    assert set(threading.enumerate()) <= before
    assert _children() <= children, "neither a child that runs nor one that nobody asked after"


def _children() -> set[int]:
    return {child.pid for child in psutil.Process().children()}


@pytest.fixture
def found() -> list[Found]:
    root = str(sample_fleet())
    return [
        item for item in Walk("", root, root, Scope(), ScanProgress(), lambda _: None) if isinstance(item, Found)
    ] * 4


def nothing(_: int) -> None:
    """What is told of the progress does not matter."""


def content(manifest: Manifest | None) -> object:
    assert manifest is not None
    said = [(item.code, item.message, item.fix, item.sites[0].position) for item in manifest.diagnostics]
    return manifest.path, manifest.digest, manifest.source.text, manifest.crate, manifest.is_template, said


def seen(reading: Reading) -> object:
    return content(reading.manifest), reading.identity


def test_both_processes_read_alike(found: list[Found]) -> None:
    with ReadAhead(LIMIT, worth=64) as ahead:
        for item in found:
            ahead.offer(item)
        wait_for(lambda: ahead.readings)
        ahead.finish(nothing)
        assert [seen(ahead.reading(item)) for item in found] == [seen(read_manifest(item, LIMIT)) for item in found]


def test_where_there_is_little_to_read_no_process_is_started(found: list[Found]) -> None:
    with ReadAhead(LIMIT) as ahead:
        for item in found[:100]:
            ahead.offer(item)
        ahead.finish(nothing)
        assert ahead.process_id is None
        assert seen(ahead.reading(found[0])) == seen(read_manifest(found[0], LIMIT))


def test_a_process_that_dies_is_done_without(found: list[Found], caplog: pytest.LogCaptureFixture) -> None:
    with ReadAhead(LIMIT, worth=64) as ahead:
        for item in found[:64]:
            ahead.offer(item)
        wait_for(lambda: ahead.process_id)
        assert ahead.process_id is not None
        os.kill(ahead.process_id, signal.SIGKILL)
        for item in found[64:]:
            ahead.offer(item)
        ahead.finish(nothing)
        assert [seen(ahead.reading(item)) for item in found] == [seen(read_manifest(item, LIMIT)) for item in found]
    assert "goes on alone" in caplog.text


def test_a_process_that_cannot_be_started_is_done_without(
    found: list[Found], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(Path(sys.executable).parent / "no-such-python"))
    with ReadAhead(LIMIT, worth=64) as ahead:
        for item in found:
            ahead.offer(item)
        ahead.finish(nothing)
        assert [seen(ahead.reading(item)) for item in found] == [seen(read_manifest(item, LIMIT)) for item in found]
    assert "goes on alone" in caplog.text


def test_a_scan_with_two_processes_finds_what_one_finds(
    fleet_dir: Path, write_manifest: WriteManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery_module, "WORTH", 64)
    for number in range(200):
        write_manifest(f"g{number % 7}/c{number:03}")
    write_manifest("broken", "[smart-crate")
    write_manifest("large", f"# {'x' * 500}\n")
    scope = Scope(max_bytes=300)
    alone, both = Discovery([fleet_dir], scope), Discovery([fleet_dir], scope, jobs=2)
    ours, theirs = alone.rescan(), both.rescan()
    assert {key: content(ours[key]) for key in ours} == {key: content(theirs[key]) for key in theirs}
    assert len(ours) == 202
    assert both.rescan().keys() <= both.identities.keys()
    write_manifest("g0/c000", '[smart-crate]\nname = "other"\n')
    for discovery in (both, alone):
        changed = discovery.rescan()["g0/c000/smart-crate.toml"]
        assert changed is not None
        assert changed.crate is not None
        assert changed.crate.name == "other"


def test_a_cancelled_scan_leaves_nothing_behind(
    fleet_dir: Path, write_manifest: WriteManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery_module, "WORTH", 64)
    for number in range(150):
        write_manifest(f"c{number:03}")

    def cancel(progress: ScanProgress) -> None:
        if progress.phase == "reading":
            raise KeyboardInterrupt

    discovery = Discovery([fleet_dir], jobs=2)
    with pytest.raises(KeyboardInterrupt):
        discovery.rescan(on_progress=cancel)
    assert len(discovery.rescan()) == 150


def test_the_second_process_imports_what_this_one_would(tmp_path: Path, found: list[Found]) -> None:
    """A package of our name in the current directory is none of ours."""
    (tmp_path / "workbench").mkdir()
    (tmp_path / "workbench" / "__init__.py").write_text("raise SystemExit('taken from the current directory')")
    code = (
        "from workbench.sources.read_ahead import ReadAhead\n"
        "from workbench.sources.walk import Found\n"
        "import sys\n"
        f"items = [Found(*item) for item in {[tuple(item) for item in found[:64]]!r}]\n"
        "with ReadAhead(1_000_000, worth=64) as ahead:\n"
        "    [ahead.offer(item) for item in items]\n"
        "    while not ahead.readings and ahead.is_running: pass\n"
        "    print(len(ahead.readings))\n"
    )
    ours = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": ours}, timeout=30,
    )  # fmt: skip
    assert (done.stdout.strip(), done.stderr) == (str(len({item.path for item in found[:64]})), "")


def test_paths_of_any_length_fit_into_the_pipe() -> None:
    """Batches too large for a pipe are not sent ahead, or both processes would wait for each other."""
    long = "/".join(["x" * 200] * 18)
    items = [Found(f"{long}{number}", f"/nowhere/{long}{number}", (1, 1, number)) for number in range(640)]
    with ReadAhead(1000, 64) as ahead:
        for item in items:
            ahead.offer(item)
        ahead.finish(lambda _: None)
        assert ahead.process_id is not None
        assert {ahead.reading(item).manifest for item in items} == {None}
