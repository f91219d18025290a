"""Publishing: flipped whole under a new name, and refused where it is not whole."""

import threading
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from tests.conftest import WriteManifest
from workbench import Workbench
from workbench.cli import main
from workbench.config import sample_fleet
from workbench.errors import RevisionGone, SnapshotError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_publication_never_changes_and_the_next_is_found(
    fleet_dir: Path, write_manifest: WriteManifest, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    write_manifest("a")
    first = Workbench.scan(fleet_dir)
    where = first.publish(out)
    before = Workbench.open(out)
    write_manifest("b")
    Workbench.scan(fleet_dir).publish(out)
    assert before.crates["name"].tolist() == ["a"]
    assert Workbench.open(out).crates["name"].tolist() == ["a", "b"]
    assert Workbench.open(where).crates["name"].tolist() == ["a"]
    assert len(names(out)) == 3
    assert not [name for name in names(out) if name.startswith(".")]


def test_only_the_newest_are_kept(fleet_dir: Path, write_manifest: WriteManifest, tmp_path: Path) -> None:
    write_manifest("a")
    wb = Workbench.scan(fleet_dir)
    kept = [wb.publish(tmp_path / "out", keep=2).name for _ in range(4)][-2:]
    assert names(tmp_path / "out") == sorted([*kept, "latest.json"])


def test_readers_see_whole_revisions_while_others_are_published(
    fleet_dir: Path, write_manifest: WriteManifest, tmp_path: Path
) -> None:
    """Each revision has as many crates as ports; a reader that saw two at once would find other numbers."""
    out = tmp_path / "out"
    rounds = 12
    made = []
    for n in range(1, rounds + 1):
        write_manifest(f"c{n}", f'[smart-crate]\nname = "c{n}"\nversion = "1.0.0"\n[ports]\nhttp = {30000 + n}\n')
        made.append(Workbench.scan(fleet_dir))
    made[0].publish(out)
    seen: list[tuple[int, int, int]] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            wb = Workbench.open(out)
            owned = wb.ports.query("role == 'owner'")
            seen.append((wb.summary()["crates"], len(wb.crates), len(owned)))

    reader = threading.Thread(target=read)
    reader.start()
    for wb in made[1:]:
        wb.publish(out, keep=100)
    done.set()
    reader.join()
    assert seen
    assert all(crates == rows == owned for crates, rows, owned in seen)
    assert len({crates for crates, *_ in seen}) > 1


def test_nothing_is_published(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="holds no published snapshot; make one with `workbench publish`"):
        Workbench.open(tmp_path)
    with pytest.raises(SnapshotError, match="holds no published snapshot"):
        Workbench.open(tmp_path / "absent")
    (tmp_path / ".20260101T000000-r1-abc.part").mkdir()
    with pytest.raises(SnapshotError, match="a publication is under way or broke off"):
        Workbench.open(tmp_path)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-5])


def garble(file: Path) -> None:
    file.write_bytes(b"\0" * file.stat().st_size)


@pytest.mark.parametrize(
    ("name", "harm", "said"),
    [
        ("ports.parquet", cut, "ports.parquet has .* bytes, not .*: the snapshot is not whole, publish it again"),
        ("ports.parquet", Path.unlink, "ports.parquet is missing: the snapshot is not whole"),
        ("ports.parquet", garble, "ports.parquet cannot be read"),
        ("snapshot.json", cut, "snapshot.json cannot be read"),
        ("snapshot.json", lambda file: file.write_bytes(b"[]"), "holds no description of a snapshot"),
        ("snapshot.json", lambda file: file.write_bytes(b"{}"), "does not describe a snapshot"),
        ("snapshot.json", Path.unlink, "snapshot.json cannot be read"),
        ("../latest.json", garble, "latest.json cannot be read"),
        ("../latest.json", lambda file: file.write_bytes(b'{"name": "../elsewhere"}'), "names no snapshot"),
    ],
)
def test_a_snapshot_that_is_not_whole(
    fleet_dir: Path,
    write_manifest: WriteManifest,
    tmp_path: Path,
    name: str,
    harm: Callable[[Path], object],
    said: str,
) -> None:
    write_manifest("a")
    where = Workbench.scan(fleet_dir).publish(tmp_path / "out")
    harm(where / name)
    with pytest.raises(SnapshotError, match=said) as caught:
        _ = Workbench.open(tmp_path / "out").ports
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_later_format_is_refused(fleet_dir: Path, tmp_path: Path) -> None:
    where = Workbench.scan(fleet_dir).publish(tmp_path / "out")
    told = orjson.loads((where / "snapshot.json").read_bytes())
    told["head"]["format"] = 2
    (where / "snapshot.json").write_bytes(orjson.dumps(told))
    with pytest.raises(SnapshotError, match="a format that this version reads"):
        Workbench.open(tmp_path / "out")


def test_what_cannot_be_written(fleet_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SnapshotError, match="the snapshot cannot be written"):
        Workbench.scan(fleet_dir).publish(tmp_path / "file")


def test_it_has_one_revision(fleet_dir: Path, tmp_path: Path) -> None:
    Workbench.scan(fleet_dir).publish(tmp_path / "out")
    wb = Workbench.open(tmp_path / "out")
    assert wb.at(wb.revision).revision == wb.revision
    with pytest.raises(RevisionGone):
        wb.at(0.0)
    assert wb.status()["status"] == "published"
    wb.subscribe(print)()
    wb.close()
    assert wb.crates.empty


def test_the_command_publishes(tmp_path: Path) -> None:
    ran = CliRunner().invoke(main, ["publish", str(tmp_path / "out"), str(sample_fleet())])
    assert (ran.exit_code, ran.stderr) == (0, "")
    (folder,) = ran.stdout.splitlines()
    assert Path(folder).parent == tmp_path / "out"
    assert len(Workbench.open(tmp_path / "out").crates) == 54


def test_the_command_reports_what_is_wrong(tmp_path: Path) -> None:
    ran = CliRunner().invoke(main, ["publish", str(tmp_path / "out"), str(tmp_path / "absent")])
    assert ran.exit_code == 2
    assert ran.stderr.startswith("workbench: ")
