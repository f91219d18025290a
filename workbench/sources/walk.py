"""Walking a directory tree for manifests, quickly and without ever leaving its root."""

import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from workbench.fleet.manifest import unreadable_manifest
from workbench.fleet.model import Manifest
from workbench.sources.scope import MANIFEST_NAME, MANIFEST_SUFFIX, Scope

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


@dataclass
class Walk:
    """One walk below a directory `start` of a root; `prefix` begins the keys of the root's manifests.

    Iterating yields the manifests found, and a broken Manifest for each directory or file that cannot be
    used. `ignore_files` gathers the `.gitignore` files met, with their time stamps.
    """

    prefix: str
    root: str
    start: str
    scope: Scope
    progress: ScanProgress
    report: Callable[[ScanProgress], None]
    ignore_files: dict[str, int] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Found | Manifest]:
        base = relative(self.root, self.start)
        stack = [(self.start, f"{base}/" if base else "", base.count("/") + bool(base))]
        entered: set[str] = set()
        pruned, enters, max_depth = self.scope.prune, self.scope.enters, self.scope.max_depth
        has_globs, follows = bool(self.scope.exclude), self.scope.symlinks != "never"
        while stack:
            directory, path, depth = stack.pop()
            self.progress.directories += 1
            if self.progress.directories % 256 == 0:
                self.progress.tick(self.report)
            try:
                entries = os.scandir(directory)
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
            with entries:
                for entry in entries:
                    name = entry.name
                    if entry.is_dir(follow_symlinks=False):
                        if enters(path + name) if has_globs else name not in pruned:
                            if depth < max_depth:
                                stack.append((entry.path, f"{path}{name}/", depth + 1))
                            else:
                                yield self._too_deep(path + name)
                    elif name[-5:] == ".toml":
                        if name == MANIFEST_NAME or name.endswith(MANIFEST_SUFFIX):
                            yield from self._manifest(entry, path + name)
                    elif name == ".gitignore":
                        self._ignore_file(entry)
                    elif follows and self._leads_to_directory(entry, entered) and enters(path + name):
                        stack.append((entry.path, f"{path}{name}/", depth + 1))

    def _too_deep(self, path: str) -> Manifest:
        reason = f"deeper than {self.scope.max_depth} directories below its root; not entered"
        return unreadable_manifest(self.prefix + path, reason, "Add the directory as a root of its own.")

    def _leads_to_directory(self, entry: "os.DirEntry[str]", entered: set[str]) -> bool:
        """Whether a link leads to a directory inside the root that was not entered through a link yet."""
        if not entry.is_symlink() or not entry.is_dir():
            return False
        target = os.path.realpath(entry.path)
        if target in entered or not self._is_inside(target) or self._contains(target, entry.path):
            return False
        entered.add(target)
        return True

    def _is_inside(self, target: str) -> bool:
        return target.startswith(os.path.realpath(self.root) + os.sep)

    @staticmethod
    def _contains(target: str, path: str) -> bool:
        """Whether a link leads to a directory above itself, so that following it would never end."""
        return os.path.realpath(os.path.dirname(path)).startswith(target)

    def _ignore_file(self, entry: "os.DirEntry[str]") -> None:
        if self.scope.gitignore:
            try:
                self.ignore_files[entry.path] = entry.stat().st_mtime_ns
            except OSError:
                self.ignore_files[entry.path] = 0

    def _manifest(self, entry: "os.DirEntry[str]", path: str) -> Iterator[Found | Manifest]:
        if not self.scope.wants(path):
            return
        key = self.prefix + path
        try:
            if entry.is_symlink() and not self._is_inside(os.path.realpath(entry.path)):
                fix = "Copy the file, or add its directory as a root."
                yield unreadable_manifest(key, "a symbolic link that leads out of the root", fix)
                return
            status = entry.stat()
        except FileNotFoundError:
            return
        except OSError as error:
            yield unreadable_manifest(key, f"the file cannot be examined: {error.strerror}")
            return
        if stat.S_ISREG(status.st_mode):
            self.progress.found += 1
            yield Found(key, entry.path, (status.st_mtime_ns, status.st_size, status.st_ino))
        elif not stat.S_ISDIR(status.st_mode):
            yield unreadable_manifest(key, "not a regular file", "Replace it by a regular file.")


def relative(root: str, path: str) -> str:
    """Return a path below a root relative to it, with `/`; empty for the root itself."""
    return path[len(root) :].strip(os.sep).replace(os.sep, "/")
