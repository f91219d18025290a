"""Progress bars on the terminal, for what takes long enough to be waited for: scans, and heavy questions."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from workbench.sources.walk import ScanProgress

_PATIENCE: Final = 0.5


@contextmanager
def progress_bar() -> Iterator[Callable[[ScanProgress], None] | None]:
    """Give a function that shows a scan's progress on standard error; None where that is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    bar = _Bar()
    try:
        yield bar.show
    finally:
        bar.stop()


@contextmanager
def step_bar(title: str) -> Iterator[Callable[[int, int], None] | None]:
    """Give a function that shows how many steps are done, of how many; None where standard error is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    bar = _Bar()
    try:
        yield lambda done, total: bar.step(title, done, total)
    finally:
        bar.stop()


class _Bar:
    """A bar that appears after a while, so that quick scans stay quiet and rich is not even imported."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def show(self, progress: ScanProgress) -> None:
        """Show how far the scan is."""
        if self._bar is None:
            if progress.phase == "done" or time.monotonic() - self._started < _PATIENCE:
                return
            self._start()
        said = f"{progress.directories} directories, {progress.found} manifests"
        if progress.read and progress.seconds:
            said += f", {progress.read / progress.seconds:.0f}/s"
        description, done = progress.phase, progress.read
        self._bar.update(self._task, description=description, total=progress.total, completed=done, said=said)

    def step(self, title: str, done: int, total: int) -> None:
        """Show how many steps are done."""
        if self._bar is None:
            if time.monotonic() - self._started < _PATIENCE:
                return
            self._start()
        self._bar.update(self._task, description=title, total=total, completed=done, said=f"{done} of {total}")

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[said]}"),
            TimeElapsedColumn(),
        )
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._bar.start()
        self._task = self._bar.add_task("walking", total=None, said="")

    def stop(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
