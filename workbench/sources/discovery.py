"""Finding manifests below the roots, and reading those that changed."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from workbench.errors import GitError
from workbench.fleet.manifest import parse_manifest, unreadable_manifest
from workbench.fleet.model import Manifest
from workbench.sources.git import Repository
from workbench.sources.roots import check_roots
from workbench.sources.scope import Scope
from workbench.sources.walk import RACY_NS, Found, Identity, Listings, ScanProgress, Walk, relative

_TRUST_SECONDS: Final = 60.0
"""How long listings are trusted by their directories' time stamps, which not every file system keeps."""


class Discovery:
    """The manifests below a list of roots, read incrementally.

    Keys of manifests are paths relative to their root, with `/`; when there are several roots, prefixed
    with the root's directory name (made unique). Links to manifests are followed only while they stay inside
    the root, so that a scan never leaves its roots.
    """

    def __init__(self, roots: Sequence[Path | str], scope: Scope | None = None) -> None:
        self.roots = [Path(os.path.abspath(Path(root).expanduser())) for root in roots]
        self.scope = scope or Scope()
        self.prefixes = _prefixes(self.roots)
        self.directories: set[str] = set()
        """Absolute paths of the directories of manifests and all directories above them, up to their roots."""
        self._identities: dict[str, Identity | None] = {}
        self._ignored = _IgnoreCache() if self.scope.gitignore else None
        self._listings: Listings = {}
        self._listed_at = time.monotonic()

    @property
    def identities(self) -> dict[str, Identity | None]:
        """The identity with which each manifest was last read; None for those that must be read again."""
        return dict(self._identities)

    def resume(self, identities: dict[str, Identity | None]) -> None:
        """Take up where an earlier run ended: files of these identities are known already."""
        self._identities = dict(identities)
        self._note_directories()

    def forget_listings(self) -> None:
        """Make the next walk list every directory anew, whatever its time stamp says."""
        self._listings.clear()
        self._listed_at = time.monotonic()

    def check_roots(self) -> None:
        """Raise RootError if a root does not exist or is no directory."""
        check_roots(self.roots)

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
        found: list[Found] = []
        starts = self._starts(subtrees)
        if time.monotonic() - self._listed_at > _TRUST_SECONDS:
            self.forget_listings()
        for prefix, root, start in starts:
            walk = Walk(prefix, root, start, self.scope, progress, report, self._listings)
            here: list[Found] = []
            for item in walk:
                if isinstance(item, Manifest):
                    changes[item.path] = item
                else:
                    here.append(item)
            found += self._ignored.without_ignored(walk, here) if self._ignored else here
        progress.phase, progress.total = "reading", len(found)
        seen = changes.keys() | {item.key for item in found}
        self._identities.update(dict.fromkeys(changes))
        for item in found:
            if self._identities.get(item.key) != item.identity:
                changes[item.key] = self._read(item)
            progress.read += 1
            if progress.read % 64 == 0:
                progress.tick(report)
        for key in [key for key in self._identities if key not in seen and _within(key, starts)]:
            del self._identities[key]
            changes[key] = None
        self._note_directories()
        progress.phase = "done"
        progress.tick(report)
        return changes

    def absolute(self, key: str) -> Path:
        """Return the file of a manifest's key."""
        for prefix, root in zip(self.prefixes, self.roots, strict=True):
            if key.startswith(prefix):
                return root / key[len(prefix) :]
        raise KeyError(key)

    def _starts(self, subtrees: Sequence[str] | None) -> list[tuple[str, str, str]]:
        """Return (prefix, root, start) for each directory to walk; nested ones only once."""
        starts = []
        for prefix, root in zip(self.prefixes, map(str, self.roots), strict=True):
            if subtrees is None:
                starts.append((prefix, root, root))
                continue
            inside = sorted({s for s in subtrees if s == root or s.startswith(root + os.sep)})
            for start in inside:
                is_nested = any(start.startswith(other + os.sep) for other in inside if other != start)
                if not is_nested and self.scope.reaches(f"{relative(root, start)}/".lstrip("/")):
                    starts.append((prefix, root, start))
        return starts

    def _read(self, item: Found) -> Manifest | None:
        self._identities[item.key] = item.identity
        limit = self.scope.max_bytes
        if item.identity[1] > limit:
            return _too_large(item.key, item.identity[1], limit)
        try:
            with open(item.path, "rb") as file:
                data = file.read(limit + 1)
        except FileNotFoundError:
            del self._identities[item.key]
            return None
        except OSError as error:
            self._identities[item.key] = None
            return unreadable_manifest(item.key, f"the file cannot be read: {error.strerror}")
        if item.identity[0] > time.time_ns() - RACY_NS:
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


class _IgnoreCache:
    """What git ignores, asked again only for paths not seen before, or when a `.gitignore` changed."""

    def __init__(self) -> None:
        self._repositories: dict[str, Repository | None] = {}
        self._ignore_files: dict[str, int] = {}
        self._verdicts: dict[str, bool] = {}

    def without_ignored(self, walk: Walk, found: list[Found]) -> list[Found]:
        """Return the manifests that git does not ignore; all of them outside git."""
        if walk.root not in self._repositories:
            self._repositories[walk.root] = Repository.around(Path(walk.root))
        repository = self._repositories[walk.root]
        if repository is None:
            return found
        if any(self._ignore_files.get(path) != stamp for path, stamp in walk.ignore_files.items()):
            self._ignore_files |= walk.ignore_files
            self._verdicts.clear()
        unknown = [item.path for item in found if item.path not in self._verdicts]
        if unknown:
            try:
                ignored = repository.ignored(unknown)
            except GitError:
                return found
            self._verdicts.update((path, path in ignored) for path in unknown)
        return [item for item in found if not self._verdicts[item.path]]


def _within(key: str, starts: list[tuple[str, str, str]]) -> bool:
    for prefix, root, start in starts:
        path = relative(root, start)
        base = f"{prefix}{path}/" if path else prefix
        if key.startswith(base) or key == base.rstrip("/"):
            return True
    return False


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


def read_revision(root: Path, revision: str, scope: Scope | None = None) -> dict[str, Manifest]:
    """Return the manifests of a directory as they stand in a git revision, without checking it out.

    Raises GitError if the directory is in no repository or the revision does not exist.
    """
    scope = scope or Scope()
    repository = Repository(root)
    files = [item for item in repository.files_at(revision) if scope.has_manifest(item[0]) and scope.reaches(item[0])]
    small = [item for item in files if item[2] <= scope.max_bytes]
    texts = dict(zip((path for path, *_ in small), repository.blobs([blob for _, blob, _ in small]), strict=True))
    return {
        path: parse_manifest(path, texts[path]) if path in texts else _too_large(path, size, scope.max_bytes)
        for path, _, size in files
    }


def _too_large(key: str, size: int, limit: int) -> Manifest:
    reason = f"the file has {size / 1e6:.1f} MB; manifests may have {limit / 1e6:g} MB"
    return unreadable_manifest(key, reason, "Remove what does not belong into a manifest.")
