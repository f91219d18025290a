"""Glob patterns over manifest keys: `*` and `?` within a name, `**` over directories, `[…]` classes."""

import re
from collections.abc import Sequence
from typing import Final

_TOKEN: Final = re.compile(r"\*\*/|\*\*|\*|\?|\[!?\]?[^\]]*\]|[^*?\[]+|\[")


class Globs:
    """A choice of paths: those that match any of some patterns."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self.patterns = tuple(patterns)
        alternatives = "|".join(_expression(pattern) for pattern in patterns)
        self._expression = re.compile(alternatives) if patterns else None

    def __bool__(self) -> bool:
        return self._expression is not None

    def __contains__(self, path: str) -> bool:
        return self._expression is not None and self._expression.fullmatch(path) is not None


def _expression(pattern: str) -> str:
    """Return a glob as a regular expression. A pattern without `/` matches at any depth, as in `.gitignore`."""
    anchored = pattern.strip("/")
    if "/" not in pattern.rstrip("/"):
        anchored = f"**/{anchored}"
    inner = anchored.removesuffix("/**")
    below = "(?:/.*)?" if inner != anchored else ""
    return "".join(_translated(match[0]) for match in _TOKEN.finditer(inner)) + below


def _translated(token: str) -> str:
    simple = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    if token in simple:
        return simple[token]
    if token.startswith("[") and len(token) > 2:
        inner = token[1:-1]
        return f"[{'^' if inner[0] == '!' else ''}{re.escape(inner.lstrip('!')).replace(re.escape('-'), '-')}]"
    return re.escape(token)
