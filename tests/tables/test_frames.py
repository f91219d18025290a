"""Tables of revisions that follow each other: the same as of a cold start, and each text is looked through once."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
from hypothesis import given, settings

from benchmarks.fleet import Generator
from tests.fleet.test_snapshot import _STEPS, Manifest
from workbench.config import sample_fleet
from workbench.fleet import model
from workbench.fleet.manifest import parse_manifest
from workbench.fleet.positions import Positions
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.tables import SNAPSHOT_TABLES, table_rows
from workbench.sources.discovery import Discovery
from workbench.sources.ingest import read_fleet
from workbench.tables import pieces
from workbench.tables.frames import arrow_bytes, arrow_of, arrow_table, tables_made


@contextmanager
def counted_texts() -> Iterator[list[str]]:
    """Note every text whose keys are looked for."""
    read: list[str] = []

    class Counted(Positions):
        def __init__(self, text: str) -> None:
            read.append(text)
            super().__init__(text)

    model._positions.cache_clear()
    with patch.object(model, "Positions", Counted):
        yield read


def cold(name: str, snapshot: Snapshot) -> pa.Table:
    return arrow_of(SNAPSHOT_TABLES[name].columns, table_rows(name, snapshot))


@settings(max_examples=60, deadline=None)
@given(_STEPS)
def test_tables_carried_over_are_those_of_a_cold_start(steps: list[dict[str, Manifest | None]]) -> None:
    snapshot = Snapshot()
    with patch.object(pieces, "_MOST", 2):
        for step in steps:
            snapshot = snapshot.apply(step)
            afresh = Snapshot.from_state(snapshot.state())
            for name in SNAPSHOT_TABLES:
                table = arrow_table(name, snapshot)
                assert table.equals(cold(name, afresh), check_metadata=True), name


def test_all_tables_look_through_each_text_once_and_the_next_revision_through_what_changed() -> None:
    snapshot = read_fleet(Discovery([sample_fleet()]), Snapshot())
    texts = [record.manifest.source.text for record in snapshot.records.values()]
    with counted_texts() as read:
        for _ in tables_made(snapshot):
            pass
        again = Counter(read) - Counter(texts)
        assert again.total() <= 1  # what two crates of one name share is asked for apart
        assert len(read) > 50
        read.clear()
        for name in SNAPSHOT_TABLES:
            arrow_bytes(name, snapshot)
        assert read == []
        path, record = next(item for item in snapshot.records.items() if item[1].claims)
        text = record.manifest.source.text + "\n# a remark\n"
        newer = snapshot.apply({path: parse_manifest(path, text.encode())})
        for name in SNAPSHOT_TABLES:
            arrow_bytes(name, newer)
        assert read == [text]


def test_the_next_revision_makes_only_rows_of_what_changed(tmp_path: Path) -> None:
    root = tmp_path / "fleet"
    Generator(root, 2_000, ballast=False).write()
    snapshot = read_fleet(Discovery([root]), Snapshot())
    made = {}
    for name in SNAPSHOT_TABLES:
        arrow_bytes(name, snapshot)
        made[name] = snapshot.lasting(("pieces", name), pieces.Pieces).made
    path, record = list(snapshot.records.items())[1_000]
    newer = snapshot.apply({path: parse_manifest(path, (record.manifest.source.text + "\n").encode())})
    for name in SNAPSHOT_TABLES:
        arrow_bytes(name, newer)
        again = newer.lasting(("pieces", name), pieces.Pieces).made - made[name]
        assert again <= made[name] / 2, name
    assert newer.lasting(("pieces", "dependencies"), pieces.Pieces).made - made["dependencies"] <= pieces._MOST


def test_a_table_lies_in_the_bytes_that_are_sent() -> None:
    snapshot = read_fleet(Discovery([sample_fleet()]), Snapshot())
    before = pa.total_allocated_bytes()
    table = arrow_table("ports", snapshot)
    assert table.num_rows > 100
    assert pa.total_allocated_bytes() - before < len(arrow_bytes("ports", snapshot)) / 4
