"""A copy in PostgreSQL: one schema, one transaction."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Final
from urllib.parse import parse_qs, urlsplit

import asyncpg

from workbench.errors import InvalidRequest, SyncBroken, SyncError, SyncRefused, SyncSchemaError, SyncUnreachable
from workbench.sync.credentials import Credentials, without_secrets
from workbench.sync.ddl import STAMP, check_version, quoted, schema_statements, table_statements
from workbench.sync.item import Item
from workbench.sync.relations import RELATIONS

_CONNECT_SECONDS: Final = 10.0
_COMMAND_SECONDS: Final = 300.0
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('workbench sync ' || $1, 0))"
_OURS: Final = {relation.name: relation for relation in RELATIONS}


@asynccontextmanager
async def postgres(
    url: str, schema: str, credentials: Credentials, dry_run: bool = False
) -> AsyncIterator["PostgresTarget"]:
    """Open the copy in a schema, made if it is not there; commits in the end, or rolls back after `dry_run`.

    Raises SyncUnreachable, SyncRefused, SyncSchemaError, and InvalidRequest for what is no such URL.
    """
    place = without_secrets(url)
    connection = await _connection(url, place, credentials)
    try:
        with _told(place):
            transaction = connection.transaction()
            await transaction.start()
            # Two that write at a time wait for each other.
            await connection.execute(_LOCK, schema)
            await _prepare(connection, schema, place)
            yield PostgresTarget(connection, schema, place)
            await (transaction.rollback() if dry_run else transaction.commit())
            await connection.close()
    finally:
        connection.terminate()  # after an error the server rolls back by itself; after `close` this does nothing


async def _connection(url: str, place: str, credentials: Credentials) -> "asyncpg.Connection":
    if not url.startswith(("postgres://", "postgresql://")):
        raise InvalidRequest(
            f'"{place}" is no address of a PostgreSQL: expected one such as postgresql://host:5432/name'
        )
    given = {"user": credentials.get("PGUSER"), "password": credentials.get("PGPASSWORD")}
    said = {key: value for key, value in given.items() if value and not _is_in(url, key)}
    try:
        return await asyncpg.connect(url, timeout=_CONNECT_SECONDS, command_timeout=_COMMAND_SECONDS, **said)
    except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidPasswordError) as error:
        raise SyncRefused(f"{place}: {error}: set PGUSER and PGPASSWORD", place=place) from None
    except asyncpg.PostgresError as error:
        raise SyncError(f"{place}: {error}", place=place) from None
    except TimeoutError:
        raise SyncUnreachable(f"{place}: does not answer within {_CONNECT_SECONDS:g} s", place=place) from None
    except OSError as error:
        raise SyncUnreachable(f"no PostgreSQL answers at {place}: {error.strerror or error}", place=place) from None
    except (asyncpg.InterfaceError, ValueError) as error:
        raise InvalidRequest(f"{place}: {error}", place=place) from None


def _is_in(url: str, key: str) -> bool:
    parts = urlsplit(url)
    held = {"user": parts.username, "password": parts.password}
    return bool(held[key]) or key in parse_qs(parts.query)


@contextmanager
def _told(place: str) -> Iterator[None]:
    """Tell what the driver raises as errors of ours."""
    try:
        yield
    except asyncpg.InsufficientPrivilegeError as error:
        raise SyncRefused(f"{place}: {error}", place=place) from None
    except (asyncpg.PostgresConnectionError, asyncpg.InternalClientError) as error:
        # The second is what the driver raises when the server ended the connection between two commands.
        raise SyncBroken(f"{place}: the connection broke: {error}", place=place) from None
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise SyncError(f"{place}: {error}", place=place) from None
    except OSError as error:
        raise SyncBroken(f"{place}: the connection broke: {error}", place=place) from None


async def _prepare(connection: "asyncpg.Connection", schema: str, place: str) -> None:
    """Make the tables if there are none; raises SyncSchemaError for those of others, or of another version."""
    is_there = await connection.fetchval("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", schema)
    found = set(
        await connection.fetchval(
            "SELECT coalesce(array_agg(tablename), '{}') FROM pg_tables WHERE schemaname = $1", schema
        )
    )
    if STAMP not in found:
        if taken := sorted(found & _OURS.keys()):
            said = f'{place}: the schema "{schema}" has a table {taken[0]} that is not ours: name another with --schema'
            raise SyncSchemaError(said, schema=schema, tables=taken)
        for statement in table_statements(schema) if is_there else schema_statements(schema):
            await connection.execute(statement)
        return
    version = await connection.fetchval(f"SELECT max(version) FROM {quoted(schema)}.{quoted(STAMP)}")
    check_version(version, f'{place}: the schema "{schema}"')


class PostgresTarget:
    """The tables of one schema, within one transaction."""

    is_atomic = True
    batch = 20_000

    def __init__(self, connection: "asyncpg.Connection", schema: str, place: str) -> None:
        self.place = place
        self._connection = connection
        self._schema = schema

    async def known(self, table: str) -> Mapping[str, str]:
        with _told(self.place):
            rows = await self._connection.fetch(f"SELECT id, digest FROM {self._name(table)}")
        return {row["id"]: row["digest"] for row in rows}

    async def write(self, table: str, items: Sequence[Item]) -> None:
        columns = _OURS[table].column_names
        names = ", ".join(map(quoted, columns))
        changes = ", ".join(f"{quoted(name)} = EXCLUDED.{quoted(name)}" for name in columns[1:])
        records = [(item.id, item.digest, *item.values.values()) for item in items]
        run = self._connection
        with _told(self.place):
            await run.execute(f"CREATE TEMP TABLE incoming (LIKE {self._name(table)}) ON COMMIT DROP")
            await run.copy_records_to_table("incoming", records=records, columns=columns)
            await run.execute(
                f"INSERT INTO {self._name(table)} ({names}) SELECT {names} FROM incoming "
                f"ON CONFLICT (id) DO UPDATE SET {changes}"
            )
            await run.execute("DROP TABLE pg_temp.incoming")

    async def remove(self, table: str, ids: Sequence[str]) -> None:
        with _told(self.place):
            await self._connection.execute(f"DELETE FROM {self._name(table)} WHERE id = ANY($1)", list(ids))

    async def stamp(self) -> None:
        with _told(self.place):
            await self._connection.execute(f"UPDATE {self._name(STAMP)} SET synced_at = now()")

    def _name(self, table: str) -> str:
        return f"{quoted(self._schema)}.{quoted(table)}"
