"""Finding manifests below the roots, and reading those that changed."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from workbench.fleet.manifest import parse_manifest
from workbench.fleet.model import Manifest
from workbench.sources.git import Repository
from workbench.sources.ignored import IgnoreCache
from workbench.sources.names import illegible_manifest, is_text
from workbench.sources.read_ahead import WORTH, ReadAhead
from workbench.sources.reading import too_large
from workbench.sources.roots import check_roots
from workbench.sources.scope import Scope
from workbench.sources.walk import Found, Identity, Listings, ScanProgress, Walk, relative

_TRUST_SECONDS: Final = 300.0
"""How long listings are trusted by their directories' time stamps, which not every file system keeps.

To list 70,000 directories anew takes 1 to 2 s of the processor, to look at their time stamps 0.3 s.
"""


class Discovery:
    """The manifests below a list of roots, read incrementally.

    Keys of manifests are paths relative to their root, with `/`; when there are several roots, prefixed
    with the root's directory name (made unique). Links to manifests are followed only while they stay inside
    the root, so that a scan never leaves its roots.
    """

    def __init__(
        self, roots: Sequence[Path | str], scope: Scope | None = None, jobs: int = 1, *, once: bool = False
    ) -> None:
        self.roots = [Path(os.path.abspath(Path(root).expanduser())) for root in roots]
        self.scope = scope or Scope()
        self.jobs = jobs
        """How many processes may read; the second is started only where there is much to read."""
        self.prefixes = _prefixes(self.roots)
        self._identities: dict[str, Identity | None] = {}
        self._ignored = IgnoreCache() if self.scope.gitignore else None
        self._listings: Listings | None = None if once else {}
        """None where there will be no second walk that could make use of them."""
        self._listed_at = time.monotonic()

    @property
    def identities(self) -> dict[str, Identity | None]:
        """The identity with which each manifest was last read; None for those that must be read again."""
        return dict(self._identities)

    def resume(self, identities: dict[str, Identity | None]) -> None:
        """Take up where an earlier run ended: files of these identities are known already."""
        self._identities = dict(identities)

    def forget_listings(self) -> None:
        """Make the next walk list every directory anew, whatever its time stamp says."""
        if self._listings is not None:
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
        starts = self._starts(subtrees)
        if time.monotonic() - self._listed_at > _TRUST_SECONDS:
            self.forget_listings()
        with ReadAhead(self.scope.max_bytes, WORTH if self.jobs > 1 else None) as ahead:
            changes, found = self._walked(starts, progress, report, ahead)
            self._identities.update(dict.fromkeys(changes))
            seen = changes.keys() | {item.key for item in found}
            progress.phase, progress.total = "reading", len(found)
            self._read(found, changes, progress, report, ahead)
        for key in [key for key in self._identities if key not in seen and _within(key, starts)]:
            del self._identities[key]
            changes[key] = None
        progress.phase = "done"
        progress.tick(report)
        return changes

    def _walked(
        self,
        starts: list[tuple[str, str, str]],
        progress: ScanProgress,
        report: Callable[[ScanProgress], None],
        ahead: ReadAhead,
    ) -> tuple[dict[str, Manifest | None], list[Found]]:
        """Return what cannot be read, and the manifests found; those that changed are offered to be read meanwhile."""
        broken: dict[str, Manifest | None] = {}
        found: list[Found] = []
        known = self._identities
        for prefix, root, start in starts:
            walk = Walk(prefix, root, start, self.scope, progress, report, self._listings)
            here: list[Found] = []
            for item in walk:
                if isinstance(item, Manifest):
                    broken[item.path] = item
                    continue
                here.append(item)
                if known.get(item.key) != item.identity:
                    ahead.offer(item)
            found += self._ignored.without_ignored(walk, here) if self._ignored else here
        return broken, found

    def _read(
        self,
        found: list[Found],
        changes: dict[str, Manifest | None],
        progress: ScanProgress,
        report: Callable[[ScanProgress], None],
        ahead: ReadAhead,
    ) -> None:
        """Add what changed among the manifests found to the changes."""

        def on_read(count: int) -> None:
            progress.read = min(count, len(found))
            progress.tick(report)

        ahead.finish(on_read)
        for number, item in enumerate(found, 1):
            if self._identities.get(item.key) != item.identity:
                manifest, identity = ahead.reading(item)
                changes[item.key] = manifest
                if manifest is None:
                    self._identities.pop(item.key, None)
                else:
                    self._identities[item.key] = identity
            if number % 64 == 0:
                on_read(max(number, progress.read))
        progress.read = len(found)

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

    @property
    def directories(self) -> set[str]:
        """Absolute paths of the directories of manifests and all directories above them, up to their roots."""
        directories: set[str] = set()
        for prefix, root in zip(self.prefixes, map(str, self.roots), strict=True):
            directories.add(root)
            for key in self._identities:
                if key.startswith(prefix):
                    directory = os.path.dirname(os.path.join(root, key[len(prefix) :]))
                    while len(directory) > len(root) and directory not in directories:
                        directories.add(directory)
                        directory = os.path.dirname(directory)
        return directories


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
    found = [item for item in repository.files_at(revision) if scope.has_manifest(item[0]) and scope.reaches(item[0])]
    files = [item for item in found if is_text(item[0])]
    illegible = [illegible_manifest(path) for path, *_ in found if not is_text(path)]
    small = [item for item in files if item[2] <= scope.max_bytes]
    texts = dict(zip((path for path, *_ in small), repository.blobs([blob for _, blob, _ in small]), strict=True))
    return {item.path: item for item in illegible} | {
        path: parse_manifest(path, texts[path]) if path in texts else too_large(path, size, scope.max_bytes)
        for path, _, size in files
    }
