"""The tables on disk, and the steps that bring an older state file up to date."""

from collections.abc import Mapping
from typing import Final

from workbench.fleet.tables import TABLES, ColumnType

SQL_TYPES: Final[Mapping[ColumnType, str]] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "flag": "BOOLEAN",
    "time": "TIMESTAMPTZ",
    "texts": "VARCHAR[]",
    "integers": "BIGINT[]",
}

JOURNAL: Final = """
CREATE TABLE revisions (
    revision BIGINT NOT NULL, taken_at TIMESTAMPTZ NOT NULL, crates BIGINT, manifests BIGINT, findings BIGINT,
    errors BIGINT, warnings BIGINT
);
CREATE TABLE events (
    seq BIGINT NOT NULL, revision BIGINT NOT NULL, ts TIMESTAMPTZ NOT NULL, type VARCHAR NOT NULL,
    topic VARCHAR NOT NULL, data VARCHAR NOT NULL
);
"""

ASSIGNMENTS: Final = """
CREATE TABLE assignments (
    happened_at TIMESTAMPTZ NOT NULL, action VARCHAR NOT NULL, "by" VARCHAR NOT NULL, id VARCHAR NOT NULL,
    crate_name VARCHAR NOT NULL, label VARCHAR NOT NULL, port INTEGER NOT NULL, sister_port INTEGER, block VARCHAR,
    assigned_at TIMESTAMPTZ NOT NULL, expires_at TIMESTAMPTZ, released_at TIMESTAMPTZ, idempotency_key VARCHAR,
    actor VARCHAR NOT NULL, request VARCHAR NOT NULL
);
"""

AUDIT: Final = """
CREATE TABLE audit (
    id BIGINT NOT NULL, happened_at TIMESTAMPTZ NOT NULL, actor VARCHAR NOT NULL, means VARCHAR NOT NULL,
    action VARCHAR NOT NULL, subject VARCHAR NOT NULL, outcome VARCHAR NOT NULL, status INTEGER NOT NULL,
    code VARCHAR NOT NULL, address VARCHAR NOT NULL, origin VARCHAR NOT NULL, request_id VARCHAR NOT NULL
);
"""

REGISTRATIONS: Final = """
CREATE TABLE registrations (
    happened_at TIMESTAMPTZ NOT NULL, action VARCHAR NOT NULL, seen_at TIMESTAMPTZ NOT NULL,
    service_name VARCHAR NOT NULL, port INTEGER NOT NULL, protocol VARCHAR NOT NULL, health_endpoint VARCHAR,
    metrics_endpoint VARCHAR, role VARCHAR, pid BIGINT, host VARCHAR NOT NULL, registered_at TIMESTAMPTZ NOT NULL,
    state VARCHAR NOT NULL, status VARCHAR NOT NULL
);
"""

DEPLOYMENTS: Final = """
CREATE TABLE deployments (
    id VARCHAR NOT NULL, number BIGINT NOT NULL, crate_name VARCHAR NOT NULL, version VARCHAR NOT NULL,
    state VARCHAR NOT NULL, actor VARCHAR NOT NULL, queued_at TIMESTAMPTZ NOT NULL, finished_at TIMESTAMPTZ,
    record VARCHAR NOT NULL
);
"""


def mirror_ddl() -> str:
    """Return the tables that mirror the newest snapshot; `part` names the record or group a row came from."""
    statements = []
    for spec in TABLES.values():
        columns = ", ".join(f'"{column.name}" {SQL_TYPES[column.type]}' for column in spec.columns)
        statements.append(f"CREATE TABLE {spec.name} (part VARCHAR NOT NULL, {columns});")
    return "\n".join(statements)


HISTORY: Final = """
CREATE TABLE manifest_texts (digest VARCHAR NOT NULL, content VARCHAR NOT NULL);
CREATE TABLE manifest_changes (
    revision BIGINT NOT NULL, path VARCHAR NOT NULL, text VARCHAR, digest VARCHAR, good VARCHAR, problem VARCHAR
);
ALTER TABLE revisions ADD COLUMN plan VARCHAR;
"""

RELEASE_KEYS: Final = """
ALTER TABLE assignments ADD COLUMN release_key VARCHAR;
ALTER TABLE assignments ADD COLUMN release_request VARCHAR;
"""

MIGRATIONS: Final = (JOURNAL, ASSIGNMENTS, HISTORY, AUDIT, REGISTRATIONS, DEPLOYMENTS, RELEASE_KEYS)
"""Step n brings a journal of version n to n + 1. Append only: steps that were released never change."""
