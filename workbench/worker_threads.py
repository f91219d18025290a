"""The threads on which a server computes answers, and the end of a process that waits for none of them."""

import contextlib
import logging
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn


class WorkerThreads(ThreadPoolExecutor):
    """Threads that a stop does not wait for: whoever asked is gone, and what must last is written elsewhere."""

    def __init__(self) -> None:
        super().__init__(thread_name_prefix="workbench-answers")

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more work and drop what was not begun; returns at once, whatever is asked for."""
        super().shutdown(wait=False, cancel_futures=True)


def leave() -> NoReturn:
    """End this process, which has done all it must, at once and well.

    Python would wait for every thread that still computes, and take a large fleet apart object by object.
    """
    logging.shutdown()
    with contextlib.suppress(OSError):  # nobody may be reading any more
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(0)
