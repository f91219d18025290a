"""What git ignores below the roots, remembered until one of the files that decide it changes."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from workbench.errors import GitError
from workbench.sources.git import Repository
from workbench.sources.walk import Found, Walk

Stamp = tuple[int, int, int] | None
"""(mtime_ns, size, inode) of a file; None where there is none."""

_NEVER_LOOKED: Final[dict[str, Stamp]] = {}


class IgnoreCache:
    """The verdicts of git, asked for again only for paths not seen before, or when what decides them changed."""

    def __init__(self) -> None:
        self._roots: dict[str, _Root] = {}

    def without_ignored(self, walk: Walk, found: list[Found]) -> list[Found]:
        """Return the manifests that git does not ignore; all of them outside git."""
        root = self._roots.get(walk.root)
        if root is None:
            root = self._roots[walk.root] = _Root(walk.root)
        return root.without_ignored(walk, found)


class _Root:
    """One root: the work tree around it, if there is one, and what git said of the manifests below it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.repository: Repository | None = None
        self.outside = _NEVER_LOOKED
        """The files outside the root that decide: above it, in the repository, in the user's configuration."""
        self.inside: dict[str, Stamp] = {}
        """The `.gitignore` files below the root."""
        self.verdicts: dict[str, bool] = {}

    def without_ignored(self, walk: Walk, found: list[Found]) -> list[Found]:
        self._follow(walk)
        if self.repository is None:
            return found
        unknown = [item.path for item in found if item.path not in self.verdicts]
        if unknown:
            try:
                ignored = self.repository.ignored(unknown)
            except GitError:
                return found
            self.verdicts.update((path, path in ignored) for path in unknown)
        return [item for item in found if not self.verdicts[item.path]]

    def _follow(self, walk: Walk) -> None:
        """Forget the verdicts if a file that decides them came, went or changed."""
        if self.outside is _NEVER_LOOKED or self.outside != _stamps(self.outside):
            self.repository = Repository.around(Path(self.path))
            deciding = self.repository.ignore_sources() if self.repository else _places_of_git(self.path)
            self.outside = _stamps(deciding)
            self.verdicts.clear()
        if self.repository is None:
            self.inside.clear()
            return
        met = _stamps(walk.ignore_files)
        below = walk.start + os.sep
        known = {path: stamp for path, stamp in self.inside.items() if path.startswith(below)}
        if met != known:
            self.inside = {path: stamp for path, stamp in self.inside.items() if path not in known} | met
            self.verdicts.clear()


def _stamps(paths: Iterable[str]) -> dict[str, Stamp]:
    return {path: _stamp(path) for path in paths}


def _stamp(path: str) -> Stamp:
    try:
        status = os.stat(path)
    except OSError:
        return None
    if stat.S_ISDIR(status.st_mode):  # changes with every commit; that it is there is what matters
        return 0, 0, status.st_ino
    return status.st_mtime_ns, status.st_size, status.st_ino


def _places_of_git(root: str) -> list[str]:
    """Return where a repository around a directory would show."""
    folders = [directory / ".git" for directory in (Path(root), *Path(root).parents)]
    return [str(path) for folder in folders for path in (folder, folder / "HEAD")]
