"""What belongs to a fleet: names of manifests, directories that are never entered, limits."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from workbench.sources.globs import Globs

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


@dataclass(frozen=True)
class Scope:
    """What belongs to a fleet and what does not, below its roots.

    `include` and `exclude` are globs over keys (empty `include`: everything); an excluded directory is not
    entered. `prune` are names of directories that are never entered. With `gitignore`, what git ignores is
    left out of roots that lie in a work tree. `symlinks` says whether links to directories are followed:
    never, or while they stay inside their root. Manifests above `max_bytes` and directories deeper than
    `max_depth` are reported instead of read.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    prune: frozenset[str] = PRUNED
    gitignore: bool = True
    symlinks: Literal["never", "inside"] = "never"
    max_bytes: int = 1_000_000
    max_depth: int = 64

    @cached_property
    def included(self) -> Globs:
        """The `include` patterns, compiled."""
        return Globs(self.include)

    @cached_property
    def excluded(self) -> Globs:
        """The `exclude` patterns, compiled."""
        return Globs(self.exclude)

    def has_manifest(self, path: str) -> bool:
        """Whether a path relative to its root is that of a manifest of the fleet."""
        return is_manifest_name(path.rpartition("/")[2]) and self.wants(path)

    def wants(self, path: str) -> bool:
        """Whether a manifest's path, relative to its root, is included and not excluded."""
        return (not self.include or path in self.included) and path not in self.excluded

    def enters(self, path: str) -> bool:
        """Whether a directory, relative to its root, may be entered, judged by its own name and path alone."""
        return path.rpartition("/")[2] not in self.prune and (not self.exclude or path not in self.excluded)

    def reaches(self, path: str) -> bool:
        """Whether a manifest's path lies in directories that may all be entered."""
        parts = path.split("/")[:-1]
        return len(parts) <= self.max_depth and all(self.enters("/".join(parts[: n + 1])) for n in range(len(parts)))


def is_manifest_name(name: str) -> bool:
    """Whether a file name is that of a manifest."""
    return name == MANIFEST_NAME or name.endswith(MANIFEST_SUFFIX)
