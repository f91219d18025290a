"""A look at a state file from outside: nothing in it is changed."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from workbench.errors import StoreError
from workbench.store.database import STATE_FILE
from workbench.store.schema import MIGRATIONS

NEWEST_VERSION = len(MIGRATIONS)


@dataclass(frozen=True)
class StateFile:
    """What a state file is: its size in bytes, the version of its journal, revisions and events. `version` is None
    while another process holds it.
    """

    path: Path
    size: int
    version: int | None = None
    revisions: int = 0
    events: int = 0


def inspect_state(folder: Path) -> StateFile | None:
    """Return what the state file of a folder is; None if there is none. Raises StoreError if it is damaged."""
    path = folder / STATE_FILE
    if not path.exists():
        return None
    size = path.stat().st_size
    try:
        with duckdb.connect(path, read_only=True) as connection:
            (version,) = connection.execute("SELECT coalesce(max(version), 0) FROM versions").fetchone() or (0,)
            counts = "SELECT (SELECT count(*) FROM revisions), (SELECT count(*) FROM events)"
            revisions, events = connection.execute(counts).fetchone() or (0, 0)
    except duckdb.Error as error:
        if "lock" in str(error).lower():
            return StateFile(path, size)
        raise StoreError(f"{path}: {str(error).partition(chr(10))[0]}", path=str(path)) from None
    return StateFile(path, size, version, revisions, events)
