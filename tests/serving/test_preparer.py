"""What will be asked for is there before anybody asks, once the fleet is quiet."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from tests.conftest import WriteManifest
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.tables import SNAPSHOT_TABLES
from workbench.hub import Hub, HubOptions
from workbench.serving import preparer
from workbench.serving.preparer import Preparer
from workbench.serving.visits import Visits

WaitFor = Callable[..., None]


@pytest.fixture
def still(fleet_dir: Path, write_manifest: WriteManifest) -> Iterator[Hub]:
    """A hub that looks at the disk only when it is asked."""
    write_manifest("a", '[smart-crate]\nname = "a"\n[ports]\nhttp = 18600\n')
    with Hub([fleet_dir], HubOptions(watch=False, beat=3600)) as running:
        running.wait_ready(10)
        yield running


def is_made(snapshot: Snapshot) -> bool:
    return {("arrow file", name) for name in SNAPSHOT_TABLES} <= set(snapshot._derived)


def test_the_tables_of_each_revision_are_made(still: Hub, write_manifest: WriteManifest, wait_for: WaitFor) -> None:
    before = set(threading.enumerate())
    made_ahead = Preparer(still, quiet=0.0)
    made_ahead.start()
    try:
        wait_for(lambda: is_made(still.snapshot))
        first = still.snapshot
        write_manifest("b")
        assert still.refresh().result(10) is not first
        wait_for(lambda: is_made(still.snapshot))
    finally:
        made_ahead.stop()
    assert set(threading.enumerate()) <= before
    made_ahead.stop()


def test_nothing_is_made_while_the_fleet_changes_or_beyond_some_size(still: Hub, wait_for: WaitFor) -> None:
    busy = Preparer(still, quiet=3600.0)
    busy.start()
    busy.stop()
    assert not is_made(still.snapshot)
    with patch.object(preparer, "_MOST_MANIFESTS", 0):
        made_ahead = Preparer(still, quiet=0.0)
        made_ahead.start()
        wait_for(lambda: not made_ahead._changed.is_set())
        made_ahead.stop()
    assert not is_made(still.snapshot)
    Preparer(still).stop()


def test_a_newer_revision_ends_the_work_on_an_older_one(still: Hub, write_manifest: WriteManifest) -> None:
    made_ahead = Preparer(still, quiet=0.0)
    older = still.snapshot
    steps = 0

    def made(snapshot: Snapshot) -> Iterator[None]:
        nonlocal steps
        for _ in range(5):
            steps += 1
            if steps == 2:
                write_manifest("b")
                still.refresh().result(10)
            yield

    made_ahead._makes = (made,)
    made_ahead._make()
    assert (steps, still.snapshot is older) == (2, False)


def test_pages_are_made_before_tables(still: Hub, wait_for: WaitFor) -> None:
    seen: list[bool] = []

    def page(snapshot: Snapshot) -> Iterator[None]:
        seen.append(is_made(snapshot))
        yield

    made_ahead = Preparer(still, [page], quiet=0.0)
    made_ahead.start()
    wait_for(lambda: is_made(still.snapshot))
    made_ahead.stop()
    assert seen == [False]


def test_visitors_come_before_what_is_made_ahead(still: Hub, wait_for: WaitFor) -> None:
    asked = threading.Event()
    visits = _Visits()
    visits.seconds, visits.on_asked = 0.001, asked.set
    still.visits = visits
    made_ahead = Preparer(still, quiet=0.0)
    made_ahead.start()
    assert asked.wait(10)
    assert not is_made(still.snapshot)
    visits.seconds = 0.0
    wait_for(lambda: is_made(still.snapshot))
    made_ahead.stop()


def test_a_stop_does_not_wait_for_visitors(still: Hub) -> None:
    asked = threading.Event()
    visits = _Visits()
    visits.seconds, visits.on_asked = 3600.0, asked.set
    still.visits = visits
    made_ahead = Preparer(still, quiet=0.0)
    made_ahead.start()
    assert asked.wait(10)
    made_ahead.stop()
    assert not made_ahead._thread.is_alive()
    assert not is_made(still.snapshot)


def test_what_cannot_be_made_is_said_and_the_next_revision_is_tried(
    still: Hub, write_manifest: WriteManifest, wait_for: WaitFor, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(snapshot: Snapshot) -> Iterator[None]:
        if len(snapshot.records) == 1:
            raise ValueError("one is too few")
        yield

    made_ahead = Preparer(still, [failing], quiet=0.0)
    made_ahead.start()
    wait_for(lambda: "one is too few" in caplog.text)
    write_manifest("b")
    still.refresh().result(10)
    wait_for(lambda: is_made(still.snapshot))
    made_ahead.stop()


class _Visits(Visits):
    """Visits whose pause is what the test says."""

    seconds = 0.0

    def __init__(self) -> None:
        super().__init__()
        self.on_asked: Callable[[], object] = lambda: None

    def pause(self) -> float:
        self.on_asked()
        return self.seconds
