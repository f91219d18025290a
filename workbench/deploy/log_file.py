"""The log of a deployment: one file of limited size, in which nothing secret stands."""

import os
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

SECRET_NAME: Final = re.compile(
    r"token|secret|passw|passphrase|credential|private|api_?key|access_?key|auth|_key$|^key$", re.IGNORECASE
)
MASK: Final = "[masked]"

_SHORTEST: Final = 5
_PATTERNS: Final = (
    re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}"),
    re.compile(
        r"(?i)((?:token|secret|passw(?:or)?d|passphrase|api[_-]?key|access[_-]?key)[\"']?\s*[=:]\s*)"
        r"(\"[^\"]*\"|'[^']*'|\S+)"
    ),
    re.compile(r"(://[^\s/:@]*:)[^\s/@]+(?=@)"),
)
"""Each takes time in proportion to a line: none begins with what could match anywhere."""

_LINE_LIMIT: Final = 8_192
_CONTROLS: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")
_OWN_LIMIT: Final = 65_536
_READ_LIMIT: Final = 262_144


class Masker:
    """Takes secrets out of lines: known values, and what looks like one."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        known = sorted({value for value in values if len(value) >= _SHORTEST}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    @classmethod
    def of(cls, *environments: Mapping[str, str], values: Iterable[str] = ()) -> "Masker":
        """Return the masker of some values, and of those variables whose names look secret."""
        named = [
            value for environment in environments for name, value in environment.items() if SECRET_NAME.search(name)
        ]
        return cls([*values, *named])

    def __call__(self, line: str) -> str:
        if self._known is not None:
            line = self._known.sub(MASK, line)
        bearer, assigned, address = _PATTERNS
        line = bearer.sub(rf"\1 {MASK}", line)
        line = assigned.sub(rf"\1{MASK}", line)
        return address.sub(rf"\1{MASK}", line)


class LogPart(NamedTuple):
    """A part of a log: its text, and the offset in bytes at which the next part begins."""

    text: str
    next: int


class LogFile:
    """Takes lines of a command and of our own; `on_lines` is told of those that were written.

    Beyond `limit` bytes what commands print is dropped, and said so once; our own lines still find room.
    """

    def __init__(
        self, path: Path, limit: int, masker: Masker, on_lines: Callable[[list[str]], None] = lambda _: None
    ) -> None:
        self._path = path
        self._limit = limit
        self._mask = masker
        self._on_lines = on_lines
        self._rest = b""
        self._is_cut = False
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab", buffering=0)
        self._size = path.stat().st_size
        self._is_full = self._size >= limit

    def __enter__(self) -> "LogFile":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def take(self, chunk: bytes) -> None:
        """Take what a command printed: whole lines are written, the rest waits for its end."""
        *lines, rest = (self._rest + chunk).split(b"\n")
        self._rest = rest[: 2 * _LINE_LIMIT]
        self._write([self._shown(line) for line in lines])

    def flush(self) -> None:
        """Write a last line that has no end."""
        if self._rest:
            self._write([self._shown(self._rest)])
            self._rest = b""

    def say(self, words: str) -> None:
        """Write a line of our own."""
        self._write([f"-- {self._mask(words)}"], is_own=True)

    def close(self) -> None:
        """Write what waits, and close the file."""
        self.flush()
        self._file.close()

    def _shown(self, line: bytes) -> str:
        # Masked first, with as much again of what is cut off: half a secret would not be known as one.
        text = self._mask(_CONTROLS.sub("", line[: 2 * _LINE_LIMIT].decode("utf-8", "replace").rstrip("\r")))
        return text if len(text) <= _LINE_LIMIT else f"{text[:_LINE_LIMIT]} [cut]"

    def _write(self, lines: list[str], *, is_own: bool = False) -> None:
        with self._lock:
            kept = lines if is_own else self._fitting(lines)
            if is_own and self._size >= self._limit + _OWN_LIMIT:
                return
            if kept:
                text = "".join(f"{line}\n" for line in kept).encode()
                self._file.write(text)
                self._size += len(text)
        if kept:
            self._on_lines(kept)

    def _fitting(self, lines: list[str]) -> list[str]:
        kept, size = list[str](), self._size
        for line in lines:
            if self._is_full:
                break
            size += len(line.encode()) + 1
            self._is_full = size > self._limit
            kept.append(
                f"-- the log is full at {self._limit} bytes; further output is dropped" if self._is_full else line
            )
        return kept


def read_log(path: Path, since: int = 0) -> LogPart:
    """Return what a log holds from an offset on, in whole lines, at most 256 kB; nothing if there is no log (yet)."""
    try:
        with path.open("rb") as file:
            file.seek(since)
            chunk = file.read(_READ_LIMIT)
    except FileNotFoundError:
        return LogPart("", since)
    whole = chunk[: chunk.rfind(b"\n") + 1] if b"\n" in chunk else b""
    return LogPart(whole.decode("utf-8", "replace"), since + len(whole))
