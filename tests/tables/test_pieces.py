"""Tables in pieces: equal to tables made afresh, at the cost of what is new."""

from unittest.mock import patch

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.tables import pieces
from workbench.tables.pieces import Pieces

SCHEMA = pa.schema([pa.field("value", pa.int64(), metadata={"meaning": "a number"})])


class Source:
    """A source of one row; two of one value are two."""

    def __init__(self, value: int) -> None:
        self.value = value


def rows(sources: list[Source]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({"value": [source.value for source in sources]}, schema=SCHEMA)


def values(data: bytes) -> list[int]:
    table = pa.ipc.open_file(pa.py_buffer(data)).read_all()
    assert table.schema.equals(SCHEMA, check_metadata=True)
    found: list[int] = table["value"].to_pylist()
    return found


EDITS = st.lists(st.tuples(st.sampled_from(["put", "add", "drop", "move", "all"]), st.integers(0, 30)), max_size=25)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 20), EDITS)
def test_a_table_is_the_same_as_one_made_afresh(count: int, edits: list[tuple[str, int]]) -> None:
    kept = Pieces()
    sources = [Source(number) for number in range(count)]
    number = count
    with patch.object(pieces, "_MOST", 3):
        assert values(kept.file(SCHEMA, sources, rows)) == [source.value for source in sources]
        for edit, where in edits:
            at = where % (len(sources) + 1)
            number += 1
            if edit == "add":
                sources = [*sources[:at], Source(number), *sources[at:]]
            elif edit == "put":
                sources = [*sources[:at], Source(number), *sources[at + 1 :]]
            elif edit == "drop":
                sources = [*sources[:at], *sources[at + 1 :]]
            elif edit == "move":
                sources = [*sources[at:], *sources[:at]]
            else:
                sources = [Source(source.value) for source in sources]
            assert values(kept.file(SCHEMA, sources, rows)) == [source.value for source in sources]


def test_only_what_is_new_is_made() -> None:
    kept = Pieces()
    sources = [Source(number) for number in range(10_000)]
    kept.file(SCHEMA, sources, rows)
    assert kept.made == 10_000
    kept.file(SCHEMA, sources, rows)
    assert kept.made == 10_000
    for number in range(50):
        sources = [*sources]
        sources[number * 190] = Source(-number)
        before = kept.made
        assert values(kept.file(SCHEMA, sources, rows))[number * 190] == -number
        assert kept.made - before <= pieces._MOST
    sources = [Source(-1), *sources]
    before = kept.made
    kept.file(SCHEMA, sources, rows)
    assert kept.made - before <= pieces._MOST


def test_fragments_are_joined_again() -> None:
    kept = Pieces()
    sources = [Source(number) for number in range(64)]
    with patch.object(pieces, "_MOST", 16):
        for number in range(100):
            sources = [*sources[: number % 60], Source(number), *sources[number % 60 :]]
            assert values(kept.file(SCHEMA, sources, rows)) == [source.value for source in sources]
            assert len(kept._pieces) <= pieces._FRAGMENTS * (len(sources) // 16 + 1) + 2
