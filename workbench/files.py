"""Files that are replaced whole or not at all."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO


def replace_file(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file under a temporary name, by default readable by nobody else, and put it in place at once.

    Makes the directory if needed. Raises OSError, leaving nothing behind and an older file as it was.
    """
    with replacement(path, mode) as file:
        file.write(content)


@contextlib.contextmanager
def replacement(path: Path, mode: int = 0o600) -> Iterator[IO[bytes]]:
    """Give a file to write under a temporary name, and put it in place once all went well; see `replace_file`."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            yield file
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
