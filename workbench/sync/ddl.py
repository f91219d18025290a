"""The schema of the copy in PostgreSQL, as SQL."""

from collections.abc import Iterator, Mapping
from typing import Final

from workbench.errors import SyncSchemaError
from workbench.fleet.tables import ColumnType
from workbench.sync.relations import RELATIONS, Relation

VERSION: Final = 1
"""Version of the schema; another one is refused, never changed."""

STAMP: Final = "workbench_sync"
"""The table that says that the schema is ours, of which version, and when it was last written."""

_TYPES: Final[Mapping[ColumnType, str]] = {
    "text": "text",
    "integer": "bigint",
    "number": "double precision",
    "flag": "boolean",
    "time": "timestamptz",
    "texts": "text[]",
    "integers": "bigint[]",
}
_INDEXED: Final = (("ports", "port"), ("ports", "crate"), ("edges", "source"), ("edges", "target"))


def check_version(version: object, what: str) -> None:
    """Raise SyncSchemaError for another version than the one that is written."""
    if version != VERSION:
        said = f"{what} is of version {version}, and this workbench writes version {VERSION}"
        raise SyncSchemaError(f"{said}: write into another, or use the workbench that made it", version=version)


def quoted(name: str) -> str:
    """Return a name as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def schema_statements(schema: str, row_security: bool = False) -> Iterator[str]:
    """Yield the statements that make the schema and its tables; with `row_security`, closed to all but their owner.

    A role that bypasses row level security, as Supabase's service role does, still writes them.
    """
    yield f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}"
    yield from table_statements(schema)
    if row_security:
        for name in (*(relation.name for relation in RELATIONS), STAMP):
            yield f"ALTER TABLE {quoted(schema)}.{quoted(name)} ENABLE ROW LEVEL SECURITY"


def table_statements(schema: str) -> Iterator[str]:
    """Yield the statements that make the tables in a schema that is there, and stamp it with the version."""
    stamp = f"{quoted(schema)}.{quoted(STAMP)}"
    yield f"CREATE TABLE {stamp} (version integer PRIMARY KEY, synced_at timestamptz)"
    yield f"INSERT INTO {stamp} (version) VALUES ({VERSION})"
    for relation in RELATIONS:
        yield from _relation_statements(schema, relation)
    for name, column in _INDEXED:
        yield f"CREATE INDEX ON {quoted(schema)}.{quoted(name)} ({quoted(column)})"


def _relation_statements(schema: str, relation: Relation) -> Iterator[str]:
    table = f"{quoted(schema)}.{quoted(relation.name)}"
    columns = ["id text PRIMARY KEY", "digest text NOT NULL"]
    columns += [f"{quoted(column.name)} {_TYPES[column.type]}" for column in relation.columns]
    yield f"CREATE TABLE {table} ({', '.join(columns)})"
    yield f"COMMENT ON TABLE {table} IS {_text(relation.meaning)}"
    for column in relation.columns:
        yield f"COMMENT ON COLUMN {table}.{quoted(column.name)} IS {_text(column.meaning)}"


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
