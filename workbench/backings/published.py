"""A fleet as it was published: files in a folder that never change."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson
import pyarrow as pa
from pyarrow import parquet

from workbench.backings.backing import Json
from workbench.errors import SnapshotError
from workbench.events import Draft, Event
from workbench.fleet.head import SnapshotHead
from workbench.fleet.lookup import crate_records
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.tables import TABLES
from workbench.fleet.wire import crate_detail_model, iso, port_model
from workbench.history import Moment, revision_at
from workbench.hub import Hub
from workbench.live.models import live_model
from workbench.sources.ingest import collector_paused

if TYPE_CHECKING:
    from workbench.desks.assignments import Assignment
    from workbench.store.query import TableDatabase

HEAD_FILE: Final = "snapshot.json"
POINTER_FILE: Final = "latest.json"


class PublishedBacking:
    """One published revision, read when it is asked for and held from then on."""

    def __init__(self, folder: str | Path) -> None:
        """Find the newest revision published in a folder, or take the folder of one; raises SnapshotError."""
        self.folder = version_folder(Path(folder))
        told = _read_json(self.folder / HEAD_FILE)
        try:
            self.head = SnapshotHead.parse(told.get("head"))
            self._sizes = {str(name): int(size) for name, size in told["files"].items()}
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise SnapshotError(f"{self.folder / HEAD_FILE}: {error}", path=str(self.folder)) from None
        self._tables: dict[str, pa.Table] = {}
        for name, size in self._sizes.items():
            _check_size(self.folder / name, size)

    @property
    def place(self) -> str:
        return str(self.folder)

    @cached_property
    def snapshot(self) -> Snapshot:
        with collector_paused():
            return self.head.revive(self.table("manifests").to_pylist())

    @cached_property
    def hub(self) -> Hub:
        return Hub.frozen(self.snapshot)

    @property
    def assignments(self) -> "Sequence[Assignment]":
        return ()

    def table(self, name: str) -> pa.Table:
        if name not in self._tables:
            file = self.folder / f"{name}.parquet"
            try:
                self._tables[name] = parquet.read_table(file)
            except FileNotFoundError:
                raise SnapshotError(f"{file} is gone: open the snapshot again", path=str(file)) from None
            except (OSError, pa.ArrowException) as error:
                raise SnapshotError(f"{file} cannot be read: {error}", path=str(file)) from None
        return self._tables[name]

    def sql(self, query: str, parameters: Mapping[str, Any]) -> pa.Table:
        return self._database.query(query, parameters)

    @cached_property
    def _database(self) -> "TableDatabase":
        from workbench.store.query import TableDatabase

        return TableDatabase(lambda: {name: self.table(name) for name in (*TABLES, "events")})

    def crate(self, name: str) -> Json:
        return crate_detail_model(crate_records(name, self.snapshot)[0], self.snapshot)

    def port(self, number: int) -> Json:
        return {**port_model(number, self.snapshot), **live_model(self.hub.live, self.snapshot, number)}

    def at(self, moment: Moment) -> Snapshot:
        rows = [{"revision": self.head.revision, "taken_at": self.head.taken_at}]
        revision_at(moment, rows, self.head.revision)
        return self.snapshot

    def status(self) -> Json:
        head = self.head
        return {
            "status": "published",
            "revision": head.revision,
            "taken_at": iso(head.taken_at),
            "age_seconds": round(time.time() - head.taken_at, 1),
            "folder": str(self.folder),
            "fleet": dict(head.summary),
        }

    def refresh(self) -> None:
        """Return at once: what is published never changes."""

    def newest_events(self, count: int) -> list[Event]:
        return events_of(self.table("events"), count)

    def subscribe(self, listener: Callable[[Sequence[Event]], None]) -> Callable[[], None]:
        """Return at once: what is published never changes, so nobody is ever called."""
        return lambda: None

    def close(self) -> None:
        if "hub" in self.__dict__:
            from workbench.queries.query_pool import close_pool

            close_pool(self.hub)
        self._tables.clear()


def version_folder(folder: Path) -> Path:
    """Return the folder of the newest revision published in a folder; raises SnapshotError if there is none."""
    if (folder / HEAD_FILE).is_file():
        return folder
    if (folder / POINTER_FILE).is_file():
        name = _read_json(folder / POINTER_FILE).get("name")
        if not isinstance(name, str) or Path(name).name != name:
            raise SnapshotError(f"{folder / POINTER_FILE} names no snapshot", path=str(folder))
        return folder / name
    unfinished = folder.is_dir() and any(folder.glob(".*.part"))
    hint = ": a publication is under way or broke off" if unfinished else "; make one with `workbench publish`"
    raise SnapshotError(f"{folder} holds no published snapshot{hint}", path=str(folder))


def events_of(table: pa.Table, count: int) -> list[Event]:
    """Return the newest events of the `events` table, oldest first."""
    newest = table.slice(max(0, table.num_rows - count))
    return [
        Event.of(
            Draft(row["type"], row["topic"], orjson.loads(row["data"])),
            row["seq"],
            row["revision"],
            row["ts"].timestamp(),
        )
        for row in newest.to_pylist()
    ]


def _read_json(file: Path) -> dict[str, Any]:
    try:
        value = orjson.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise SnapshotError(f"{file} cannot be read: {error}", path=str(file)) from None
    if not isinstance(value, dict):
        raise SnapshotError(f"{file} holds no description of a snapshot", path=str(file))
    return value


def _check_size(file: Path, size: int) -> None:
    try:
        found = file.stat().st_size
    except OSError:
        found = -1
    if found != size:
        said = "is missing" if found < 0 else f"has {found} bytes, not {size}"
        raise SnapshotError(f"{file} {said}: the snapshot is not whole, publish it again", path=str(file))
