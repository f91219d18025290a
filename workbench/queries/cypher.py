"""Cypher over the slot graph, as far as Grand-Cypher goes: it reads, and knows nothing that writes."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import networkx as nx
from grandcypher import GrandCypher, _GrandCypherGrammar
from lark.exceptions import LarkError, UnexpectedInput, VisitError

from workbench.errors import QueryError
from workbench.fleet.property_graph import LABELS

MAX_PATTERN: Final = 10_000

_REWRITTEN: Final = re.compile(
    r""" (?P<text> "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' )
       | (?P<remark> //[^\n]* )
       | (?P<word> (?<![.\w]) (?: (?:count|sum|avg|max|min|collect)(?=\s*\() | (?:distinct|as|exists)(?!\w) ) )
    """,
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_ESCAPED: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "\\": "\\", "'": "'", '"': '"', "`": "`"}
_WRITES: Final = re.compile(r"(CREATE|MERGE|SET|DELETE|DETACH|REMOVE|DROP|LOAD|FOREACH|CALL)\b", re.IGNORECASE)
_UNKNOWN: Final = re.compile(r"(OPTIONAL|WITH|UNWIND|UNION|CASE)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Matches:
    """What a pattern found: the names of the columns, the rows, and whether there were more of them."""

    columns: list[str]
    rows: list[list[Any]]
    truncated: bool


class _Text:
    """A pattern as Grand-Cypher reads it: its strings double-quoted, its words in capitals; it knows the old places."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self._places = [(0, 0)]
        """(place in the new text, place in the pattern) of every piece."""
        self.text = "".join(self._pieces())

    def _pieces(self) -> Iterator[str]:
        at = end = 0
        for found in _REWRITTEN.finditer(self.pattern):
            yield (before := self.pattern[at : found.start()])
            yield (new := self._rewritten(found))
            end += len(before) + len(new)
            at = found.end()
            self._places.append((end, at))
        yield self.pattern[at:]

    def _rewritten(self, found: re.Match[str]) -> str:
        if found["text"]:
            # The library evaluates a string as Python: it gets to see none that was not written here.
            return json.dumps(_ESCAPE.sub(self._meant, found["text"][1:-1]), ensure_ascii=False)
        return " " * len(found["remark"]) if found["remark"] else found["word"].upper()

    def _meant(self, escape: re.Match[str]) -> str:
        name = escape[1]
        try:
            return chr(int(name[1:], 16)) if len(name) > 1 else _ESCAPED[name]
        except (KeyError, ValueError, OverflowError):
            raise QueryError(f"a string has the escape \\{name}, which Cypher does not know") from None

    def error(self, place: int) -> QueryError:
        """Return the error of a pattern that cannot be read on from a place in the new text; -1 is its end."""
        if place < 0:
            line, column = self._line_and_column(len(self.pattern))
            return QueryError("the pattern ends too early; it needs a RETURN", line=line, column=column)
        new, old = next(pair for pair in reversed(self._places) if pair[0] <= place)
        at = old + place - new
        line, column = self._line_and_column(at)
        rest = self.pattern[at:]
        if word := _WRITES.match(rest):
            message = f"{word[1].upper()} is refused: the graph is read, never written"
        elif word := _UNKNOWN.match(rest):
            message = f"{word[1].upper()} is not supported"
        else:
            message = f"the pattern cannot be read from {json.dumps(rest[:20], ensure_ascii=False)} on"
        return QueryError(f"line {line}, column {column}: {message}", line=line, column=column)

    def _line_and_column(self, at: int) -> tuple[int, int]:
        before = self.pattern[:at]
        return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1


class _Query(GrandCypher):  # type: ignore[misc]
    """A query whose LIMIT cuts its rows, and never what they are made of."""

    def found(self, text: _Text, rows: int | None) -> dict[Any, list[Any]]:
        try:
            tree = _GrandCypherGrammar.parse(text.text)
        except UnexpectedInput as error:
            place = getattr(error, "pos_in_stream", None)
            raise text.error(-1 if place is None else place) from None
        self._transformer.transform(tree)
        executor = self._transformer._executors[0]
        if rows is not None:
            executor._limit = min(rows, executor._limit if executor._limit is not None else rows)
        pieces = list(nx.weakly_connected_components(executor._motif))
        if executor._aggregate_functions or executor._distinct or len(pieces) > 1:
            # The library stops after so many matches, before it counts, joins or drops equal ones.
            executor._is_limit = lambda _length: False
        found: dict[Any, list[Any]] = executor.returns()
        return found


def match(graph: "nx.MultiDiGraph[str]", pattern: str, rows: int | None = None) -> Matches:
    """Return what a Cypher pattern finds in a graph of `property_graph`, at most `rows` rows.

    A node is shown as its properties, an edge as its own; an edge of several hops as a list. Raises QueryError
    with the line and the column where the pattern cannot be read.
    """
    if len(pattern) > MAX_PATTERN:
        raise QueryError(f"a pattern may have {MAX_PATTERN} characters, this has {len(pattern)}")
    text = _Text(pattern)
    try:
        found = _Query(graph).found(text, None if rows is None else rows + 1)
    except (QueryError, MemoryError):
        raise
    except RecursionError:
        raise QueryError("the pattern is nested too deeply") from None
    except Exception as error:  # noqa: BLE001 - the library raises what its evaluation comes upon
        raise QueryError(f"the pattern cannot be answered: {_reason(error)}") from None
    made = [[_shown(value) for value in row] for row in zip(*found.values(), strict=True)]
    return Matches([str(name) for name in found], made[:rows], rows is not None and len(made) > rows)


def _reason(error: BaseException) -> str:
    while isinstance(error, VisitError):
        error = error.orig_exc
    return str(error) if isinstance(error, LarkError | LookupError | NotImplementedError) else repr(error)


def _shown(value: Any) -> Any:
    """Return a value without what the library keeps in it for itself."""
    if isinstance(value, dict):
        return {str(key): _shown(item) for key, item in value.items() if key != LABELS}
    if isinstance(value, list | tuple | set | frozenset):
        return [_shown(item) for item in value]
    return value
