"""The directories that a fleet is read from."""

from collections.abc import Iterable
from pathlib import Path

from workbench.errors import RootError


def check_roots(roots: Iterable[Path]) -> None:
    """Raise RootError if a root does not exist or is no directory."""
    for root in roots:
        if not root.exists():
            raise RootError(f"{root}: no such directory", root=str(root))
        if not root.is_dir():
            raise RootError(f"{root}: not a directory; give the directory that holds the manifests", root=str(root))
