"""Walking a directory tree for manifests, quickly and without ever leaving its root."""

import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from workbench.fleet.manifest import unreadable_manifest
from workbench.fleet.model import Manifest
from workbench.sources.scope import MANIFEST_NAME, MANIFEST_SUFFIX, Scope

RACY_NS: Final = 50_000_000
"""What changed this shortly before it was looked at may change again without a new time stamp."""

Identity = tuple[int, int, int]
"""(mtime_ns, size, inode): equal identities mean that a file need not be read again."""


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

    def tick(self, report: Callable[["ScanProgress"], None]) -> None:
        """Report the progress, with the time taken so far. The callee may raise to cancel the scan."""
        self.seconds = time.time() - self.started_at
        report(self)


@dataclass(frozen=True, slots=True)
class Found:
    """A manifest file that a walk came upon."""

    key: str
    path: str
    identity: Identity


class Listing(NamedTuple):
    """What matters in a directory, with the time stamp under which it was listed."""

    stamp: int
    directories: tuple[str, ...]
    manifests: tuple[str, ...]
    links: tuple[str, ...]
    has_ignore_file: bool


Listings = dict[str, Listing]
"""Listings of directories by path, kept from walk to walk."""


@dataclass
class Walk:
    """One walk below a directory `start` of a root; `prefix` begins the keys of the root's manifests.

    Iterating yields the manifests found, and a broken Manifest for each directory or file that cannot be
    used. `ignore_files` gathers the `.gitignore` files met, with their time stamps. `listings` are those of
    earlier walks, which are trusted while a directory's own time stamp stays the same.
    """

    prefix: str
    root: str
    start: str
    scope: Scope
    progress: ScanProgress
    report: Callable[[ScanProgress], None]
    listings: Listings = field(default_factory=dict)
    ignore_files: dict[str, int] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Found | Manifest]:
        base = relative(self.root, self.start)
        stack = [(self.start, f"{base}/" if base else "", base.count("/") + bool(base))]
        entered: set[str] = set()
        while stack:
            directory, path, depth = stack.pop()
            self.progress.directories += 1
            if self.progress.directories % 256 == 0:
                self.progress.tick(self.report)
            try:
                listing = self._listing(directory)
            except (FileNotFoundError, NotADirectoryError):
                if directory == self.root:
                    reason = f"the root {self.root} does not exist"
                    yield unreadable_manifest(self.prefix or ".", reason, "Restore the directory, or remove the root.")
                continue
            except OSError as error:
                key = f"{self.prefix}{path}".rstrip("/") or "."
                reason = f"the directory cannot be listed: {error.strerror}"
                yield unreadable_manifest(key, reason, "Make the directory readable for the workbench.")
                continue
            for name in listing.manifests:
                yield from self._manifest(f"{directory}{os.sep}{name}", path + name)
            if listing.has_ignore_file:
                self._note_ignore_file(f"{directory}{os.sep}.gitignore")
            children = [name for name in listing.directories if self._enters(path + name)]
            children += [
                name
                for name in listing.links
                if self._leads_to_directory(f"{directory}{os.sep}{name}", entered) and self._enters(path + name)
            ]
            for name in children:
                if depth < self.scope.max_depth:
                    stack.append((f"{directory}{os.sep}{name}", f"{path}{name}/", depth + 1))
                else:
                    yield self._too_deep(path + name)

    def _enters(self, path: str) -> bool:
        """Whether a directory may be entered; its name was judged when it was listed."""
        return not self.scope.exclude or self.scope.enters(path)

    def _listing(self, directory: str) -> "Listing":
        """Return what matters in a directory, from memory if its time stamp says that nothing came or went."""
        known = self.listings.get(directory)
        if known is not None and known.stamp == os.stat(directory).st_mtime_ns:
            return known
        now = time.time_ns()
        listing = _listed(directory, self.scope)
        if listing.stamp < now - RACY_NS:
            self.listings[directory] = listing
        else:
            self.listings.pop(directory, None)
        return listing

    def _too_deep(self, path: str) -> Manifest:
        reason = f"deeper than {self.scope.max_depth} directories below its root; not entered"
        return unreadable_manifest(self.prefix + path, reason, "Add the directory as a root of its own.")

    def _leads_to_directory(self, path: str, entered: set[str]) -> bool:
        """Whether a link leads to a directory inside the root that was not entered through a link yet."""
        if not os.path.isdir(path):
            return False
        target = os.path.realpath(path)
        if target in entered or not self._is_inside(target) or self._contains(target, path):
            return False
        entered.add(target)
        return True

    def _is_inside(self, target: str) -> bool:
        return target.startswith(os.path.realpath(self.root) + os.sep)

    @staticmethod
    def _contains(target: str, path: str) -> bool:
        """Whether a link leads to a directory above itself, so that following it would never end."""
        return os.path.realpath(os.path.dirname(path)).startswith(target)

    def _note_ignore_file(self, path: str) -> None:
        try:
            self.ignore_files[path] = os.stat(path).st_mtime_ns
        except OSError:
            self.ignore_files[path] = 0

    def _manifest(self, file: str, path: str) -> Iterator[Found | Manifest]:
        if not self.scope.wants(path):
            return
        key = self.prefix + path
        try:
            status = os.lstat(file)
            if stat.S_ISLNK(status.st_mode):
                if not self._is_inside(os.path.realpath(file)):
                    fix = "Copy the file, or add its directory as a root."
                    yield unreadable_manifest(key, "a symbolic link that leads out of the root", fix)
                    return
                status = os.stat(file)
        except FileNotFoundError:
            return
        except OSError as error:
            yield unreadable_manifest(key, f"the file cannot be examined: {error.strerror}")
            return
        if stat.S_ISREG(status.st_mode):
            self.progress.found += 1
            yield Found(key, file, (status.st_mtime_ns, status.st_size, status.st_ino))
        elif not stat.S_ISDIR(status.st_mode):
            yield unreadable_manifest(key, "not a regular file", "Replace it by a regular file.")


def _listed(directory: str, scope: Scope) -> Listing:
    """List a directory: the stamp is taken first, so that what comes while it is listed counts as newer."""
    stamp = os.stat(directory).st_mtime_ns
    directories: list[str] = []
    manifests: list[str] = []
    links: list[str] = []
    has_ignore_file = False
    pruned, follows, gitignore = scope.prune, scope.symlinks != "never", scope.gitignore
    with os.scandir(directory) as entries:
        for entry in entries:
            name = entry.name
            if entry.is_dir(follow_symlinks=False):
                if name not in pruned:
                    directories.append(name)
            elif name[-5:] == ".toml":
                if name == MANIFEST_NAME or name.endswith(MANIFEST_SUFFIX):
                    manifests.append(name)
            elif name == ".gitignore":
                has_ignore_file = gitignore
            elif follows and name not in pruned and entry.is_symlink():
                links.append(name)
    return Listing(stamp, tuple(directories), tuple(manifests), tuple(links), has_ignore_file)


def relative(root: str, path: str) -> str:
    """Return a path below a root relative to it, with `/`; empty for the root itself."""
    return path[len(root) :].strip(os.sep).replace(os.sep, "/")
