"""What git knows of a root: ignored files, files changed since a revision, manifests inside a revision."""

import os
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from workbench.errors import GitError

_TIMEOUT: Final = 60.0


class Repository:
    """The git work tree that a directory lies in, asked through the `git` command."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @classmethod
    def around(cls, directory: Path) -> "Repository | None":
        """Return the repository that a directory lies in; None outside git, or where git is not installed."""
        repository = cls(directory)
        try:
            return repository if repository._ask("rev-parse", "--is-inside-work-tree").strip() == b"true" else None
        except GitError:
            return None

    def _ask(self, *arguments: str, given: bytes | None = None, codes: tuple[int, ...] = (0,)) -> bytes:
        """Run git and return what it says. Raises GitError if it cannot be run or ends with another code."""
        environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
        try:
            done = subprocess.run(
                ["git", "-C", str(self.directory), *arguments],
                input=given,
                capture_output=True,
                timeout=_TIMEOUT,
                check=False,
                env=environment,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise GitError(f"git cannot be run: {error}") from None
        if done.returncode not in codes:
            said = done.stderr.decode(errors="replace").strip().partition("\n")[0]
            raise GitError(f"git {arguments[0]}: {said or f'ended with {done.returncode}'}")
        return done.stdout

    def ignored(self, paths: Iterable[str]) -> frozenset[str]:
        """Return those of some absolute paths that git ignores; tracked files are never ignored."""
        given = b"\0".join(os.fsencode(path) for path in paths)
        if not given:
            return frozenset()
        said = self._ask("check-ignore", "-z", "--stdin", given=given + b"\0", codes=(0, 1))
        return frozenset(os.fsdecode(path) for path in said.split(b"\0") if path)

    def ignore_sources(self) -> list[str]:
        """Return the files outside the directory that decide what is ignored, whether they exist or not.

        They are the `.gitignore` files above it, the repository's `info/exclude`, the user's excludes file, and
        the configuration that names that file (gitignore(5), git-config(1)).
        """
        try:
            said = self._ask("rev-parse", "--show-toplevel", "--git-path", "info/exclude", "--git-path", "config")
            listed = self._ask("config", "--list", "--show-origin", "-z")
        except GitError:
            return []
        here = os.path.realpath(self.directory)
        top, *own = (os.path.join(here, os.fsdecode(line)) for line in said.splitlines())
        above = [str(folder / ".gitignore") for folder in Path(here).parents if folder.is_relative_to(top)]
        parts = listed.split(b"\0")
        origins, values = parts[0::2], parts[1::2]
        files = {os.path.join(top, os.fsdecode(origin[5:])) for origin in origins if origin.startswith(b"file:")}
        named = [os.fsdecode(v.partition(b"\n")[2]) for v in values if v.startswith(b"core.excludesfile\n")]
        user, folder = _user_configuration()
        excludes = os.path.expanduser(named[-1]) if named else os.path.join(folder, "ignore")
        deciding = (*own, *above, user, os.path.join(folder, "config"), *sorted(files), os.path.join(top, excludes))
        return list(dict.fromkeys(map(os.path.normpath, deciding)))

    def commit(self, revision: str) -> str:
        """Return the commit that a revision names. Raises GitError if there is none."""
        try:
            said = self._ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        except GitError:
            raise GitError(f'"{revision}" names no commit of the repository around {self.directory}') from None
        return said.decode().strip()

    def changed_since(self, revision: str) -> frozenset[str]:
        """Return the paths below the directory, relative to it, that differ from a revision or are untracked."""
        commit = self.commit(revision)
        changed = self._ask("diff", "--name-only", "-z", "--relative", "--no-ext-diff", commit, "--", ".")
        untracked = self._ask("ls-files", "-z", "--others", "--exclude-standard", "--", ".")
        return frozenset(os.fsdecode(path) for path in (changed + untracked).split(b"\0") if path)

    def files_at(self, revision: str) -> Iterator[tuple[str, str, int]]:
        """Yield (path relative to the directory, blob, size) of every regular file in a revision."""
        commit = self.commit(revision)
        for entry in self._ask("ls-tree", "-r", "-z", "-l", commit, "--", ".").split(b"\0"):
            if entry:
                fields, _, path = entry.partition(b"\t")
                mode, _, blob, size = fields.split()
                if mode.startswith(b"100"):
                    yield os.fsdecode(path), blob.decode(), int(size)

    def blobs(self, names: list[str]) -> Iterator[bytes]:
        """Yield the contents of blobs, in their order."""
        said = self._ask("cat-file", "--batch", given="".join(f"{name}\n" for name in names).encode())
        offset = 0
        for name in names:
            end = said.index(b"\n", offset)
            header = said[offset:end].split()
            if len(header) != 3:
                raise GitError(f"git has no object {name}")
            size = int(header[2])
            yield said[end + 1 : end + 1 + size]
            offset = end + 1 + size + 1


def _user_configuration() -> tuple[str, str]:
    """Return the file and the folder in which git looks for the user's configuration, whether they exist or not."""
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return os.environ.get("GIT_CONFIG_GLOBAL") or os.path.expanduser("~/.gitconfig"), os.path.join(home, "git")
