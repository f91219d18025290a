"""Watching the disk: events are only hints that a directory should be walked again."""

import logging
import os
import threading
from collections.abc import Callable, Iterable

from watchfiles import watch

from workbench.sources.scope import PRUNED, is_manifest_name

logger = logging.getLogger(__name__)

_STEP_MS = 20
_DEBOUNCE_MS = 200
_STOP_CHECK_MS = 500
_TRY_AGAIN_SECONDS = 60.0
"""After a failure: another program may have given back its watches, and one strange name fails but once."""


class Watcher:
    """A thread that watches the directories that matter and reports the subtrees to walk again.

    Directories are watched singly, not recursively: those of manifests and all above them, which is enough
    to see an edit, a removal, a move and a new crate, and costs a watch per crate rather than one per
    directory of the tree. What is missed, the reconcile beat finds.
    """

    def __init__(self, on_change: Callable[[list[str]], None]) -> None:
        self._on_change = on_change
        self._directories: frozenset[str] = frozenset()
        self._changed = threading.Event()
        self._stopped = False
        self._thread: threading.Thread | None = None
        self.error: str | None = None
        """Why watching failed, if it did; the reconcile beat goes on without it."""

    @property
    def watched(self) -> int:
        """How many directories are watched."""
        return len(self._directories) if self._thread is not None and self.error is None else 0

    def watch(self, directories: Iterable[str]) -> bool:
        """Watch exactly these directories from now on; False if that is what is watched already."""
        wanted = frozenset(directories)
        if wanted == self._directories or self._stopped:
            return False
        self._directories = wanted
        self._changed.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="workbench-watch", daemon=True)
            self._thread.start()
        return True

    def stop(self) -> None:
        """End the thread; returns when it has ended."""
        self._stopped = True
        self._changed.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopped:
            self._changed.clear()
            directories = [d for d in self._directories if os.path.isdir(d)]
            try:
                self._follow(directories)
            except Exception as error:  # noqa: BLE001
                # Any failure of the notification system (such as the watch limit) is survived by the beat.
                if str(error) != self.error:
                    logger.warning("cannot watch %d directories, polling instead: %s", len(directories), error)
                self.error = str(error)
                self._changed.wait(_TRY_AGAIN_SECONDS)

    def _follow(self, directories: list[str]) -> None:
        for changes in watch(
            *directories,
            watch_filter=None,
            debounce=_DEBOUNCE_MS,
            step=_STEP_MS,
            stop_event=self._changed,
            rust_timeout=_STOP_CHECK_MS,
            yield_on_timeout=True,
            recursive=False,
            ignore_permission_denied=True,
            raise_interrupt=False,
        ):
            self.error = None
            if subtrees := subtrees_of(path for _, path in changes):
                self._on_change(subtrees)


def subtrees_of(paths: Iterable[str]) -> list[str]:
    """Return the directories to walk again, given changed paths; files that are no manifests do not matter."""
    subtrees: set[str] = set()
    for path in paths:
        parent, name = os.path.split(path)
        if is_manifest_name(name):
            subtrees.add(parent)
        elif name not in PRUNED and (os.path.isdir(path) or not os.path.exists(path)):
            subtrees.add(path)
    return sorted(subtrees)
