"""The observed layer as tables for notebooks."""

from typing import Final

import pyarrow as pa

from workbench.fleet.identity import standing
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.tables import Column
from workbench.live.layer import LiveLayer
from workbench.tables.frames import arrow_of

REGISTRATION_COLUMNS: Final = (
    Column("service_name", "text", "name under which the service registered"),
    Column("crate", "text", "crate of the fleet that the name means"),
    Column("port", "integer", "port"),
    Column("protocol", "text", "protocol"),
    Column("state", "text", "live, stale or gone"),
    Column("status", "text", "what the service last said of itself"),
    Column("role", "text", "role"),
    Column("host", "text", "address it called from; missing for this host"),
    Column("health_endpoint", "text", "where it tells of its health"),
    Column("metrics_endpoint", "text", "where it tells of its figures"),
    Column("registered_at", "time", "when it registered so"),
    Column("seen_at", "time", "when it was last heard of"),
)
LISTENER_COLUMNS: Final = (
    Column("port", "integer", "port"),
    Column("transport", "text", "tcp or udp"),
    Column("addresses", "texts", "addresses on which it listens"),
    Column("pid", "integer", "process; missing where the system does not tell"),
    Column("process", "text", "name of the process"),
    Column("relation", "text", "workbench, owner, stranger, undeclared or unknown"),
    Column("crate", "text", "crate that the process belongs to"),
    Column("expected", "texts", "crates that the port is meant for"),
    Column("rule", "text", "rule that says whose process it is"),
    Column("reason", "text", "that rule's reason in words"),
    Column("since", "time", "when it was first seen"),
    Column("seen_at", "time", "when it was last seen"),
)


def registration_table(live: LiveLayer, snapshot: Snapshot) -> pa.Table:
    """Return the services that registered, by name."""
    rows = [
        (
            item.service_name, snapshot.names.resolve(item.service_name), item.port, item.protocol, item.state,
            item.status, item.role, item.host or None, item.health_endpoint, item.metrics_endpoint,
            _micros(item.registered_at), _micros(pulse.seen_at),
        )
        for item, pulse in live.desk.known()
    ]  # fmt: skip
    return arrow_of(REGISTRATION_COLUMNS, rows)


def listener_table(live: LiveLayer, snapshot: Snapshot) -> pa.Table:
    """Return the processes that listen, by port."""
    seen_at = _micros(live.observer.looked_at if live.observer else None)
    rows = []
    for item in snapshot.observed.listeners:
        stands = standing(item, snapshot)
        who = stands.identity
        rows.append((
            item.port, item.transport, list(item.addresses), item.pid, item.process or None, stands.relation, who.crate,
            list(stands.expected), who.rule, who.reason, _micros(item.since), seen_at,
        ))  # fmt: skip
    return arrow_of(LISTENER_COLUMNS, rows)


def _micros(moment: float | None) -> int | None:
    return None if moment is None else round(moment * 1e6)
