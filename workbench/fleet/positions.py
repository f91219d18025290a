"""Where each key of a TOML text stands, for text that may be broken."""

import re
from bisect import bisect_right
from functools import lru_cache
from typing import Final

KeyPath = tuple[str | int, ...]
"""A key's path from the top of the document; integers index arrays and arrays of tables."""

_TOKEN: Final = re.compile(
    r'"""(?:\\.|[^\\])*?"""'
    r"|'''.*?'''"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|[\[\]{}=,\n]"
    r"|[ \t\r]+"
    r"|[^\s\[\]{}=,\#\"']+"
    r"|.",
    re.DOTALL,
)
_PLAIN_LINE: Final = re.compile(
    r"""[ \t]*(?:([A-Za-z0-9_-]+)[ \t]*=[ \t]*"""
    r"""(?:[A-Za-z0-9.+-]+|"(?!"")[^"\\\n]*"|'(?!'')[^'\n]*'))?"""
    r"""[ \t]*(?:\#[^\n]*)?\r?\n"""
)
"""An empty line, a comment, or a bare key with a number, a word or a string on one line."""
_PLAIN_HEADER: Final = re.compile(
    r"""[ \t]*(\[)(?:([A-Za-z0-9_.-]+)|\[([A-Za-z0-9_.-]+)\])\][ \t]*(?:\#[^\n]*)?\r?\n"""
)
"""A header of a table, or of an array of tables, with bare names."""
_PLAIN_ELEMENT: Final = r"""(?:[A-Za-z0-9_.:+-]+|"(?!"")[^"\\\n]*"|'(?!'')[^'\n]*')"""
_ELEMENT: Final = re.compile(_PLAIN_ELEMENT)
_PLAIN_ARRAY: Final = re.compile(
    rf"""[ \t]*([A-Za-z0-9_-]+)[ \t]*=[ \t]*"""
    rf"""\[[ \t]*({_PLAIN_ELEMENT}(?:[ \t]*,[ \t]*{_PLAIN_ELEMENT})*)[ \t]*\][ \t]*(?:\#[^\n]*)?\r?\n"""
)
"""A bare key with an array of numbers, words and strings on one line."""
_SKIPPED: Final = " \t\r#\ufeff"
_DOTTED: Final = re.compile(r"[^.\s]+")
_MAX_DEPTH: Final = 32


@lru_cache(maxsize=4096)
def dotted(path: KeyPath) -> str:
    """Return a key path as text, such as `service.ports[1]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


class Positions:
    """The line and column of every key and array element of a TOML text.

    Built by a tolerant scanner rather than by a parser, so that it also serves texts that do not
    parse. Lines and columns count from 1; columns count characters.
    """

    __slots__ = ("_line_starts", "_offsets")

    def __init__(self, text: str) -> None:
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._offsets: dict[KeyPath, int] = {}
        _Scanner(text, self._offsets).scan()

    def locate(self, path: KeyPath) -> tuple[int, int]:
        """Return (line, column) of a key, or of its nearest enclosing table; (1, 1) if there is none."""
        while path:
            offset = self._offsets.get(path)
            if offset is not None:
                return self.at(offset)
            path = path[:-1]
        return 1, 1

    def at(self, offset: int) -> tuple[int, int]:
        """Return (line, column) of a character offset."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def __contains__(self, path: KeyPath) -> bool:
        return path in self._offsets


class _Scanner:
    """A single pass over a TOML text that records where keys begin.

    Lines of the usual forms are recognised whole; only the others are taken apart into tokens.
    """

    def __init__(self, text: str, offsets: dict[KeyPath, int]) -> None:
        self._text = text
        self._offsets = offsets
        self._match: re.Match[str] | None = None
        self._token = ""
        self._arrays: dict[KeyPath, int] = {}

    def _go_to(self, offset: int) -> None:
        """Make the first token at or after an offset the current one."""
        self._match = _TOKEN.match(self._text, offset)
        while self._match and self._match[0][0] in _SKIPPED:
            self._match = _TOKEN.match(self._text, self._match.end())
        self._token = self._match[0] if self._match else ""

    def _advance(self) -> None:
        if self._match:
            self._go_to(self._match.end())

    def _offset(self) -> int:
        return self._match.start() if self._match else 0

    def scan(self) -> None:
        table: KeyPath = ()
        text, offsets, offset = self._text, self._offsets, 0
        while offset < len(text):
            if line := _PLAIN_LINE.match(text, offset):
                if name := line[1]:
                    offsets.setdefault((*table, name), line.start(1))
                offset = line.end()
                continue
            if header := _PLAIN_HEADER.match(text, offset):
                table = self._entered(_DOTTED.findall(header[2] or header[3]), header.start(1), header[3] is not None)
                offset = header.end()
                continue
            if array := _PLAIN_ARRAY.match(text, offset):
                self._plain_array((*table, array[1]), array)
                offset = array.end()
                continue
            self._go_to(offset)
            if self._token == "[":
                table = self._header()
            elif self._match and self._token != "\n":
                self._pair(table)
                self._skip_line()
            offset = self._match.end() if self._match else len(text)

    def _plain_array(self, path: KeyPath, array: re.Match[str]) -> None:
        self._offsets.setdefault(path, array.start(1))
        for index, element in enumerate(_ELEMENT.finditer(self._text, array.start(2), array.end(2))):
            self._offsets.setdefault((*path, index), element.start())

    def _skip_line(self) -> None:
        while self._match and self._token != "\n":
            self._advance()

    def _header(self) -> KeyPath:
        start = self._offset()
        self._advance()
        is_array = self._token == "["
        if is_array:
            self._advance()
        names = self._key(stop="]")
        self._skip_line()
        return self._entered(names, start, is_array)

    def _entered(self, names: list[str], start: int, is_array: bool) -> KeyPath:
        """Return the path of the table that a header begins."""
        path: KeyPath = ()
        for name in names[:-1]:
            path = (*path, name)
            if path in self._arrays:
                path = (*path, self._arrays[path])
        if not names:
            return ()
        path = (*path, names[-1])
        self._offsets.setdefault(path, start)
        if is_array:
            self._arrays[path] = self._arrays.get(path, -1) + 1
            path = (*path, self._arrays[path])
            self._offsets[path] = start
        return path

    def _key(self, stop: str) -> list[str]:
        names: list[str] = []
        while self._match and self._token not in (stop, "\n"):
            if self._token[0] in "\"'":
                names.append(self._token.strip(self._token[0]))
            else:
                names.extend(_DOTTED.findall(self._token))
            self._advance()
        return names

    def _pair(self, table: KeyPath, depth: int = 0) -> None:
        start = self._offset()
        names = self._key(stop="=")
        if self._token != "=" or not names:
            return
        path = table
        for name in names:
            path = (*path, name)
            self._offsets.setdefault(path, start)
        self._advance()
        self._value(path, depth)

    def _value(self, path: KeyPath, depth: int) -> None:
        if self._token == "[":
            self._array(path, depth + 1)
        elif self._token == "{":
            self._inline_table(path, depth + 1)
        else:
            self._advance()

    def _array(self, path: KeyPath, depth: int) -> None:
        self._advance()
        index = 0
        while self._match and self._token != "]":
            if self._token == ",":
                index += 1
                self._advance()
            elif self._token == "\n" or depth >= _MAX_DEPTH:
                self._advance()
            else:
                self._offsets.setdefault((*path, index), self._offset())
                self._value((*path, index), depth)
        self._advance()

    def _inline_table(self, path: KeyPath, depth: int) -> None:
        self._advance()
        while self._match and self._token != "}":
            if self._token in (",", "\n") or depth >= _MAX_DEPTH:
                self._advance()
                continue
            before = self._match
            self._pair(path, depth)
            if self._match is before:
                self._advance()
        self._advance()
