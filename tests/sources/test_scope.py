"""What belongs to a fleet."""

from pathlib import Path

import pytest

from tests.conftest import WriteManifest
from workbench.sources.discovery import Discovery
from workbench.sources.globs import Globs
from workbench.sources.scope import Scope


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("a/*.toml", "a/x.toml", True),
        ("a/*.toml", "a/b/x.toml", False),
        ("a/**/x.toml", "a/x.toml", True),
        ("a/**/x.toml", "a/b/c/x.toml", True),
        ("a/**", "a/b/c", True),
        ("a/**", "a", True),
        ("a/**", "ab", False),
        ("**/b/*", "a/b/c", True),
        ("legacy", "x/legacy", True),
        ("legacy", "x/legacy/y", False),
        ("/legacy", "legacy", True),
        ("/legacy", "x/legacy", False),
        ("sx9-?", "sx9-a", True),
        ("sx9-[ab]", "sx9-b", True),
        ("sx9-[!ab]", "sx9-b", False),
        ("a.b+c", "a.b+c", True),
        ("a.b", "axb", False),
        ("[", "[", True),
    ],
)
def test_globs(pattern: str, path: str, matches: bool) -> None:
    assert (path in Globs([pattern])) == matches


def found(folder: Path, scope: Scope) -> list[str]:
    return sorted(Discovery([folder], scope).rescan())


def test_include_and_exclude(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    for name in ("core/a", "core/old/b", "geo/c", "geo/legacy/d"):
        write_manifest(name)
    assert found(fleet_dir, Scope(include=("core/**",))) == ["core/a/smart-crate.toml", "core/old/b/smart-crate.toml"]
    assert found(fleet_dir, Scope(exclude=("legacy", "core/old"))) == [
        "core/a/smart-crate.toml",
        "geo/c/smart-crate.toml",
    ]
    assert found(fleet_dir, Scope(exclude=("**/smart-crate.toml",))) == []


def test_an_excluded_subtree_is_not_rescanned_either(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a")
    discovery = Discovery([fleet_dir], Scope(exclude=("legacy",)))
    discovery.rescan()
    write_manifest("legacy/b")
    assert discovery.rescan([str(fleet_dir / "legacy")]) == {}
    assert discovery.rescan([str(fleet_dir / "legacy" / "b")]) == {}


def test_the_prune_set_can_be_replaced(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    write_manifest("target/a")
    write_manifest("cold/b")
    assert found(fleet_dir, Scope(prune=frozenset({"cold"}))) == ["target/a/smart-crate.toml"]


def test_links_inside_the_root_are_followed_when_asked_for(
    fleet_dir: Path, tmp_path: Path, write_manifest: WriteManifest
) -> None:
    write_manifest("real/a")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "smart-crate.toml").write_text("name = 'x'")
    (fleet_dir / "link").symlink_to(fleet_dir / "real")
    (fleet_dir / "out").symlink_to(tmp_path / "outside")
    (fleet_dir / "real" / "up").symlink_to(fleet_dir)
    (fleet_dir / "real" / "self").symlink_to(fleet_dir / "real")
    inside = found(fleet_dir, Scope(symlinks="inside"))
    assert {path for path in inside if not path.startswith(("real/self", "link/self"))} == {
        "real/a/smart-crate.toml",
        "link/a/smart-crate.toml",
    }
