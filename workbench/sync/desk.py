"""`wb.sync`: where an analyst has the fleet copied into another database."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, TypeVar

from workbench.errors import ConfigurationError
from workbench.fleet.snapshot import Snapshot
from workbench.progress import step_bar
from workbench.sync.credentials import Credentials
from workbench.sync.result import SyncResult
from workbench.sync.target import synchronise

T = TypeVar("T")

SCHEMA: Final = "slot_graph"
"""The schema in PostgreSQL, and the database in SurrealDB."""
EXPOSED_SCHEMA: Final = "public"
"""The schema that PostgREST exposes unless it is told otherwise."""
NAMESPACE: Final = "ctas7"


class Sync:
    """Copies of one fleet in other databases: what changed is written, what is gone is removed, the rest left alone.

    With `dry_run` nothing is written, and the result says what would be. Credentials come from the environment or from
    the file `credentials` (see docs/sync.md). All raise SyncUnreachable, SyncRefused, SyncSchemaError for a place that
    holds something else, SyncBroken if it broke off, and ConfigurationError where the driver is not installed.
    """

    def __init__(self, newest: Callable[[], Snapshot]) -> None:
        self._newest = newest

    def postgres(
        self, url: str, *, schema: str = SCHEMA, dry_run: bool = False, credentials: str | Path | None = None
    ) -> SyncResult:
        """Copy the tables and the edges of the slot graph into a schema of a PostgreSQL, in one transaction.

        The schema and its tables are made if they are not there.
        """
        return _now(self.postgres_async(url, schema=schema, dry_run=dry_run, credentials=credentials))

    async def postgres_async(
        self, url: str, *, schema: str = SCHEMA, dry_run: bool = False, credentials: str | Path | None = None
    ) -> SyncResult:
        """Do as `postgres`, without holding up the loop."""
        _need("asyncpg", "PostgreSQL", "postgres")
        from workbench.sync.postgres import postgres
        from workbench.sync.relations import relational

        wanted = await asyncio.to_thread(lambda: relational(self._newest()))
        async with postgres(url, schema, _credentials(credentials), dry_run) as target:
            with step_bar("writing") as report:
                return await synchronise(wanted, target, dry_run, report)

    def supabase(
        self, url: str, *, schema: str = EXPOSED_SCHEMA, dry_run: bool = False, credentials: str | Path | None = None
    ) -> SyncResult:
        """Copy the tables and edges over the REST API of a Supabase project, with its service key in SUPABASE_KEY.

        The tables must be there: `workbench sync tables` prints the SQL that makes them.
        """
        return _now(self.supabase_async(url, schema=schema, dry_run=dry_run, credentials=credentials))

    async def supabase_async(
        self, url: str, *, schema: str = EXPOSED_SCHEMA, dry_run: bool = False, credentials: str | Path | None = None
    ) -> SyncResult:
        """Do as `supabase`, without holding up the loop."""
        return await self.postgrest_async(
            f"{url.rstrip('/')}/rest/v1", schema=schema, dry_run=dry_run, credentials=credentials
        )

    def postgrest(
        self, url: str, *, schema: str = EXPOSED_SCHEMA, dry_run: bool = False, credentials: str | Path | None = None
    ) -> SyncResult:
        """Copy the tables and edges through a PostgREST, with its token in POSTGREST_TOKEN; otherwise as `supabase`."""
        return _now(self.postgrest_async(url, schema=schema, dry_run=dry_run, credentials=credentials))

    async def postgrest_async(
        self, url: str, *, schema: str = EXPOSED_SCHEMA, dry_run: bool = False, credentials: str | Path | None = None
    ) -> SyncResult:
        """Do as `postgrest`, without holding up the loop."""
        from workbench.sync.postgrest import postgrest
        from workbench.sync.relations import relational

        wanted = await asyncio.to_thread(lambda: relational(self._newest()))
        async with postgrest(url, schema, _credentials(credentials)) as target:
            with step_bar("writing") as report:
                return await synchronise(wanted, target, dry_run, report)

    def surreal(
        self,
        url: str,
        *,
        namespace: str = NAMESPACE,
        database: str = SCHEMA,
        dry_run: bool = False,
        credentials: str | Path | None = None,
    ) -> SyncResult:
        """Copy the slot graph into a SurrealDB as records and relations; `url` is ws://, http:// or surrealkv://."""
        return _now(
            self.surreal_async(url, namespace=namespace, database=database, dry_run=dry_run, credentials=credentials)
        )

    async def surreal_async(
        self,
        url: str,
        *,
        namespace: str = NAMESPACE,
        database: str = SCHEMA,
        dry_run: bool = False,
        credentials: str | Path | None = None,
    ) -> SyncResult:
        """Do as `surreal`, without holding up the loop."""
        _need("surrealdb", "SurrealDB", "surreal")
        from workbench.sync.slots import slots
        from workbench.sync.surreal import surreal

        wanted = await asyncio.to_thread(lambda: slots(self._newest()))
        async with surreal(url, namespace, database, _credentials(credentials), dry_run) as target:
            with step_bar("writing") as report:
                return await synchronise(wanted, target, dry_run, report)


def _need(library: str, product: str, extra: str) -> None:
    if find_spec(library) is None:
        said = f"{product} is reached by {library}, which is not installed: pip install 'ctas7-workbench[{extra}]'"
        raise ConfigurationError(said)


def _credentials(file: str | Path | None) -> Credentials:
    return Credentials.read(None if file is None else Path(file))


def _now(work: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine returns; a notebook has a loop already, so it gets one on a thread of its own."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
