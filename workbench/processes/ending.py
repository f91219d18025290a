"""The end of a process that has done all it must: at once, however much it has read.

Python waits for every thread that still computes, and gives the memory of a large fleet back piece by piece, which
takes a tenth of the time that it took to read it; the system takes all of it at once.
"""

import contextlib
import logging
import os
import sys
from typing import Final, NoReturn

_held: Final[list[object]] = []


def hold(value: object) -> None:
    """Keep a value until the process ends, and let it end without taking the value apart; replaces what was held."""
    _held[:] = [value]


def end(code: str | int | None) -> NoReturn:
    """End the process with a code, as `sys.exit` does; at once if something is held.

    Whoever holds something has nothing else that must be undone at the end: neither files half written nor threads.
    """
    if _held and not isinstance(code, str):
        with contextlib.suppress(OSError):  # nobody reads any more; Python knows what to do then
            _flush()
            leave(code or 0)
    sys.exit(code)


def leave(code: int = 0) -> NoReturn:
    """End this process at once and well, whatever its threads still do."""
    logging.shutdown()
    with contextlib.suppress(OSError):  # nobody may be reading any more
        _flush()
    os._exit(code)


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
