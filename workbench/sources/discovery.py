"""Finding manifests below the roots, and reading those that changed."""

import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from workbench.errors import RootError
from workbench.fleet.manifest import parse_manifest, unreadable_manifest
from workbench.fleet.model import Manifest

MANIFEST_NAME: Final = "smart-crate.toml"
MANIFEST_SUFFIX: Final = ".smartcrate.toml"
PRUNED: Final = frozenset(
    {
        ".git", ".hg", ".svn", "node_modules", "target", "archive", "__pycache__", ".venv", "venv", ".tox", ".nox",
        ".mypy_cache", ".ruff_cache", ".pytest_cache", ".cache", ".idea", ".vscode", ".direnv", "site-packages",
        ".terraform", ".gradle", ".next",
    }
)  # fmt: skip
"""Names of directories that hold copies, caches or third-party code and are never entered."""

_RACY_NS: Final = 50_000_000
"""A file changed this shortly before it was read may change again without a new time stamp."""

Identity = tuple[int, int, int]
"""(mtime_ns, size, inode): equal identities mean that a file need not be read again."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What discovery refuses: manifests above `max_bytes`, directories deeper than `max_depth` below a root."""

    max_bytes: int = 1_000_000
    max_depth: int = 64


@dataclass(slots=True)
class ScanProgress:
    """How far a scan has come; `total` is known once all directories were walked."""

    phase: str = "waiting"
    directories: int = 0
    found: int = 0
    read: int = 0
    total: int | None = None
    started_at: float = field(default_factory=time.time)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Found:
    key: str
    path: str
    identity: Identity
    size: int


class Discovery:
    """The manifests below a list of roots, read incrementally.

    Keys of manifests are paths relative to their root, with `/`; when there are several roots, prefixed
    with the root's directory name (made unique). Symbolic links to directories are never followed, links
    to manifests only while they stay inside the root, so that a scan never leaves its roots.
    """

    def __init__(self, roots: Sequence[Path | str], limits: Limits | None = None) -> None:
        self.roots = [Path(os.path.abspath(Path(root).expanduser())) for root in roots]
        self.limits = limits or Limits()
        self.prefixes = _prefixes(self.roots)
        self.directories: set[str] = set()
        """Absolute paths of the directories of manifests and all directories above them, up to their roots."""
        self._identities: dict[str, Identity | None] = {}

    def check_roots(self) -> None:
        """Raise RootError if a root does not exist or is no directory."""
        for root in self.roots:
            if not root.exists():
                raise RootError(f"{root}: no such directory", root=str(root))
            if not root.is_dir():
                raise RootError(f"{root}: not a directory; give the directory that holds the manifests", root=str(root))

    def rescan(
        self,
        subtrees: Sequence[str] | None = None,
        on_progress: Callable[[ScanProgress], None] | None = None,
    ) -> dict[str, Manifest | None]:
        """Read what changed since the last call: manifests by key, None for those that are gone.

        `subtrees` limits the walk to absolute directories below the roots; None walks everything.
        Files whose identity did not change are not read. Never raises for what is on disk: a directory
        that cannot be listed becomes a broken manifest under the directory's key.
        """
        progress = ScanProgress("walking")
        report = on_progress or (lambda _: None)
        changes: dict[str, Manifest | None] = {}
        found: list[_Found] = []
        scopes = self._scopes(subtrees)
        broken_directories: set[str] = set()
        for prefix, root, start in scopes:
            for item in self._walk(prefix, root, start, progress, report):
                if isinstance(item, Manifest):
                    broken_directories.add(item.path)
                    changes[item.path] = item
                    self._identities[item.path] = None
                else:
                    found.append(item)
        progress.phase, progress.total = "reading", len(found)
        seen = broken_directories | {item.key for item in found}
        for item in found:
            if self._identities.get(item.key) != item.identity:
                changes[item.key] = self._read(item)
            progress.read += 1
            if progress.read % 64 == 0:
                _tick(progress, report)
        for key in [k for k in self._identities if k not in seen and self._within(k, scopes)]:
            del self._identities[key]
            changes[key] = None
        self._note_directories()
        progress.phase = "done"
        _tick(progress, report)
        return changes

    def absolute(self, key: str) -> Path:
        """Return the file of a manifest's key."""
        for prefix, root in zip(self.prefixes, self.roots, strict=True):
            if key.startswith(prefix):
                return root / key[len(prefix) :]
        raise KeyError(key)

    def _scopes(self, subtrees: Sequence[str] | None) -> list[tuple[str, str, str]]:
        """Return (prefix, root, start) for each directory to walk; nested ones only once."""
        scopes = []
        for prefix, root in zip(self.prefixes, map(str, self.roots), strict=True):
            if subtrees is None:
                scopes.append((prefix, root, root))
                continue
            inside = sorted({s for s in subtrees if s == root or s.startswith(root + os.sep)})
            for start in inside:
                if not any(start.startswith(other + os.sep) for other in inside if other != start):
                    relative = start[len(root) :].strip(os.sep)
                    if not any(part in PRUNED for part in relative.split(os.sep)):
                        scopes.append((prefix, root, start))
        return scopes

    def _within(self, key: str, scopes: list[tuple[str, str, str]]) -> bool:
        for prefix, root, start in scopes:
            relative = start[len(root) :].strip(os.sep).replace(os.sep, "/")
            base = f"{prefix}{relative}/" if relative else prefix
            if key.startswith(base) or key == base.rstrip("/"):
                return True
        return False

    def _walk(
        self, prefix: str, root: str, start: str, progress: ScanProgress, report: Callable[[ScanProgress], None]
    ) -> Iterator[_Found | Manifest]:
        base = start[len(root) :].strip(os.sep).replace(os.sep, "/")
        stack = [(start, f"{prefix}{base}/" if base else prefix, base.count("/") + bool(base))]
        while stack:
            directory, key, depth = stack.pop()
            progress.directories += 1
            if progress.directories % 256 == 0:
                _tick(progress, report)
            try:
                entries = os.scandir(directory)
            except FileNotFoundError:
                if directory == root:
                    yield unreadable_manifest(
                        key or ".", f"the root {root} does not exist", "Restore the directory, or remove the root."
                    )
                continue
            except NotADirectoryError:
                continue
            except OSError as error:
                reason = f"the directory cannot be listed: {error.strerror}"
                yield unreadable_manifest(
                    key.rstrip("/") or ".", reason, "Make the directory readable for the workbench."
                )
                continue
            with entries:
                for entry in entries:
                    name = entry.name
                    if name.endswith(".toml"):
                        if (name == MANIFEST_NAME or name.endswith(MANIFEST_SUFFIX)) and (
                            item := self._entry(entry, key + name, root)
                        ):
                            progress.found += 1
                            yield item
                    elif name not in PRUNED and entry.is_dir(follow_symlinks=False):
                        if depth < self.limits.max_depth:
                            stack.append((entry.path, f"{key}{name}/", depth + 1))
                        else:
                            reason = f"deeper than {self.limits.max_depth} directories below its root; not entered"
                            yield unreadable_manifest(key + name, reason, "Add the directory as a root of its own.")

    def _entry(self, entry: "os.DirEntry[str]", key: str, root: str) -> _Found | Manifest | None:
        try:
            if entry.is_symlink():
                target = os.path.realpath(entry.path)
                if not target.startswith(os.path.realpath(root) + os.sep):
                    return unreadable_manifest(
                        key,
                        "a symbolic link that leads out of the root",
                        "Copy the file, or add its directory as a root.",
                    )
            status = entry.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            return unreadable_manifest(key, f"the file cannot be examined: {error.strerror}")
        if stat.S_ISDIR(status.st_mode):
            return None
        if not stat.S_ISREG(status.st_mode):
            return unreadable_manifest(key, "not a regular file", "Replace it by a regular file.")
        return _Found(key, entry.path, (status.st_mtime_ns, status.st_size, status.st_ino), status.st_size)

    def _read(self, item: _Found) -> Manifest | None:
        self._identities[item.key] = item.identity
        if item.size > self.limits.max_bytes:
            megabytes = f"{item.size / 1e6:.1f} MB; manifests may have {self.limits.max_bytes / 1e6:g} MB"
            return unreadable_manifest(
                item.key, f"the file has {megabytes}", "Remove what does not belong into a manifest."
            )
        try:
            with open(item.path, "rb") as file:
                data = file.read(self.limits.max_bytes + 1)
        except FileNotFoundError:
            del self._identities[item.key]
            return None
        except OSError as error:
            self._identities[item.key] = None
            return unreadable_manifest(item.key, f"the file cannot be read: {error.strerror}")
        if item.identity[0] > time.time_ns() - _RACY_NS:
            self._identities[item.key] = None
        return parse_manifest(item.key, data)

    def _note_directories(self) -> None:
        directories: set[str] = set()
        for prefix, root in zip(self.prefixes, map(str, self.roots), strict=True):
            directories.add(root)
            for key in self._identities:
                if key.startswith(prefix):
                    directory = os.path.dirname(os.path.join(root, key[len(prefix) :]))
                    while len(directory) > len(root) and directory not in directories:
                        directories.add(directory)
                        directory = os.path.dirname(directory)
        self.directories = directories


def _tick(progress: ScanProgress, report: Callable[[ScanProgress], None]) -> None:
    progress.seconds = time.time() - progress.started_at
    report(progress)


def _prefixes(roots: Sequence[Path]) -> list[str]:
    """Return the key prefix of each root: empty for a single root, else its directory name, made unique."""
    if len(roots) == 1:
        return [""]
    prefixes: list[str] = []
    for root in roots:
        name, number = root.name or "root", 1
        while f"{name}/" in prefixes:
            number += 1
            name = f"{root.name or 'root'}-{number}"
        prefixes.append(f"{name}/")
    return prefixes


def is_manifest_name(name: str) -> bool:
    """Whether a file name is that of a manifest."""
    return name == MANIFEST_NAME or name.endswith(MANIFEST_SUFFIX)
