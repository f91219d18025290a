"""A copy behind PostgREST, and so in a Supabase project: each request is a transaction of its own."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

import httpx
import orjson

from workbench.errors import InvalidRequest, SyncBroken, SyncError, SyncRefused, SyncSchemaError, SyncUnreachable
from workbench.sync.credentials import Credentials, without_secrets
from workbench.sync.ddl import STAMP, VERSION, check_version
from workbench.sync.item import Item

_SECONDS: Final = 60.0
_PAGE: Final = 1000
"""How many rows are asked for at a time; a server may give fewer."""
_IDS_IN_A_URL: Final = 100
_NO_TABLE: Final = {"42P01", "PGRST205", "PGRST106", "3F000"}
"""Codes of PostgreSQL and PostgREST for a table or a schema that is not there."""


@asynccontextmanager
async def postgrest(
    url: str, schema: str, credentials: Credentials, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator["PostgrestTarget"]:
    """Open the copy in a schema that the server exposes; its tables must be there.

    Raises SyncUnreachable, SyncRefused, SyncSchemaError, and InvalidRequest for what is no such URL.
    """
    place = without_secrets(url).rstrip("/")
    try:
        known = httpx.URL(url)
    except httpx.InvalidURL:
        known = httpx.URL()
    if known.scheme not in ("http", "https") or not known.host:
        raise InvalidRequest(f'"{place}" is no address of a PostgREST: expected one such as http://127.0.0.1:3000')
    headers = {"Accept-Profile": schema, "Content-Profile": schema, "Content-Type": "application/json"}
    headers |= _authorization(credentials)
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=_SECONDS, transport=transport) as http:
        target = PostgrestTarget(http, place)
        await target.check(schema)
        yield target


def _authorization(credentials: Credentials) -> dict[str, str]:
    """Return the headers that say who we are; Supabase wants its key twice."""
    if key := credentials.get("SUPABASE_KEY"):
        return {"apikey": key, "Authorization": f"Bearer {key}"}
    if token := credentials.get("POSTGREST_TOKEN"):
        return {"Authorization": f"Bearer {token}"}
    return {}


class PostgrestTarget:
    """The tables of one schema, over HTTP."""

    is_atomic = False
    batch = 500

    def __init__(self, http: httpx.AsyncClient, place: str) -> None:
        self.place = place
        self._http = http

    async def check(self, schema: str) -> None:
        """Raise SyncSchemaError unless the tables are there, and of the version that is written."""
        rows = await self._ask("GET", STAMP, {"select": "version"})
        if not isinstance(rows, list):
            raise SyncError(f"what answers at {self.place} is no PostgREST")
        version = rows[0].get("version") if rows else None
        check_version(version, f'{self.place}: the schema "{schema}"')

    async def known(self, table: str) -> Mapping[str, str]:
        found: dict[str, str] = {}
        page = {"select": "id,digest", "order": "id", "limit": str(_PAGE)}
        last: dict[str, str] = {}
        # From id to id, not by offset: whatever limit the server has of its own, no row is passed over.
        while rows := await self._ask("GET", table, page | last):
            found.update((row["id"], row["digest"]) for row in rows)
            last = {"id": f"gt.{rows[-1]['id']}"}
        return found

    async def write(self, table: str, items: Sequence[Item]) -> None:
        rows = [{"id": item.id, "digest": item.digest, **item.values} for item in items]
        prefer = {"Prefer": "resolution=merge-duplicates,return=minimal"}
        await self._ask("POST", table, {"on_conflict": "id"}, rows, prefer)

    async def remove(self, table: str, ids: Sequence[str]) -> None:
        for start in range(0, len(ids), _IDS_IN_A_URL):
            some = ",".join(ids[start : start + _IDS_IN_A_URL])
            await self._ask("DELETE", table, {"id": f"in.({some})"}, prefer={"Prefer": "return=minimal"})

    async def stamp(self) -> None:
        now = {"synced_at": datetime.now(UTC)}
        await self._ask("PATCH", STAMP, {"version": f"eq.{VERSION}"}, now, {"Prefer": "return=minimal"})

    async def _ask(
        self,
        method: str,
        table: str,
        parameters: Mapping[str, str],
        body: object = None,
        prefer: Mapping[str, str] | None = None,
    ) -> Any:
        content = orjson.dumps(body) if body is not None else None
        try:
            answer = await self._http.request(
                method, f"/{table}", params=dict(parameters), content=content, headers=prefer
            )
        except httpx.ConnectError as error:
            raise SyncUnreachable(f"no PostgREST answers at {self.place}: {error}", place=self.place) from None
        except httpx.HTTPError as error:
            said = str(error) or type(error).__name__
            raise SyncBroken(f"{self.place}: the connection broke: {said}", place=self.place) from None
        if answer.is_success:
            return _json(answer) if method == "GET" else None
        raise self._refusal(answer, table)

    def _refusal(self, answer: httpx.Response, table: str) -> SyncError:
        said = _json(answer)
        told = said if isinstance(said, dict) else {}
        message = str(told.get("message") or f"HTTP {answer.status_code}")
        if told.get("code") in _NO_TABLE:
            hint = "make the tables first, with the SQL of `workbench sync tables`, and have the schema exposed"
            return SyncSchemaError(f"{self.place}: {message}: {hint}", table=table)
        if answer.status_code in (401, 403):
            hint = "set SUPABASE_KEY, or POSTGREST_TOKEN, to a role that may write"
            return SyncRefused(f"{self.place}: {message}: {hint}", status=answer.status_code)
        if not told:
            return SyncError(f"what answers at {self.place} is no PostgREST (HTTP {answer.status_code})")
        return SyncError(f"{self.place}: {table}: {message}", status=answer.status_code)


def _json(answer: httpx.Response) -> Any:
    try:
        return orjson.loads(answer.content)
    except ValueError:
        return None
