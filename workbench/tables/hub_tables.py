"""Every table of a hub by name: those of its snapshot, and those of what only the hub knows."""

from collections.abc import Callable, Mapping
from typing import Final

import pyarrow as pa

from workbench.fleet.snapshot import Snapshot
from workbench.fleet.tables import SNAPSHOT_TABLES, Column
from workbench.history import History
from workbench.hub import Hub
from workbench.live.frames import listener_table, registration_table
from workbench.tables.frames import arrow_of, arrow_table, event_table

NEWEST_EVENTS: Final = 10_000

HISTORY_COLUMNS: Final = (
    Column("revision", "integer", "revision number"),
    Column("taken_at", "time", "when it was made, UTC"),
    Column("crates", "integer", "crates then"),
    Column("manifests", "integer", "manifest files then"),
    Column("findings", "integer", "findings then"),
    Column("errors", "integer", "errors among these"),
    Column("warnings", "integer", "warnings among these"),
    Column("changed", "integer", "manifests that it changed"),
)


def history_table(hub: Hub) -> pa.Table:
    """Return the kept revisions, oldest first."""
    rows = [
        (row["revision"], round(row["taken_at"] * 1e6), *(row[column.name] for column in HISTORY_COLUMNS[2:]))
        for row in History(hub).revisions()
    ]
    return arrow_of(HISTORY_COLUMNS, rows)


HUB_TABLES: Final[Mapping[str, Callable[[Hub, Snapshot], pa.Table]]] = {
    "events": lambda hub, snapshot: event_table(hub.log.newest(NEWEST_EVENTS)),
    "history": lambda hub, snapshot: history_table(hub),
    "registrations": lambda hub, snapshot: registration_table(hub.live, snapshot),
    "observed": lambda hub, snapshot: listener_table(hub.live, snapshot),
}
"""The tables that are no part of a snapshot and may change within a revision."""

TABLE_NAMES: Final = (*SNAPSHOT_TABLES, *HUB_TABLES)


def hub_table(name: str, hub: Hub, snapshot: Snapshot) -> pa.Table:
    """Return a table of a hub by its name."""
    return HUB_TABLES[name](hub, snapshot) if name in HUB_TABLES else arrow_table(name, snapshot)
