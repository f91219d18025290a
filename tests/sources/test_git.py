"""What git knows: ignored files, changed files, manifests inside a revision."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.conftest import WriteManifest, wait_for
from workbench.cli import main
from workbench.errors import GitError
from workbench.hub import Hub, HubOptions
from workbench.sources.discovery import Discovery, read_revision
from workbench.sources.git import Repository
from workbench.sources.scope import Scope


@pytest.fixture
def repository(fleet_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for key, value in {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}.items():
        monkeypatch.setenv(key, value)
    git(fleet_dir, "init", "--quiet", "--initial-branch=main")
    return fleet_dir


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.invalid")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=a state")


def keys(folder: Path, scope: Scope | None = None) -> list[str]:
    return sorted(Discovery([folder], scope).rescan())


def test_what_git_ignores_is_left_out(repository: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a")
    write_manifest("generated/b")
    write_manifest("generated/kept")
    (repository / ".gitignore").write_text("generated/*\n!generated/kept\n")
    assert keys(repository) == ["a/smart-crate.toml", "generated/kept/smart-crate.toml"]
    assert len(keys(repository, Scope(gitignore=False))) == 3


def test_a_tracked_file_is_never_ignored(repository: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a")
    commit(repository)
    (repository / ".gitignore").write_text("a/\n")
    assert keys(repository) == ["a/smart-crate.toml"]


def test_a_changed_gitignore_counts_at_the_next_scan(repository: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a")
    write_manifest("b")
    discovery = Discovery([repository])
    discovery.rescan()
    (repository / ".gitignore").write_text("b/\n")
    assert discovery.rescan()["b/smart-crate.toml"] is None
    (repository / ".gitignore").write_text("# nothing\n")
    assert discovery.rescan()["b/smart-crate.toml"] is not None


def test_a_gitignore_that_goes_counts_at_the_next_scan(repository: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a")
    (repository / "a" / ".gitignore").write_text("*\n")
    discovery = Discovery([repository])
    assert discovery.rescan() == {}
    (repository / "a" / ".gitignore").unlink()
    assert list(discovery.rescan()) == ["a/smart-crate.toml"]


def excludes_file(repository: Path) -> Path:
    git(repository, "config", "core.excludesFile", str(repository.parent / "excludes"))
    return repository.parent / "excludes"


DECIDERS: dict[str, Callable[[Path], Path]] = {
    "above the root": lambda repository: repository / ".gitignore",
    "info/exclude": lambda repository: repository / ".git" / "info" / "exclude",
    "the excludes file": excludes_file,
    "the excludes file of no configuration": lambda repository: Path(os.environ["XDG_CONFIG_HOME"]) / "git" / "ignore",
}


@pytest.mark.parametrize("decider", DECIDERS.values(), ids=DECIDERS)
def test_what_decides_outside_the_root_is_noticed_within_the_beat(
    decider: Callable[[Path], Path],
    repository: Path,
    write_manifest: WriteManifest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    write_manifest("root/a")
    write_manifest("root/b")
    file = decider(repository)
    with Hub([repository / "root"], HubOptions(beat=0.1)) as hub:
        wait_for(lambda: len(hub.snapshot.records) == 2)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("b/\n")
        wait_for(lambda: list(hub.snapshot.records) == ["a/smart-crate.toml"])
        file.write_text("# nothing\n")
        wait_for(lambda: len(hub.snapshot.records) == 2)
        git(repository, "config", "core.excludesFile", str(tmp_path / "other"))
        (tmp_path / "other").write_text("a/\n")
        wait_for(lambda: list(hub.snapshot.records) == ["b/smart-crate.toml"])


def test_a_repository_made_later_counts(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a")
    discovery = Discovery([fleet_dir])
    assert list(discovery.rescan()) == ["a/smart-crate.toml"]
    git(fleet_dir, "init", "--quiet")
    (fleet_dir / ".gitignore").write_text("a/\n")
    assert discovery.rescan() == {"a/smart-crate.toml": None}


def test_a_folder_that_only_looks_like_git_is_no_repository(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    (fleet_dir / ".git" / "objects").mkdir(parents=True)
    write_manifest("a")
    assert keys(fleet_dir) == ["a/smart-crate.toml"]


def test_manifests_of_a_revision_without_a_checkout(repository: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a")
    write_manifest("deep/b")
    write_manifest("target/copy")
    write_manifest("big", "#" * 100)
    commit(repository)
    write_manifest("a", "changed afterwards")
    write_manifest("later")
    manifests = read_revision(repository, "main", Scope(max_bytes=60))
    assert sorted(manifests) == ["a/smart-crate.toml", "big/smart-crate.toml", "deep/b/smart-crate.toml"]
    assert manifests["a/smart-crate.toml"].crate is not None
    assert manifests["big/smart-crate.toml"].diagnostics[0].code == "SC002"
    assert sorted(read_revision(repository / "deep", "HEAD")) == ["b/smart-crate.toml"]


@pytest.mark.parametrize("revision", ["nothing", "--output=/tmp/x", "main..main", ""])
def test_a_revision_that_does_not_exist(repository: Path, write_manifest: WriteManifest, revision: str) -> None:
    write_manifest("a")
    commit(repository)
    with pytest.raises(GitError, match="names no commit"):
        Repository(repository).commit(revision)


def test_outside_git_is_an_error_of_ours(fleet_dir: Path) -> None:
    assert Repository.around(fleet_dir) is None
    with pytest.raises(GitError):
        read_revision(fleet_dir, "HEAD")


def test_check_of_what_changed_is_judged_against_the_whole_fleet(
    repository: Path, write_manifest: WriteManifest
) -> None:
    write_manifest("old", '[smart-crate]\nname = "old"\n[ports]\nhttp = 18020\nother = 8002\n')
    write_manifest("edited")
    commit(repository)

    def check() -> tuple[int, list[str]]:
        arguments = ["check", "--format", "json", "--changed-since", "main", str(repository)]
        answer = CliRunner().invoke(main, arguments, catch_exceptions=False)
        return answer.exit_code, [item["message"] for item in json.loads(answer.stdout)["findings"]]

    assert check() == (0, [])
    write_manifest("edited", '[smart-crate]\nname = "edited"\n[ports]\nhttp = 18020\n')
    write_manifest("new", '[smart-crate]\nname = "new"\n[ports]\nhttp = 99\n')
    code, messages = check()
    assert code == 1
    assert messages == [
        "port 18020 is owned by edited and old",
        'port 99 ("http" of new) lies outside every block',
        'port 99 ("http" of new) is privileged',
    ]


def test_a_name_that_is_no_text_is_told_of_a_revision_too(repository: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a")
    try:
        os.mkdir(os.fsencode(repository) + b"/b\xff")  # noqa: PTH102 - a Path is text
    except OSError:
        pytest.skip("this file system takes no such name")
    with open(os.fsencode(repository) + b"/b\xff/smart-crate.toml", "wb") as file:  # noqa: PTH123
        file.write(b"")
    commit(repository)
    found = read_revision(repository, "HEAD")
    assert sorted(found) == ["a/smart-crate.toml", r"b\xff/smart-crate.toml"]
