"""Deployments as rows of their journal, and back."""

from collections.abc import Sequence
from typing import Final

import duckdb
import orjson
import pyarrow as pa

from workbench.deploy.model import Deployment, deployment_of, deployment_record
from workbench.fleet.tables import Column, Row
from workbench.store.moments import micros
from workbench.tables.frames import arrow_of

DEPLOYMENT_COLUMNS: Final = (
    Column("id", "text", "the deployment"),
    Column("number", "integer", "their order"),
    Column("crate_name", "text", "what is deployed"),
    Column("version", "text", "the version"),
    Column("state", "text", "as it stands from here on"),
    Column("actor", "text", "who asked for it"),
    Column("queued_at", "time", "when it was asked for"),
    Column("finished_at", "time", "when it ended"),
    Column("record", "text", "all of it, as JSON"),
)


def deployment_table(items: Sequence[Deployment]) -> pa.Table:
    """Return deployments as an Arrow table."""
    return arrow_of(DEPLOYMENT_COLUMNS, [_row(item) for item in items])


def stored_deployments(connection: duckdb.DuckDBPyConnection) -> list[Deployment]:
    """Return each deployment as it was written last, in the order of that."""
    rows = connection.execute(
        "SELECT arg_max(record, rowid) FROM deployments GROUP BY id ORDER BY max(rowid)"
    ).fetchall()
    return [deployment_of(orjson.loads(record)) for (record,) in rows]


def _row(item: Deployment) -> Row:
    return (
        item.id, item.number, item.crate_name, item.target.version, item.state, item.actor,
        micros(item.queued_at), micros(item.finished_at), orjson.dumps(deployment_record(item)).decode(),
    )  # fmt: skip
