"""The last known fleet: shown at once, marked, and put right behind."""

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import WriteManifest
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.wire import check_model, port_registry_model
from workbench.hub import Hub, HubOptions
from workbench.sources.discovery import Discovery
from workbench.sources.ingest import read_fleet
from workbench.store.last_fleet import LAST_FLEET_FILE, LastFleet


def test_a_fleet_is_kept_whole(tmp_path: Path, sample_copy: Path) -> None:
    discovery = Discovery([sample_copy])
    snapshot = read_fleet(discovery, Snapshot())
    LastFleet(tmp_path, "k").save(snapshot, discovery.identities)
    kept = LastFleet(tmp_path, "k").load()
    assert kept is not None
    again, identities = kept
    assert check_model(again, again.findings) == check_model(snapshot, snapshot.findings)
    assert port_registry_model(again) == port_registry_model(snapshot)
    assert identities == discovery.identities
    changes = {"web/kiosk/smart-crate.toml": None}
    one, other = again.apply(changes), snapshot.apply(changes)
    assert check_model(one, one.findings) == check_model(other, other.findings)


def test_a_fleet_of_another_key_is_not_taken_up(tmp_path: Path) -> None:
    LastFleet(tmp_path, "k").save(Snapshot(), {})
    assert LastFleet(tmp_path, "other").load() is None
    assert LastFleet(tmp_path / "absent", "k").load() is None


def test_keeping_and_recalling_are_given_up_where_nobody_wants_them(tmp_path: Path, sample_copy: Path) -> None:
    discovery = Discovery([sample_copy])
    snapshot = read_fleet(discovery, Snapshot())
    file = LastFleet(tmp_path, "k")
    assert file.save(Snapshot(), {})
    before = file.path.read_bytes()
    asked: list[bool] = []

    def goes_on() -> bool:
        asked.append(not asked)
        return asked[-1]

    assert not file.save(snapshot, discovery.identities, goes_on)
    assert asked == [True, False]
    assert [(path.name, path.read_bytes()) for path in tmp_path.glob("last-fleet*")] == [(LAST_FLEET_FILE, before)]
    assert file.load(lambda: False) is None
    assert file.load() is not None


class _Evil:
    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return print, ("owned",)


@pytest.mark.parametrize("content", [b"", b"nonsense", pickle.dumps(("k", {}, {})), pickle.dumps(_Evil())])
def test_a_damaged_or_hostile_file_is_left_out(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / LAST_FLEET_FILE).write_bytes(content)
    assert LastFleet(tmp_path, "k").load() is None
    assert capsys.readouterr().out == ""


def test_the_file_is_nobody_elses_to_read(tmp_path: Path) -> None:
    LastFleet(tmp_path, "k").save(Snapshot(), {})
    assert (tmp_path / LAST_FLEET_FILE).stat().st_mode & 0o077 == 0


def test_a_warm_start_shows_the_last_known_fleet_and_reconciles_behind(
    fleet_dir: Path, tmp_path: Path, write_manifest: WriteManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_manifest("a")
    write_manifest("b")
    with Hub([fleet_dir], memory=LastFleet(tmp_path, "k")) as hub:
        assert hub.wait_ready(10)
    write_manifest("b", '[smart-crate]\nname = "changed"\n')
    write_manifest("c")
    states: list[tuple[str, list[str]]] = []
    survive = Hub._survive

    def note(hub: Hub, subtrees: list[str] | None) -> None:
        states.append((hub.status()["status"], [crate.name for crate in hub.snapshot.crates]))
        survive(hub, subtrees)

    monkeypatch.setattr(Hub, "_survive", note)
    with Hub([fleet_dir], HubOptions(beat=0.05), memory=LastFleet(tmp_path, "k")) as hub:
        assert hub.refresh().result(10).tally.crates == 3
        assert hub.status()["status"] == "ready"
        assert [crate.name for crate in hub.snapshot.crates] == ["a", "c", "changed"]
    assert states[0] == ("last-known", ["a", "b"])


def test_the_end_of_being_last_known_is_told_even_if_nothing_changed(
    fleet_dir: Path, tmp_path: Path, write_manifest: WriteManifest, wait_for: Callable[..., None]
) -> None:
    write_manifest("a")
    with Hub([fleet_dir], memory=LastFleet(tmp_path, "k")) as hub:
        assert hub.wait_ready(10)
    told: list[tuple[str, str]] = []
    hub = Hub([fleet_dir], memory=LastFleet(tmp_path, "k"))
    hub.log.subscribe(lambda events: told.extend((event.type, hub.phase) for event in events))
    with hub:
        wait_for(lambda: told)
    assert told == [("fleet.revision", "ready")]
    assert hub.snapshot.revision == 1


def test_unchanged_files_are_not_read_again_after_a_restart(fleet_dir: Path, tmp_path: Path) -> None:
    import os

    (fleet_dir / "a").mkdir()
    path = fleet_dir / "a" / "smart-crate.toml"
    path.write_text("name = 'a'")
    os.utime(path, ns=(1, 1))
    with Hub([fleet_dir], memory=LastFleet(tmp_path, "k")) as hub:
        assert hub.wait_ready(10)
    content, path_stat = path.read_bytes(), path.stat()
    with path.open("r+b") as file:  # same size, same inode, time stamp put back: only reading could tell
        file.write(content.replace(b"a'", b"z'"))
    os.utime(path, ns=(1, path_stat.st_mtime_ns))
    with Hub([fleet_dir], memory=LastFleet(tmp_path, "k")) as hub:
        assert [crate.name for crate in hub.refresh().result(10).crates] == ["a"]
