"""The tables are there before anybody asks, once the fleet is quiet."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from tests.conftest import WriteManifest
from workbench import table_keeper
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.tables import SNAPSHOT_TABLES
from workbench.hub import Hub, HubOptions
from workbench.table_keeper import TableKeeper

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
    keeper = TableKeeper(still, quiet=0.0)
    keeper.start()
    try:
        wait_for(lambda: is_made(still.snapshot))
        first = still.snapshot
        write_manifest("b")
        assert still.refresh().result(10) is not first
        wait_for(lambda: is_made(still.snapshot))
    finally:
        keeper.stop()
    assert set(threading.enumerate()) <= before
    keeper.stop()


def test_nothing_is_made_while_the_fleet_changes_or_beyond_some_size(still: Hub, wait_for: WaitFor) -> None:
    busy = TableKeeper(still, quiet=3600.0)
    busy.start()
    busy.stop()
    assert not is_made(still.snapshot)
    with patch.object(table_keeper, "_MOST_MANIFESTS", 0):
        keeper = TableKeeper(still, quiet=0.0)
        keeper.start()
        wait_for(lambda: not keeper._changed.is_set())
        keeper.stop()
    assert not is_made(still.snapshot)
    TableKeeper(still).stop()


def test_a_newer_revision_ends_the_work_on_an_older_one(still: Hub, write_manifest: WriteManifest) -> None:
    keeper = TableKeeper(still, quiet=0.0)
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

    with patch.object(table_keeper, "tables_made", made):
        keeper._make()
    assert (steps, still.snapshot is older) == (2, False)
