"""Reading one manifest file that a walk came upon; also the life of a second process that does nothing else."""

import os
import pickle
import signal
import struct
import time
from typing import IO, Final, NamedTuple

from workbench.fleet.manifest import parse_manifest, unreadable_manifest
from workbench.fleet.model import Manifest
from workbench.sources.walk import RACY_NS, Found, Identity

_LENGTH: Final = struct.Struct("<Q")


class Reading(NamedTuple):
    """What a file held: no manifest if it is gone, no identity if it must be read again at the next scan."""

    manifest: Manifest | None
    identity: Identity | None = None


def read_manifest(item: Found, limit: int) -> Reading:
    """Read a file of at most `limit` bytes. Never raises for what is on disk: that becomes a broken manifest."""
    if item.identity[1] > limit:
        return Reading(too_large(item.key, item.identity[1], limit), item.identity)
    try:
        data = _content(item.path, item.identity[1], limit)
    except FileNotFoundError:
        return Reading(None)
    except OSError as error:
        return Reading(unreadable_manifest(item.key, f"the file cannot be read: {error.strerror}"))
    is_racy = item.identity[0] > time.time_ns() - RACY_NS
    return Reading(parse_manifest(item.key, data), None if is_racy else item.identity)


def _content(path: str, size: int, limit: int) -> bytes:
    """Return the bytes of a file that was just seen to be of a size, but no more than one above the limit."""
    # No room is made for what is hardly ever there: asking for `limit` bytes would map and unmap a megabyte each time.
    with open(path, "rb", buffering=0) as file:
        data = file.read(size + 1)
        while size < len(data) <= limit and (more := file.read(limit + 1 - len(data))):
            data += more
    return data


def too_large(key: str, size: int, limit: int) -> Manifest:
    """Return the manifest of a file that is not read because of its size."""
    reason = f"the file has {size / 1e6:.1f} MB; manifests may have {limit / 1e6:g} MB"
    return unreadable_manifest(key, reason, "Remove what does not belong into a manifest.")


def send(stream: IO[bytes], value: object) -> None:
    """Write a value to the other process; raises OSError if that has ended."""
    content = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(_LENGTH.pack(len(content)) + content)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes:
    """Return what the other process sent, to be unpickled; raises EOFError if that has ended."""
    header = stream.read(_LENGTH.size)
    if len(header) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(header)
    content = stream.read(length)
    if len(content) < length:
        raise EOFError
    return content


def serve(limit: int) -> None:
    """Answer lists of files on standard input by lists of readings on standard output, until the input ends."""
    import gc

    gc.disable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # `Ctrl-C` is for the process that asks; this one ends with it
    asked, answers = os.fdopen(0, "rb"), os.fdopen(1, "wb")
    while True:
        try:
            items = pickle.loads(receive(asked))
            send(answers, [read_manifest(item, limit) for item in items])
        except (EOFError, BrokenPipeError):
            os._exit(0)
