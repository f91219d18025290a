"""From a walk of the disk to the next snapshot, with the garbage collector out of the way."""

import atexit
import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from workbench.fleet.snapshot import Snapshot
from workbench.sources.discovery import Discovery
from workbench.sources.walk import ScanProgress


def read_fleet(
    discovery: Discovery,
    snapshot: Snapshot,
    subtrees: Sequence[str] | None = None,
    on_progress: Callable[[ScanProgress], None] | None = None,
) -> Snapshot:
    """Return the revision after what changed on disk since the discovery's last walk; the same one if nothing did."""
    with collector_paused():
        return snapshot.apply(discovery.rescan(subtrees, on_progress))


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the garbage collector from walking a growing fleet again and again while it is read."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def freeze_fleet() -> None:
    """Take what was read, which lives as long as the process, out of the garbage collector's sight."""
    gc.freeze()
    # What is frozen when Python ends is never collected, and extension modules would report it as leaked.
    atexit.unregister(gc.unfreeze)
    atexit.register(gc.unfreeze)
