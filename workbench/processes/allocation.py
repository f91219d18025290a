"""How the C library keeps memory: large blocks go back to the system as soon as they are free."""

import ctypes
import sys
from typing import Final

_MMAP_THRESHOLD: Final = (-3, 1_000_000)
"""glibc raises this by itself, up to 32 MB, and keeps what is smaller, so that each revision would leave holes."""
_ARENA_MAX: Final = (-8, 2)
"""A heap for each thread would each keep what its thread once needed."""


def own_block(data: bytes) -> bytes:
    """Return the same bytes in a block that is no larger than they are, for those that are kept in numbers.

    orjson writes into a block of several kilobytes and leaves even a short result at its beginning, with a hole behind
    it that nothing of the same kind fits into.
    """
    return bytes(memoryview(data))


def give_back_large_blocks() -> bool:
    """Set this for the process, where the C library is glibc; returns whether it was."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        change = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # musl has no such thing, and needs none
        return False
    done = [change(*setting) for setting in (_MMAP_THRESHOLD, _ARENA_MAX)]
    return done == [1, 1]
