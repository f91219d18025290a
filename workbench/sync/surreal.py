"""A copy in SurrealDB: records and relations, in batches that are a transaction each."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import websockets
from surrealdb import AsyncSurreal, NotAllowedError, RecordID, SurrealError

from workbench.errors import InvalidRequest, SyncBroken, SyncError, SyncRefused, SyncSchemaError, SyncUnreachable
from workbench.fleet.graph import NODE_TYPES
from workbench.sync.credentials import Credentials, without_secrets
from workbench.sync.ddl import STAMP, VERSION, check_version
from workbench.sync.item import Item
from workbench.sync.slots import RELATION_TABLES

Json = dict[str, Any]

SCHEMES: Final = ("ws", "wss", "http", "https", "mem", "surrealkv", "file")
_FAR: Final = ("ws", "http")
"""Servers, which want to know who asks; the engine in this process does what it is told."""
_CONNECT_SECONDS: Final = 10.0
_PAGE: Final = 20_000
_RELATIONS: Final = frozenset(RELATION_TABLES.values())
_TABLES: Final = (*NODE_TYPES, *RELATION_TABLES.values())
_STAMPED: Final = RecordID(STAMP, "slot_graph")
_LOST: Final = (aiohttp.ClientError, websockets.WebSocketException, OSError, TimeoutError)


@asynccontextmanager
async def surreal(
    url: str, namespace: str, database: str, credentials: Credentials, dry_run: bool = False
) -> AsyncIterator["SurrealTarget"]:
    """Open the copy in a database, whose tables are made if they are not there (unless `dry_run`).

    Raises SyncUnreachable, SyncRefused, SyncSchemaError, and InvalidRequest for what is no such URL.
    """
    place = without_secrets(url)
    if urlsplit(url).scheme not in SCHEMES or "://" not in url:
        known = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        raise InvalidRequest(f'"{place}" is no address of a SurrealDB: expected one that begins with {known}')
    connection = await _connection(url, place)
    try:
        if url.startswith(_FAR):
            await _introduce(connection, place, _sign_in(credentials, namespace, database))
        with _told(place):
            await connection.use(namespace, database)
        target = SurrealTarget(connection, place)
        await target.prepare(f'{place}: the database "{namespace}/{database}"', dry_run)
        yield target
    finally:
        if not _is_http(url):
            await connection.close()


def _is_http(url: str) -> bool:
    """Whether each question is a request of its own, so that nothing is opened or closed."""
    return url.startswith("http")


async def _connection(url: str, place: str) -> Any:
    try:
        connection: Any = AsyncSurreal(url)
        await asyncio.wait_for(connection.version() if _is_http(url) else connection.connect(), _CONNECT_SECONDS)
    except (*_LOST, SurrealError, RuntimeError) as error:  # RuntimeError: the engine in this process
        said = str(error) or type(error).__name__
        raise SyncUnreachable(f"no SurrealDB answers at {place}: {said}", place=place) from None
    return connection


async def _introduce(connection: Any, place: str, sign_in: Json | str | None) -> None:
    """Say who we are: with a token, or with a name and a password."""
    try:
        if isinstance(sign_in, str):
            await connection.authenticate(sign_in)
        elif sign_in is not None:
            await connection.signin(sign_in)
    except (SurrealError, RuntimeError, aiohttp.ClientResponseError) as error:
        hint = "set SURREAL_USER and SURREAL_PASS, or SURREAL_TOKEN"
        raise SyncRefused(f"{place}: {error}: {hint}", place=place) from None
    except _LOST as error:
        raise SyncBroken(f"{place}: the connection broke: {error}", place=place) from None


def _sign_in(credentials: Credentials, namespace: str, database: str) -> Json | str | None:
    """Return a token, or what a user of the root, of the namespace or of the database signs in with; None for none."""
    if token := credentials.get("SURREAL_TOKEN"):
        return token
    if "SURREAL_USER" not in credentials:
        return None
    user = {"username": credentials["SURREAL_USER"], "password": credentials.get("SURREAL_PASS", "")}
    levels = {"root": {}, "namespace": {"namespace": namespace}}
    levels["database"] = {"namespace": namespace, "database": database}
    level = credentials.get("SURREAL_AUTH_LEVEL", "root").lower()
    if level not in levels:
        raise InvalidRequest(f'SURREAL_AUTH_LEVEL is "{level}"; expected {", ".join(levels)}')
    return {**levels[level], **user}


@contextmanager
def _told(place: str) -> Iterator[None]:
    """Tell what the driver raises as errors of ours."""
    try:
        yield
    except NotAllowedError as error:
        raise SyncRefused(f"{place}: {error}", place=place) from None
    except (SurrealError, RuntimeError) as error:
        raise SyncError(f"{place}: {error}", place=place) from None
    except _LOST as error:
        said = str(error) or type(error).__name__
        raise SyncBroken(f"{place}: the connection broke: {said}", place=place) from None
    except (asyncio.CancelledError, KeyError):
        # When its socket is closed, the driver cancels whoever waits for an answer, and then misses what it waited for.
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise SyncBroken(f"{place}: the connection broke", place=place) from None


class SurrealTarget:
    """The tables of one database."""

    is_atomic = False
    batch = 500

    def __init__(self, connection: Any, place: str) -> None:
        self.place = place
        self._connection = connection
        self._there: frozenset[str] = frozenset()

    async def prepare(self, what: str, dry_run: bool) -> None:
        """Make the tables if there are none; raises SyncSchemaError for those of others, or of another version."""
        self._there = frozenset((await self._ask("INFO FOR DB"))["tables"])
        if STAMP in self._there:
            (stamp,) = await self._ask("SELECT * FROM $stamp", stamp=_STAMPED) or [{}]
            return check_version(stamp.get("version"), what)
        if taken := sorted(self._there.intersection(_TABLES)):
            said = f"{what} has a table {taken[0]} that is not ours: name another with --database"
            raise SyncSchemaError(said, tables=taken)
        if not dry_run:
            # The names are constants of ours; whatever a manifest says goes in parameters.
            made = [f"DEFINE TABLE `{name}` TYPE {_kind(name)} SCHEMALESS" for name in _TABLES]
            stamp = "UPSERT $stamp SET version = $version RETURN NONE"
            await self._ask("; ".join(["BEGIN", *made, stamp, "COMMIT"]), stamp=_STAMPED, version=VERSION)
            self._there = frozenset(_TABLES)
        return None

    async def known(self, table: str) -> Mapping[str, str]:
        found: dict[str, str] = {}
        while table in self._there:
            rows = await self._ask(
                "SELECT id, digest FROM type::table($table) LIMIT $limit START $start",
                table=table, limit=_PAGE, start=len(found),
            )  # fmt: skip
            found.update((str(row["id"].id), str(row.get("digest"))) for row in rows)
            if len(rows) < _PAGE:
                break
        return found

    async def write(self, table: str, items: Sequence[Item]) -> None:
        if table in _RELATIONS:
            # A relation's ends cannot be changed, so it is made anew.
            rows = [{**_relation(item.values), "id": _record(table, item.id), "digest": item.digest} for item in items]
            query = f"BEGIN; DELETE $ids RETURN NONE; INSERT RELATION INTO `{table}` $rows RETURN NONE; COMMIT"
            await self._ask(query, ids=[row["id"] for row in rows], rows=rows)
            return
        # Deleting a node would take its relations away, so it is replaced where it stands.
        rows = [{"id": _record(table, item.id), "content": {**item.values, "digest": item.digest}} for item in items]
        await self._ask("FOR $row IN $rows { UPSERT $row.id CONTENT $row.content RETURN NONE }", rows=rows)

    async def remove(self, table: str, ids: Sequence[str]) -> None:
        await self._ask("DELETE $ids RETURN NONE", ids=[_record(table, identity) for identity in ids])

    async def stamp(self) -> None:
        now = datetime.now(UTC)
        await self._ask("UPDATE $stamp SET synced_at = $now RETURN NONE", stamp=_STAMPED, now=now)

    async def _ask(self, query: str, **parameters: Any) -> Any:
        """Return what the last statement does; raises what the first that failed tells."""
        with _told(self.place):
            answer = await self._connection.query_raw(query, parameters)
            self._connection.check_response_for_error(answer, "query")
            failed = [done["result"] for done in answer["result"] if done["status"] != "OK"]
        if failed:
            # All of a transaction fail with the one that did; only that one says why.
            told = next((text for text in failed if "failed transaction" not in str(text)), failed[0])
            raise SyncError(f"{self.place}: {told}", place=self.place)
        return answer["result"][-1]["result"]


def _kind(table: str) -> str:
    return "RELATION" if table in _RELATIONS else "NORMAL"


def _record(table: str, identity: str) -> RecordID:
    return RecordID(table, int(identity) if table == "port" else identity)


def _relation(values: Mapping[str, Any]) -> Json:
    return {**values, "in": _record(*values["in"]), "out": _record(*values["out"])}
