"""The state file: what was committed is there again, and a bad file never stops the workbench."""

import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pytest

from workbench.desks.assignments import Assignment, AssignmentRequest, Assignments, Entry
from workbench.errors import StoreError
from workbench.events import Draft, Event, EventLog
from workbench.fleet.manifest import parse_manifest
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.tables import TABLES
from workbench.hub import Hub
from workbench.store.database import Store
from workbench.tables.frames import arrow_table


def snapshot_of(*names: str) -> Snapshot:
    return Snapshot().apply(
        {
            f"{n}/smart-crate.toml": parse_manifest(f"{n}/smart-crate.toml", f"name = '{n}'\nport = 18020".encode())
            for n in names
        }
    )


def events(*seqs: int) -> list[Event]:
    return [Event.of(Draft("crate.added", "crates", {"name": f"c{seq}"}), seq, 1, 1_700_000_000 + seq) for seq in seqs]


def rows(store: Store, query: str) -> list[tuple[object, ...]]:
    return store.connection.execute(query).fetchall()


def test_what_was_committed_is_restored(tmp_path: Path) -> None:
    store = Store(tmp_path / "state")
    store.open()
    assert store.restore() == (0, [])
    store.commit(snapshot_of("a"), events(1, 2))
    store.close()
    store.open()
    revision, kept = store.restore()
    assert (revision, kept) == (1, events(1, 2))
    store.close()
    store.close()


def test_events_can_be_added_to_a_revision_that_is_kept_already(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.open()
    snapshot = snapshot_of("a")
    store.commit(snapshot, events(1))
    store.commit(snapshot, events(2, 3))
    assert store.restore() == (1, events(1, 2, 3))
    store.close()


def read_until_closed(store: Store, started: threading.Semaphore, failures: list[str]) -> None:
    try:
        while store.revisions():
            started.release()
    except Exception as error:  # noqa: BLE001 - judged by the test
        failures.append(str(error))


def test_the_file_is_closed_under_its_readers(tmp_path: Path) -> None:
    for _ in range(20):
        store = Store(tmp_path)
        store.open()
        store.commit(snapshot_of("a"), events(1))
        started = threading.Semaphore(0)
        failures: list[str] = []

        readers = [threading.Thread(target=read_until_closed, args=(store, started, failures)) for _ in range(2)]
        for reader in readers:
            reader.start()
        assert started.acquire(timeout=10)
        store.close()
        for reader in readers:
            reader.join(10)
        assert failures == [f"{store.path} is not open"] * 2


def test_the_mirror_follows_the_snapshot(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.open()
    first = snapshot_of("a", "b", "c")
    second = first.apply(
        {"a/smart-crate.toml": None, "b/smart-crate.toml": parse_manifest("b/smart-crate.toml", b"x = [")}
    )
    for snapshot in (first, second, snapshot_of("z")):
        assert store.mirror(snapshot, budget=60)
        for name, spec in TABLES.items():
            columns = ", ".join(f'"{column}"' for column in spec.column_names if column != "retrofit_at")
            mirrored = store.connection.sql(f"SELECT {columns} FROM {name} ORDER BY ALL").to_arrow_table().to_pylist()
            expected = arrow_table(name, snapshot)
            if "retrofit_at" in expected.column_names:
                expected = expected.drop_columns(["retrofit_at"])
            assert sorted(map(str, mirrored)) == sorted(map(str, expected.to_pylist())), name
    store.close()


def test_events_that_belong_to_a_known_revision_are_written_too(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.open()
    snapshot, log = snapshot_of("a"), EventLog()
    for _ in range(3):
        events = log.number([Draft("mux.status", "mux", {})], snapshot.revision)
        store.commit(snapshot, events)
        log.publish(events)
    assert rows(store, "SELECT count(*) FROM revisions") == [(1,)]
    assert rows(store, "SELECT seq FROM events ORDER BY seq") == [(1,), (2,), (3,)]
    store.close()


def test_the_mirror_works_in_steps_of_its_budget(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.open()
    snapshot = snapshot_of(*(f"c{n:03}" for n in range(450)))
    steps = 1
    while not store.mirror(snapshot, budget=0):
        steps += 1
    assert steps > 3
    assert rows(store, "SELECT count(*) FROM crates") == [(450,)]
    store.close()


def test_a_newer_snapshot_ends_the_way_to_an_older_one(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.open()
    older = snapshot_of(*(f"c{n:03}" for n in range(450)))
    newer = older.apply(
        {
            "c000/smart-crate.toml": None,
            "z/smart-crate.toml": parse_manifest("z/smart-crate.toml", b'[smart-crate]\nname = "z"\n'),
        }
    )
    for _ in range(2):
        assert not store.mirror(older, budget=0)
    while not store.mirror(newer, budget=0):
        pass
    assert rows(store, "SELECT DISTINCT part FROM crates ORDER BY part") == [(path,) for path in sorted(newer.records)]
    assert store.mirror(newer, budget=0)
    store.close()


def test_a_damaged_file_is_set_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "workbench.duckdb").write_bytes(b"this is no database" * 1000)
    (tmp_path / "workbench.duckdb.wal").write_bytes(b"what was written last")
    store = Store(tmp_path)
    store.open()
    assert store.restore() == (0, [])
    store.close()
    assert "damaged" in caplog.text
    log, aside = sorted(tmp_path.glob("workbench.duckdb.damaged-*"), key=lambda path: path.suffix != ".wal")
    assert aside.read_bytes().startswith(b"this is no database")
    assert (log.name, log.read_bytes()) == (f"{aside.name}.wal", b"what was written last")


def test_the_state_folder_is_its_owners_alone(tmp_path: Path) -> None:
    """The state file holds the audit log, and its mode is whatever DuckDB gives it."""
    store = Store(tmp_path / "state")
    store.open()
    store.close()
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_a_file_that_another_process_holds_is_left_alone(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.open()
    code = f"""
from pathlib import Path
from workbench.errors import StoreError
from workbench.store.database import Store
try:
    Store(Path({str(tmp_path)!r})).open()
except StoreError as error:
    print(error.message)
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "lock" in answer.stdout
    assert not list(tmp_path.glob("*damaged*"))
    store.close()


def test_a_file_of_a_newer_workbench_is_refused_and_kept(tmp_path: Path) -> None:
    connection = duckdb.connect(tmp_path / "workbench.duckdb")
    connection.execute("CREATE TABLE versions (version BIGINT); INSERT INTO versions VALUES (999)")
    connection.close()
    with pytest.raises(StoreError, match="newer workbench"):
        Store(tmp_path).open()
    assert not list(tmp_path.glob("*damaged*"))


def test_a_folder_that_cannot_be_made_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file"):
        Store(tmp_path / "file" / "state").open()


def test_sequence_and_revision_go_on_after_a_restart(tmp_path: Path, sample_copy: Path) -> None:
    last: list[tuple[int, int]] = []
    for _ in range(2):
        with Hub([sample_copy], journal=Store(tmp_path / "state")) as hub:
            assert hub.wait_ready(20)
            last.append((hub.snapshot.revision, hub.log.last_seq))
    assert last == [(1, 1), (2, 2)]


def test_assignments_are_restored_as_they_were(tmp_path: Path) -> None:
    made = Assignment("a1", "x", "http", 18400, 51168, "GIS", 1_800_000_000.123, 1_800_000_060.5, None, "k", "op", "{}")
    bare = Assignment("a2", "y", "http", 40000, None, None, 1_800_000_001.0)
    entries = [
        Entry("made", made.assigned_at, "op", made),
        Entry("made", bare.assigned_at, "", bare),
        Entry("expired", 1_800_000_060.501, "", made),
    ]
    store = Store(tmp_path)
    store.open()
    assert store.assignments() == []
    store.commit_assignments(entries[:2], events(1))
    store.commit_assignments(entries[2:], events(2))
    store.close()
    store.open()
    assert store.assignments() == entries
    assert store.restore()[1] == events(1, 2)
    store.close()
    with pytest.raises(StoreError):
        store.assignments()


def test_a_state_file_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    from workbench.store.schema import JOURNAL, MIGRATIONS

    with duckdb.connect(tmp_path / "workbench.duckdb") as connection:
        connection.execute(f"CREATE TABLE versions (version BIGINT); INSERT INTO versions VALUES (1); {JOURNAL}")
        connection.execute("INSERT INTO revisions VALUES (5, now(), 1, 1, 0, 0, 0)")
    store = Store(tmp_path)
    store.open()
    assert (store.restore(), store.assignments(), store.registrations()) == ((5, []), [], [])
    assert rows(store, "SELECT max(version) FROM versions") == [(len(MIGRATIONS),)]
    store.close()


def test_a_hub_takes_up_its_assignments_after_a_restart(tmp_path: Path, sample_copy: Path) -> None:
    held: list[list[Assignment]] = []
    for _ in range(2):
        with Hub([sample_copy], journal=Store(tmp_path / "state")) as hub:
            made = hub.assign(AssignmentRequest("newcomer", block="GIS"), "key").result(20)
            held.append(hub.desk.book.active)
            assert held[-1] == [made]
            assert hub.desk.is_durable
    assert held[0] == held[1]
    assert isinstance(hub.desk.book, Assignments)


def test_old_events_make_room_and_the_newest_stay(tmp_path: Path) -> None:
    now = time.time()
    store = Store(tmp_path)
    store.open()
    ages = [90_000, 90_000, 90_000, 3_600, 3_600, 90_000, 3_600]
    told = [
        Event.of(Draft("crate.added", "crates", {"name": f"c{n}"}), n, 1, now - age) for n, age in enumerate(ages, 1)
    ]
    store.commit(snapshot_of("a"), told)

    def kept(**limits: int) -> list[object]:
        store.prune_events(**limits)
        return [seq for (seq,) in rows(store, "SELECT seq FROM events ORDER BY seq")]

    assert kept() == [1, 2, 3, 4, 5, 6, 7], "few events stay, however old they are"
    assert kept(kept=5) == [3, 4, 5, 6, 7], "beyond those, only a day's"
    assert kept(kept=2) == [4, 5, 6, 7]
    assert kept(kept=1, most=3) == [5, 7], "and no more than a bound"
    assert kept(kept=1, most=1, seconds=0) == [7], "numbers go on from the newest"
    store.close()
