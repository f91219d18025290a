"""Publishing a fleet: a folder of Parquet files under a new name each time, then one pointer to it that flips."""

import secrets
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import orjson

from workbench import __version__
from workbench.backings.backing import Backing
from workbench.backings.published import HEAD_FILE, POINTER_FILE
from workbench.errors import SnapshotError
from workbench.fleet.head import SnapshotHead, head_model
from workbench.tables.files import parquet_file
from workbench.tables.hub_tables import TABLE_NAMES

KEPT_VERSIONS: Final = 10
_TRIES: Final = 5


def publish(backing: Backing, folder: Path, keep: int = KEPT_VERSIONS) -> Path:
    """Write the newest revision into a folder of its own below `folder`, and make it the one that is opened there.

    Readers see the older revision or this one, never a part; of the older ones, the newest `keep` in all stay.
    Returns the revision's folder. Raises SnapshotError if it cannot be written.
    """
    files, head = _files(backing)
    moment = datetime.fromtimestamp(head.taken_at, UTC)
    name = f"{moment:%Y%m%dT%H%M%S}-r{head.revision}-{secrets.token_hex(3)}"
    part = folder / f".{name}.part"
    described = {
        "head": head_model(head),
        "files": {file: len(content) for file, content in files.items()},
        "written_by": f"workbench {__version__}",
    }
    try:
        part.mkdir(parents=True)
        for file, content in files.items():
            (part / file).write_bytes(content)
        (part / HEAD_FILE).write_bytes(orjson.dumps(described, option=orjson.OPT_INDENT_2))
        part.rename(folder / name)
        pointer = folder / f".{name}.json.part"
        pointer.write_bytes(orjson.dumps({"name": name, "revision": head.revision}))
        pointer.replace(folder / POINTER_FILE)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise SnapshotError(f"{folder}: the snapshot cannot be written: {error}", path=str(folder)) from None
    _prune(folder, name, keep)
    return folder / name


def _files(backing: Backing) -> tuple[dict[str, bytes], SnapshotHead]:
    """Return the files and the head of one revision, though the fleet goes on changing."""
    for _ in range(_TRIES):
        head = backing.head
        files = {f"{name}.parquet": parquet_file(backing.table(name)) for name in TABLE_NAMES}
        if backing.head.revision == head.revision:
            return files, head
    raise SnapshotError("the fleet changes faster than it can be written down; try again")


def _prune(folder: Path, newest: str, keep: int) -> None:
    versions = [path.parent for path in folder.glob(f"*/{HEAD_FILE}") if path.parent.name != newest]
    versions.sort(key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)
    for version in versions[max(0, keep - 1) :]:
        shutil.rmtree(version, ignore_errors=True)
