"""Finding manifests, and reading only those that changed."""

import os
from pathlib import Path

import pytest

from tests.conftest import WriteManifest
from workbench.errors import RootError
from workbench.fleet.model import Manifest
from workbench.sources.discovery import Discovery
from workbench.sources.reading import read_manifest
from workbench.sources.scope import Scope
from workbench.sources.walk import Found, ScanProgress

is_root = os.geteuid() == 0


def keys(changes: dict[str, Manifest | None]) -> list[str]:
    return sorted(changes)


def said(changes: dict[str, Manifest | None], key: str) -> tuple[str, str]:
    manifest = changes[key]
    assert manifest is not None
    (diagnostic,) = manifest.diagnostics
    return diagnostic.code, diagnostic.message


def test_manifests_of_both_names_are_found_and_copies_are_not(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a")
    write_manifest("deep/er/b")
    write_manifest("c", file="c.smartcrate.toml")
    write_manifest("d", file="smart-crate.toml.bak")
    write_manifest("e", file="other.toml")
    for pruned in ("target", "node_modules", "archive", ".git", ".venv"):
        write_manifest(f"a/{pruned}/copy")
    assert keys(Discovery([fleet_dir]).rescan()) == [
        "a/smart-crate.toml",
        "c/c.smartcrate.toml",
        "deep/er/b/smart-crate.toml",
    ]


def test_unchanged_files_are_not_read_again(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    old = write_manifest("a")
    os.utime(old, ns=(1, 1))
    discovery = Discovery([fleet_dir])
    assert keys(discovery.rescan()) == ["a/smart-crate.toml"]
    assert discovery.rescan() == {}
    old.write_text('[smart-crate]\nname = "other"\n')
    (changed,) = discovery.rescan().values()
    assert changed is not None
    assert changed.crate is not None
    assert changed.crate.name == "other"
    old.unlink()
    assert discovery.rescan() == {"a/smart-crate.toml": None}


def test_a_file_written_just_before_it_was_read_is_read_once_more(
    fleet_dir: Path, write_manifest: WriteManifest
) -> None:
    """Two writes within the clock's granularity may leave one time stamp."""
    write_manifest("a")
    discovery = Discovery([fleet_dir])
    discovery.rescan()
    assert keys(discovery.rescan()) == ["a/smart-crate.toml"]


def test_a_subtree_is_rescanned_alone(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a/x")
    write_manifest("b/y")
    discovery = Discovery([fleet_dir])
    discovery.rescan()
    write_manifest("a/x2")
    write_manifest("b/y2")
    (fleet_dir / "a/x/smart-crate.toml").unlink()
    changes = discovery.rescan([str(fleet_dir / "a")])
    assert keys(changes) == ["a/x/smart-crate.toml", "a/x2/smart-crate.toml"]
    assert changes["a/x/smart-crate.toml"] is None
    assert "b/y2/smart-crate.toml" in discovery.rescan()


def test_a_removed_subtree_is_gone(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a/x")
    discovery = Discovery([fleet_dir])
    discovery.rescan()
    (fleet_dir / "a").rename(fleet_dir / "z")
    assert discovery.rescan([str(fleet_dir / "a"), str(fleet_dir / "z")]).keys() == {
        "a/x/smart-crate.toml",
        "z/x/smart-crate.toml",
    }


def test_subtrees_outside_the_roots_or_pruned_are_not_walked(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a")
    write_manifest("../outside")
    write_manifest("target/b")
    discovery = Discovery([fleet_dir])
    subtrees = [str(fleet_dir.parent / "outside"), str(fleet_dir / "target"), "/", str(fleet_dir) + "-else"]
    assert discovery.rescan(subtrees) == {}


def test_several_roots_are_told_apart_by_their_names(tmp_path: Path) -> None:
    for folder in ("one/src", "two/src"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "smart-crate.toml").write_text('[smart-crate]\nname = "x"\n')
    discovery = Discovery([tmp_path / "one/src", tmp_path / "two/src"])
    assert keys(discovery.rescan()) == ["src-2/smart-crate.toml", "src/smart-crate.toml"]
    assert discovery.absolute("src-2/smart-crate.toml") == tmp_path / "two/src/smart-crate.toml"


def test_a_link_to_a_directory_is_not_followed_so_a_loop_does_no_harm(
    fleet_dir: Path, write_manifest: WriteManifest
) -> None:
    write_manifest("a/x")
    (fleet_dir / "a" / "loop").symlink_to(fleet_dir)
    assert keys(Discovery([fleet_dir]).rescan()) == ["a/x/smart-crate.toml"]


def test_a_link_to_a_manifest_is_followed_only_inside_the_root(
    fleet_dir: Path, tmp_path: Path, write_manifest: WriteManifest
) -> None:
    inside = write_manifest("a")
    outside = tmp_path / "secret.toml"
    outside.write_text('[smart-crate]\nname = "secret"\n')
    for folder, target in (("b", inside), ("c", outside), ("d", tmp_path / "nowhere")):
        (fleet_dir / folder).mkdir()
        (fleet_dir / folder / "smart-crate.toml").symlink_to(target)
    changes = Discovery([fleet_dir]).rescan()
    assert keys(changes) == ["a/smart-crate.toml", "b/smart-crate.toml", "c/smart-crate.toml", "d/smart-crate.toml"]
    assert said(changes, "c/smart-crate.toml") == ("SC002", "a symbolic link that leads out of the root")
    assert said(changes, "d/smart-crate.toml") == ("SC002", "a symbolic link that leads out of the root")


@pytest.mark.parametrize("seen", [0, 1, 26, 27, 400])
def test_a_file_that_grew_since_it_was_seen_is_read_to_its_end(
    fleet_dir: Path, write_manifest: WriteManifest, seen: int
) -> None:
    path = write_manifest("a", '[smart-crate]\nname = "a"\n' + "# more\n" * 40)
    reading = read_manifest(Found("a/smart-crate.toml", str(path), (1, seen, 1)), limit=1000)
    assert reading.manifest is not None
    assert reading.manifest.source.text == path.read_text()


def test_a_walk_that_is_not_repeated_finds_what_others_find(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    for directory in ("a", "deep/er/b", "target/c", "empty/d"):
        write_manifest(directory)
    (fleet_dir / "empty" / "d" / "smart-crate.toml").unlink()
    once, again = Discovery([fleet_dir], once=True), Discovery([fleet_dir])
    assert keys(once.rescan()) == keys(again.rescan()) == ["a/smart-crate.toml", "deep/er/b/smart-crate.toml"]
    write_manifest("empty/d")
    assert "empty/d/smart-crate.toml" in once.rescan(), "it trusts nothing that it saw before"


def test_a_manifest_above_the_size_limit_is_not_read(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    path = write_manifest("big")
    with path.open("ab") as file:
        file.truncate(50_000_000)
    changes = Discovery([fleet_dir]).rescan()
    assert said(changes, "big/smart-crate.toml") == ("SC002", "the file has 50.0 MB; manifests may have 1 MB")


def test_what_is_too_deep_is_reported_and_the_rest_is_found(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a")
    write_manifest("/".join("deep"))
    changes = Discovery([fleet_dir], Scope(max_depth=2)).rescan()
    assert keys(changes) == ["a/smart-crate.toml", "d/e/e"]
    assert said(changes, "d/e/e")[0] == "SC002"


def test_a_manifest_that_is_no_regular_file_is_reported(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    (fleet_dir / "pipe").mkdir()
    os.mkfifo(fleet_dir / "pipe" / "smart-crate.toml")
    (fleet_dir / "folder" / "smart-crate.toml").mkdir(parents=True)
    changes = Discovery([fleet_dir]).rescan()
    assert keys(changes) == ["pipe/smart-crate.toml"]
    assert said(changes, "pipe/smart-crate.toml") == ("SC002", "not a regular file")


@pytest.mark.skipif(is_root, reason="the superuser can read everything")
def test_what_may_not_be_read_is_reported_and_the_rest_is_found(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a")
    write_manifest("closed/b").parent.chmod(0)
    write_manifest("c").chmod(0)
    try:
        changes = Discovery([fleet_dir]).rescan()
    finally:
        (fleet_dir / "closed/b").chmod(0o700)
    assert said(changes, "closed/b") == ("SC002", "the directory cannot be listed: Permission denied")
    assert said(changes, "c/smart-crate.toml") == ("SC002", "the file cannot be read: Permission denied")


def test_an_unlistable_directory_is_reported(
    fleet_dir: Path, write_manifest: WriteManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_manifest("a")
    write_manifest("closed/b")
    real = os.scandir

    def scandir(path: str) -> object:
        if path.endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    discovery = Discovery([fleet_dir])
    changes = discovery.rescan()
    assert keys(changes) == ["a/smart-crate.toml", "closed"]
    assert said(changes, "closed") == ("SC002", "the directory cannot be listed: Permission denied")
    monkeypatch.undo()
    assert discovery.rescan().keys() >= {"closed", "closed/b/smart-crate.toml"}


def test_roots_are_checked(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RootError, match="no such directory"):
        Discovery([tmp_path / "absent"]).check_roots()
    with pytest.raises(RootError, match="not a directory"):
        Discovery([tmp_path / "file"]).check_roots()
    Discovery([tmp_path]).check_roots()


def test_a_root_that_vanishes_is_reported_and_comes_back(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a")
    discovery = Discovery([fleet_dir])
    discovery.rescan()
    fleet_dir.rename(fleet_dir.with_name("away"))
    changes = discovery.rescan()
    assert changes["a/smart-crate.toml"] is None
    assert said(changes, ".") == ("SC002", f"the root {fleet_dir} does not exist")
    fleet_dir.with_name("away").rename(fleet_dir)
    back = discovery.rescan()
    assert back["."] is None
    assert back["a/smart-crate.toml"] is not None


def test_progress_is_told(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    for n in range(70):
        write_manifest(f"c{n}")
    told: list[tuple[str, int, int, int | None]] = []

    def note(progress: ScanProgress) -> None:
        told.append((progress.phase, progress.found, progress.read, progress.total))

    Discovery([fleet_dir]).rescan(None, note)
    assert told == [("reading", 70, 64, 70), ("done", 70, 70, 70)]


def test_the_directories_that_matter_lead_from_the_root_to_each_manifest(
    fleet_dir: Path, write_manifest: WriteManifest
) -> None:
    write_manifest("a/b/c")
    (fleet_dir / "empty" / "er").mkdir(parents=True)
    discovery = Discovery([fleet_dir])
    discovery.rescan()
    assert discovery.directories == {str(fleet_dir / p) for p in (".", "a", "a/b", "a/b/c")}


def test_a_directory_is_listed_anew_only_when_its_time_stamp_changed(
    fleet_dir: Path, write_manifest: WriteManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_manifest("a")
    write_manifest("b/inner")
    for directory in (fleet_dir, fleet_dir / "a", fleet_dir / "b", fleet_dir / "b/inner"):
        os.utime(directory, ns=(1, 1))
    discovery = Discovery([fleet_dir])
    discovery.rescan()
    listed: list[str] = []
    real = os.scandir

    def scandir(path: str) -> object:
        listed.append(path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    discovery.rescan()
    assert listed == []
    write_manifest("b/c")
    assert "b/c/smart-crate.toml" in discovery.rescan()
    assert listed == [str(fleet_dir / "b"), str(fleet_dir / "b/c")]


def test_a_file_system_without_time_stamps_is_seen_through_when_certainty_is_asked_for(
    fleet_dir: Path, write_manifest: WriteManifest
) -> None:
    write_manifest("a")
    os.utime(fleet_dir, ns=(1, 1))
    discovery = Discovery([fleet_dir])
    discovery.rescan()
    write_manifest("b")
    os.utime(fleet_dir, ns=(1, 1))
    assert "b/smart-crate.toml" not in discovery.rescan()
    discovery.forget_listings()
    assert "b/smart-crate.toml" in discovery.rescan()


def test_a_name_that_is_no_text_hides_nothing_else(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a")
    odd = os.fsencode(fleet_dir) + b"/b\xff"
    try:
        os.mkdir(odd)  # noqa: PTH102 - a Path is text
    except OSError:
        pytest.skip("this file system takes no such name")
    for name in (b"/smart-crate.toml", b"/.gitignore"):
        with open(odd + name, "wb") as file:  # noqa: PTH123
            file.write(b'[smart-crate]\nname = "b"\n')
    discovery = Discovery([fleet_dir])
    changes = discovery.rescan()
    assert keys(changes) == ["a/smart-crate.toml", r"b\xff/smart-crate.toml"]
    assert said(changes, r"b\xff/smart-crate.toml") == ("SC002", "the path is not UTF-8")
    os.rename(odd, os.fsencode(fleet_dir) + b"/b")  # noqa: PTH104
    changes = discovery.rescan()
    assert changes[r"b\xff/smart-crate.toml"] is None
    assert changes["b/smart-crate.toml"] is not None
