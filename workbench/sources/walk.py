"""Walking a directory tree for manifests, quickly and without ever leaving its root."""

import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from workbench.fleet.manifest import unreadable_manifest
from workbench.fleet.model import Manifest
from workbench.sources.names import illegible_manifest, is_text, legible
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


class Found(NamedTuple):
    """A manifest file that a walk came upon."""

    key: str
    path: str
    identity: Identity


class Listing(NamedTuple):
    """What matters in a directory, with the time stamp under which it was listed."""

    stamp: int
    directories: tuple[str, ...] = ()
    manifests: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    has_ignore_file: bool = False
    is_barren: bool = True
    """Whether none of the others is there, as in most directories."""


Listings = dict[str, Listing]
"""Listings of directories by path, kept from walk to walk."""

_BARREN: Final = Listing(0)


@dataclass
class Walk:
    """One walk below a directory `start` of a root; `prefix` begins the keys of the root's manifests.

    Iterating yields the manifests found, and a broken Manifest for each directory or file that cannot be
    used. `ignore_files` gathers the `.gitignore` files met. `listings` are those of
    earlier walks, which are trusted while a directory's own time stamp stays the same; None for a walk that
    trusts none and leaves none behind, which saves looking at the time stamps.
    """

    prefix: str
    root: str
    start: str
    scope: Scope
    progress: ScanProgress
    report: Callable[[ScanProgress], None]
    listings: Listings | None = field(default_factory=dict)
    ignore_files: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Found | Manifest]:
        stack = [self.start]
        entered: set[str] = set()
        progress = self.progress
        list_directory = self._listing if self.listings is not None else self._listed_once
        while stack:
            directory = stack.pop()
            progress.directories += 1
            if progress.directories % 256 == 0:
                progress.tick(self.report)
            try:
                listing = list_directory(directory)
            except (FileNotFoundError, NotADirectoryError):
                if directory == self.root:
                    reason = f"the root {self.root} does not exist"
                    yield unreadable_manifest(self.prefix or ".", reason, "Restore the directory, or remove the root.")
                continue
            except OSError as error:
                key = f"{self.prefix}{relative(self.root, directory)}".rstrip("/") or "."
                reason = f"the directory cannot be listed: {error.strerror}"
                yield unreadable_manifest(legible(key), reason, "Make the directory readable for the workbench.")
                continue
            if not listing.is_barren:
                yield from self._contents(directory, listing, stack, entered)

    def _contents(
        self, directory: str, listing: Listing, stack: list[str], entered: set[str]
    ) -> Iterator[Found | Manifest]:
        """Yield the manifests of a directory, and put the directories below it on the stack."""
        base = relative(self.root, directory)
        path, depth = (f"{base}/", base.count("/") + 1) if base else ("", 0)
        for name in listing.manifests:
            item = self._manifest(f"{directory}{os.sep}{name}", path + name)
            if item is not None:
                yield item
        if listing.has_ignore_file:
            self.ignore_files.append(f"{directory}{os.sep}.gitignore")
        children = self._children(listing, directory, path, entered)
        if depth < self.scope.max_depth:
            stack += [f"{directory}{os.sep}{name}" for name in children]
        else:
            for name in children:
                yield self._too_deep(path + name)

    def _children(self, listing: Listing, directory: str, path: str, entered: set[str]) -> Sequence[str]:
        """Return the names of the directories below one that are entered, which were judged when it was listed."""
        if not self.scope.exclude and not listing.links:
            return listing.directories
        links = (name for name in listing.links if self._leads_to_directory(f"{directory}{os.sep}{name}", entered))
        return [name for name in (*listing.directories, *links) if self._enters(path + name)]

    def _enters(self, path: str) -> bool:
        """Whether a directory may be entered, judged by its path."""
        return not self.scope.exclude or self.scope.enters(path)

    def _listed_once(self, directory: str) -> Listing:
        """Return what matters in a directory, which nobody will ask for again."""
        return _listed(directory, 0, self.scope)

    def _listing(self, directory: str) -> Listing:
        """Return what matters in a directory, from memory if its time stamp says that nothing came or went."""
        assert self.listings is not None
        known = self.listings.get(directory)
        # The stamp is taken before it is listed, so that what comes meanwhile counts as newer.
        stamp = os.stat(directory).st_mtime_ns
        if known is not None and known.stamp == stamp:
            return known
        now = time.time_ns()
        listing = _listed(directory, stamp, self.scope)
        if stamp < now - RACY_NS:
            self.listings[directory] = listing
        else:
            self.listings.pop(directory, None)
        return listing

    def _too_deep(self, path: str) -> Manifest:
        reason = f"deeper than {self.scope.max_depth} directories below its root; not entered"
        return unreadable_manifest(legible(self.prefix + path), reason, "Add the directory as a root of its own.")

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

    def _manifest(self, file: str, path: str) -> Found | Manifest | None:
        """Return a file that bears a manifest's name, as found or as one that cannot be used; None for others."""
        if not self.scope.wants(path):
            return None
        key = self.prefix + path
        if not is_text(key):
            return illegible_manifest(key)
        try:
            status = os.lstat(file)
            if stat.S_ISLNK(status.st_mode):
                if not self._is_inside(os.path.realpath(file)):
                    fix = "Copy the file, or add its directory as a root."
                    return unreadable_manifest(key, "a symbolic link that leads out of the root", fix)
                status = os.stat(file)
        except FileNotFoundError:
            return None
        except OSError as error:
            return unreadable_manifest(key, f"the file cannot be examined: {error.strerror}")
        if stat.S_ISREG(status.st_mode):
            self.progress.found += 1
            return Found(key, file, (status.st_mtime_ns, status.st_size, status.st_ino))
        if stat.S_ISDIR(status.st_mode):
            return None
        return unreadable_manifest(key, "not a regular file", "Replace it by a regular file.")


def _listed(directory: str, stamp: int, scope: Scope) -> Listing:
    directories: list[str] = []
    manifests: list[str] = []
    links: list[str] = []
    has_ignore_file = False
    pruned, follows = scope.prune, scope.symlinks != "never"
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if (name := entry.name) not in pruned:
                    directories.append(name)
            elif (name := entry.name).endswith(".toml"):
                if name == MANIFEST_NAME or name.endswith(MANIFEST_SUFFIX):
                    manifests.append(name)
            elif name == ".gitignore":
                has_ignore_file = scope.gitignore
            elif follows and name not in pruned and entry.is_symlink():
                links.append(name)
    if not (directories or manifests or links or has_ignore_file):
        return Listing(stamp) if stamp else _BARREN
    return Listing(stamp, tuple(directories), tuple(manifests), tuple(links), has_ignore_file, is_barren=False)


def relative(root: str, path: str) -> str:
    """Return a path below a root relative to it, with `/`; empty for the root itself."""
    return path[len(root) :].strip(os.sep).replace(os.sep, "/")
