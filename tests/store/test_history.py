"""Every kept revision can be had again, exactly as it was."""

import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.fleet.manifest import parse_manifest, unreadable_manifest
from workbench.fleet.model import Manifest
from workbench.fleet.plan import Block, Override, PortPlan
from workbench.fleet.snapshot import Snapshot
from workbench.store.database import Store
from workbench.store.history_rows import prune_history

PATHS = [f"{name}/smart-crate.toml" for name in "abcd"]
TEXTS = st.builds(
    lambda name, port, other, bom: (
        (b"\xef\xbb\xbf" if bom else b"")
        + f'[smart-crate]\nname = "{name}"\nversion = "1"\n[ports]\nhttp = {port}\n{other}\n'.encode()
    ),
    st.sampled_from("abcd"),
    st.integers(18000, 18003),
    st.sampled_from(["", "b = 18001", "foundation_core = 18001", '[dependencies]\nx = "c"']),
    st.booleans(),
)
BROKEN = st.sampled_from([b"x = [", b"name = '\xff'", b"", "name = 'é' [".encode()])
CHANGES = st.dictionaries(
    st.sampled_from(PATHS), st.one_of(TEXTS, BROKEN, st.none(), st.just("unreadable")), min_size=1, max_size=3
)


def read(path: str, content: bytes | str | None) -> Manifest | None:
    if content is None:
        return None
    return unreadable_manifest(path, "no permission") if isinstance(content, str) else parse_manifest(path, content)


def state(snapshot: Snapshot) -> dict[str, object]:
    """Return all that makes up a snapshot, in a form in which two can be compared."""
    return {
        "revision": snapshot.revision,
        "taken_at": snapshot.taken_at,
        "plan": snapshot.plan,
        "records": [(path, item.manifest, item.crate, item.is_stale, item.links, item.missing) for path, item in snapshot.records.items()],
        "claims": [(claim._replace(site=None), str(claim.site)) for claim in snapshot.claims],  # type: ignore[arg-type]
        "findings": [(item.identity, item.severity, item.fix, [str(site) for site in item.sites]) for item in snapshot.findings],
        "tally": snapshot.tally,
    }  # fmt: skip


def comparable(snapshot: Snapshot) -> str:
    texts = [(item.manifest.source.text, item.crate and item.crate.source.text) for item in snapshot.records.values()]
    return re.sub(r"<[\w.]+ object at 0x[0-9a-f]+>", "…", repr(state(snapshot))) + repr(texts)


@settings(max_examples=60, deadline=None)
@given(st.lists(CHANGES, min_size=1, max_size=6), st.booleans())
def test_every_revision_is_as_it_was(steps: list[dict[str, bytes | str | None]], restarts: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        store.open()
        store.restore()
        snapshot = Snapshot(PortPlan(overrides=(Override("a", "b", "reference", "it is so", "c"),)))
        past = []
        for number, step in enumerate(steps):
            newer = snapshot.apply({path: read(path, content) for path, content in step.items()}, 1000.0 + number)
            if newer is snapshot:
                continue
            store.commit(newer, [])
            snapshot = newer
            past.append((newer, comparable(newer)))
            if restarts:
                store.close()
                store.open()
                store.restore()
        assert [row["revision"] for row in store.revisions()] == [item.revision for item, _ in past]
        for item, expected in past:
            for near in (snapshot, past[0][0], Snapshot(PortPlan())):
                assert comparable(store.snapshot_at(item.revision, item.taken_at, near)) == expected
        store.close()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path)
    store.open()
    store.restore()
    return store


def test_a_change_writes_itself_and_no_text_twice(store: Store) -> None:
    snapshot = Snapshot()
    texts = [b"name = 'a'\n", b"name = 'a'\nversion = '2'\n", b"name = 'a'\n"]
    for text in texts:
        snapshot = snapshot.apply({PATHS[0]: parse_manifest(PATHS[0], text)})
        store.commit(snapshot, [])
    counts = "SELECT (SELECT count(*) FROM manifest_changes), (SELECT count(*) FROM manifest_texts)"
    assert store.connection.execute(counts).fetchall() == [(3, 2)]
    store.close()


def test_the_oldest_revisions_make_room_and_the_kept_stay_whole(store: Store) -> None:
    snapshot, past = Snapshot(), []
    for number in range(12):
        path = PATHS[number % 4]
        manifest = None if number == 6 else parse_manifest(path, f"name = 'x{number}'\nport = 18020".encode())
        snapshot = snapshot.apply({path: manifest})
        store.commit(snapshot, [])
        past.append((snapshot, comparable(snapshot)))
    prune_history(store.connection, revisions=4)
    assert [row["revision"] for row in store.revisions()] == [8, 9, 10, 11, 12]
    prune_history(store.connection, revisions=100, changes=3)
    kept = [row["revision"] for row in store.revisions()]
    assert kept[0] > 8
    for item, expected in past[kept[0] - 1 :]:
        assert comparable(store.snapshot_at(item.revision, item.taken_at, snapshot)) == expected
    texts = store.connection.execute("SELECT count(*) FROM manifest_texts").fetchall()
    assert texts[0][0] < 11
    store.close()


def test_another_plan_is_kept_with_its_revision(store: Store) -> None:
    for revision, plan in enumerate(
        (PortPlan(), PortPlan(blocks=(Block("Own", 1, 9),), reserved={7: "x"}, mirrors={}))
    ):
        snapshot = Snapshot(plan)
        snapshot.revision = revision
        snapshot = snapshot.apply({PATHS[0]: parse_manifest(PATHS[0], b"name = 'a'\nport = 7\n")})
        store.commit(snapshot, [])
        assert comparable(store.snapshot_at(revision + 1, snapshot.taken_at, Snapshot())) == comparable(snapshot)
    assert store.snapshot_at(1, 0.0, snapshot).plan == PortPlan()
    store.close()
