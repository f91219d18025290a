"""A table in pieces that are carried from revision to revision: only the rows of what is new are made."""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import is_
from typing import Any, Final

import pyarrow as pa

Make = Callable[[Sequence[Any]], pa.RecordBatch]

_MOST: Final = 256
"""How many sources a piece holds at most: enough for Arrow, and few enough to leave other threads their turn."""
_FRAGMENTS: Final = 4
"""How many times as many pieces as needed there may be, before all are made anew."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of a table, and what they come of; the sources are held, so that nothing else has their identity."""

    sources: Sequence[object]
    rows: pa.RecordBatch


class Pieces:
    """The newest pieces of one table. Two threads that ask at once do some work twice, no harm."""

    def __init__(self) -> None:
        self._pieces: list[Piece] = []
        self.made = 0
        """How many sources had their rows made so far."""

    def file(self, schema: pa.Schema, sources: Sequence[Any], make: Make) -> bytes:
        """Return a table as an Arrow file (Feather 2), uncompressed, as every reader takes it.

        `make` returns the rows of some sources, and is asked only for those that are new.
        The pieces lie in these bytes from then on, and take no room of their own.
        """
        sink = io.BytesIO()
        held: list[Sequence[object]] = []
        with pa.ipc.new_file(sink, schema) as writer:
            for piece in self._arranged(sources, make):
                writer.write_batch(piece.rows)
                held.append(piece.sources)
        data = sink.getvalue()
        reader = pa.ipc.open_file(pa.py_buffer(data))
        self._pieces = [Piece(part, reader.get_batch(number)) for number, part in enumerate(held)]
        return data

    def _arranged(self, sources: Sequence[Any], make: Make) -> Iterator[Piece]:
        """Yield the pieces of a table: known ones wherever all their sources stand in a row, new ones in between."""
        known = self._pieces
        if len(known) > _FRAGMENTS * (len(sources) // _MOST + 1):
            known = []
        starts = {id(piece.sources[0]): piece for piece in known}
        done = at = 0
        while at < len(sources):
            piece = starts.get(id(sources[at]))
            end = at + len(piece.sources) if piece else at
            if piece is None or end > len(sources) or not all(map(is_, piece.sources, sources[at:end])):
                at += 1
                continue
            yield from self._new(sources[done:at], make)
            yield piece
            done = at = end
        yield from self._new(sources[done:], make)

    def _new(self, sources: Sequence[Any], make: Make) -> Iterator[Piece]:
        for start in range(0, len(sources), _MOST):
            some = sources[start : start + _MOST]
            self.made += len(some)
            yield Piece(some, make(some))
