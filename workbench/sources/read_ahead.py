"""Reading manifests in a second process while this one still walks."""

import logging
import os
import pickle
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Final

from workbench.sources.reading import Reading, read_manifest, receive, send
from workbench.sources.walk import Found

logger = logging.getLogger(__name__)

WORTH: Final = 1000
"""From so many files on a second process is worth its start, which takes as long as reading about this many."""
_BATCH: Final = 64
_AHEAD: Final = 3
_MOST_AHEAD: Final = 24_000
"""Bytes of a batch up to which it may be sent ahead: two of them fit into any system's pipe."""
_PIPE_BYTES: Final = 1 << 20
"""Room for some answers, where the system lets a pipe have it."""
_PATIENCE: Final = 0.05
_CODE: Final = """
import sys
limit, *sys.path = sys.argv[1:]
from workbench.sources.reading import serve
serve(int(limit))
"""


class ReadAhead:
    """Files to read, shared out between a second process and this one.

    The process is started once `worth` files were offered; never if that is None. It is a fresh interpreter
    rather than a fork, since there are threads, and is spoken to by one thread of ours. Should it not start,
    or die, this process reads what is left. To be used in a `with`: neither process nor thread outlive it.
    """

    def __init__(self, limit: int, worth: int | None = WORTH) -> None:
        self._limit = limit
        self._worth = worth
        self._offered = 0
        self._batch: list[Found] = []
        self._waiting: deque[list[Found]] = deque()
        self._more = threading.Event()
        self._ended = False
        self._closing = False
        self.readings: dict[str, Reading] = {}
        """What was read so far, by path."""
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "ReadAhead":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closing = True
        self._waiting.clear()
        self._end()
        self._kill()
        if self._thread is not None:
            self._thread.join()
            self._kill()  # if it was only just being started

    @property
    def process_id(self) -> int | None:
        """The id of the second process; None while there is none."""
        return self._process.pid if self._process else None

    @property
    def is_running(self) -> bool:
        """Whether a second process reads, or is about to."""
        return self._thread is not None and self._thread.is_alive()

    def offer(self, item: Found) -> None:
        """Take a file that must be read."""
        self._offered += 1
        self._batch.append(item)
        if len(self._batch) == _BATCH:
            self._waiting.append(self._batch)
            self._batch = []
            self._more.set()
            if self._worth is not None and self._offered >= self._worth and self._thread is None:
                self._start()

    def finish(self, on_read: Callable[[int], None]) -> None:
        """Take part in reading until nothing is left to be begun or under way; `on_read` is told how many are done."""
        while self._thread is not None:
            on_read(len(self.readings))
            try:
                batch = self._waiting.pop()
            except IndexError:
                break
            self.readings.update((item.path, read_manifest(item, self._limit)) for item in batch)
        self._end()
        while self._thread is not None and self.is_running:
            self._thread.join(_PATIENCE)
            on_read(len(self.readings))

    def reading(self, item: Found) -> Reading:
        """Return what a file holds, read just now if nobody has read it yet."""
        return self.readings.pop(item.path, None) or read_manifest(item, self._limit)

    def _end(self) -> None:
        self._ended = True
        self._more.set()

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _start(self) -> None:
        # The same modules as here, wherever they were found; `-P` keeps the current directory out of it.
        command = [sys.executable, "-P", "-c", _CODE, str(self._limit), *map(str, sys.path)]
        self._thread = threading.Thread(target=self._talk, args=(command,), name="workbench-read-ahead", daemon=True)
        self._thread.start()

    def _talk(self, command: list[str]) -> None:
        try:
            with subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, pipesize=_PIPE_BYTES
            ) as self._process:
                self._share(self._process)
        except Exception as error:  # noqa: BLE001 - whatever fails there, this process can read what is left
            if not self._closing:
                logger.warning("no second process reads manifests, this one goes on alone: %s", error or "it ended")

    def _share(self, process: "subprocess.Popen[bytes]") -> None:
        """Hand over batch after batch, some ahead of the answers, so that the process never waits for this thread."""
        assert process.stdin is not None
        assert process.stdout is not None
        asked: deque[list[Found]] = deque()
        while True:
            while len(asked) < _AHEAD and (following := self._next(patiently=not asked)):
                if asked and _room(following) > _MOST_AHEAD:
                    # It might not fit into the pipe, and the process be waiting for its answer to be taken.
                    self._waiting.appendleft(following)
                    break
                send(process.stdin, following)
                asked.append(following)
            if not asked:
                return
            answer = receive(process.stdout)
            self.readings.update(zip((item.path for item in asked.popleft()), pickle.loads(answer), strict=True))

    def _next(self, *, patiently: bool) -> list[Found]:
        """Return the next files to read; none when all were begun, or without patience when none wait just now."""
        while True:
            try:
                return self._waiting.popleft()
            except IndexError:
                if self._ended or not patiently:
                    return []
                self._more.wait()
                self._more.clear()


def _room(batch: list[Found]) -> int:
    """Return about how many bytes a batch takes on its way, rather too many."""
    return sum(len(os.fsencode(item.path)) + len(os.fsencode(item.key)) + 64 for item in batch)
