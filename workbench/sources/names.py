"""Names of files and directories that are no text: systems take any bytes, JSON, DuckDB and browsers take UTF-8."""

from typing import Final

from workbench.fleet.manifest import unreadable_manifest
from workbench.fleet.model import Manifest

_REASON: Final = "the path is not UTF-8"
_FIX: Final = "Rename the file, or the directory above it."


def is_text(path: str) -> bool:
    """Whether a path, as the system's functions return it, can be written as UTF-8."""
    if path.isascii():
        return True
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def legible(path: str) -> str:
    r"""Return a path as text; bytes that are no UTF-8 are shown as `\xff`."""
    return path if is_text(path) else path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def illegible_manifest(path: str) -> Manifest:
    """Return the manifest of a path that is no text, with that as its diagnostic."""
    return unreadable_manifest(legible(path), _REASON, _FIX)
