"""A fleet in this process: the hub itself."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from workbench.backings.backing import Json
from workbench.desks.assignments import assignment_model
from workbench.events import Event
from workbench.fleet.head import SnapshotHead
from workbench.fleet.lookup import crate_records
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.wire import crate_detail_model, port_model
from workbench.history import History, Moment
from workbench.hub import Hub
from workbench.live.models import live_model
from workbench.tables.hub_tables import hub_table

if TYPE_CHECKING:
    from workbench.desks.assignments import Assignment


class LocalBacking:
    """The fleet of a hub."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    @property
    def place(self) -> str:
        return ", ".join(map(str, self.hub.discovery.roots))

    @property
    def snapshot(self) -> Snapshot:
        return self.hub.snapshot

    @property
    def head(self) -> SnapshotHead:
        return SnapshotHead.of(self.hub.snapshot)

    @property
    def assignments(self) -> "Sequence[Assignment]":
        return self.hub.desk.book.active

    def table(self, name: str) -> pa.Table:
        return hub_table(name, self.hub, self.hub.snapshot)

    def sql(self, query: str, parameters: Mapping[str, Any]) -> pa.Table:
        from workbench.store.query import query_snapshot

        return query_snapshot(self.snapshot, query, parameters, lambda: self.newest_events(10_000))

    def crate(self, name: str) -> Json:
        snapshot = self.snapshot
        return crate_detail_model(crate_records(name, snapshot)[0], snapshot)

    def port(self, number: int) -> Json:
        snapshot, desk = self.snapshot, self.hub.desk
        held = [assignment_model(item, durable=desk.is_durable) for item in desk.book.at(number, snapshot.plan)]
        return {**port_model(number, snapshot, held), **live_model(self.hub.live, snapshot, number)}

    def at(self, moment: Moment) -> Snapshot:
        return History(self.hub).at(moment)

    def status(self) -> Json:
        return self.hub.status()

    def refresh(self) -> None:
        if self.hub.is_running:
            self.hub.refresh().result()
        elif self.hub.discovery.roots:
            self.hub.scan_once()

    def newest_events(self, count: int) -> list[Event]:
        return self.hub.log.newest(count)

    def subscribe(self, listener: Callable[[Sequence[Event]], None]) -> Callable[[], None]:
        return self.hub.log.subscribe(listener)

    def close(self) -> None:
        from workbench.queries.query_pool import close_pool

        close_pool(self.hub)
        self.hub.stop()
