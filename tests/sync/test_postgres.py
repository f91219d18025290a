"""A copy in a real PostgreSQL, where this machine has one."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import orjson
import pytest
from click.testing import CliRunner

from tests.conftest import WriteManifest
from tests.sync.conftest import HOSTILE
from tests.sync.postgres_server import PASSWORD, USER, programs, running_postgres
from workbench import Workbench
from workbench.cli import main
from workbench.config import sample_fleet
from workbench.errors import (
    InvalidRequest,
    SyncError,
    SyncRefused,
    SyncSchemaError,
    SyncUnreachable,
)
from workbench.fleet.graph import slot_graph
from workbench.fleet.tables import TABLES, table_rows
from workbench.sync.ddl import schema_statements
from workbench.sync.postgres import PostgresTarget
from workbench.sync.postgrest import PostgrestTarget
from workbench.sync.relations import RELATIONS, relational

pytestmark = pytest.mark.skipif(programs() is None, reason="this machine has no initdb and pg_ctl of PostgreSQL")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    folder = programs()
    assert folder is not None
    with running_postgres(folder) as url:
        yield url


@pytest.fixture
def url(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The server, with everything dropped that an earlier test made."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    ask(server, "DROP SCHEMA IF EXISTS slot_graph CASCADE")
    return server


def ask(url: str, query: str, *parameters: Any, **options: Any) -> list[Any]:
    async def asked() -> list[Any]:
        connection = await asyncpg.connect(url, **{"password": PASSWORD, **options})
        try:
            return [tuple(row) for row in await connection.fetch(query, *parameters)]
        finally:
            await connection.close()

    return asyncio.run(asked())


def figures(result: Any) -> tuple[int, int, int]:
    return result.written, result.unchanged, result.removed


def test_every_table_holds_what_the_fleet_says(url: str) -> None:
    wb = Workbench.scan(sample_fleet())
    assert wb.sync.postgres(url, dry_run=True).written > 800
    assert ask(url, "SELECT FROM pg_namespace WHERE nspname = 'slot_graph'") == []
    result = wb.sync.postgres(url)
    for name, spec in TABLES.items():
        columns = ", ".join(f'"{column}"' for column in spec.column_names)
        found = ask(url, f"SELECT {columns} FROM slot_graph.{name}")
        assert sorted(map(repr, found)) == sorted(map(repr, rows_as_stored(name, wb))), name
    edges = ask(url, "SELECT source, target, type, declared FROM slot_graph.edges")
    graph = slot_graph(wb.snapshot)
    assert sorted(edges) == sorted((s, t, d["type"], d["declared"]) for s, t, d in graph.edges(data=True))
    assert figures(wb.sync.postgres(url)) == (0, result.written, 0)


def rows_as_stored(name: str, wb: Workbench) -> Iterator[tuple[Any, ...]]:
    """What the server gives back: numbers of its own types, times in UTC."""
    stored = {"number": float, "time": lambda moment: moment.astimezone(UTC)}
    types = [column.type for column in TABLES[name].columns]
    for row in table_rows(name, wb.snapshot):
        yield tuple(
            value if value is None else stored.get(kind, lambda same: same)(value)
            for kind, value in zip(types, row, strict=True)
        )


def test_only_what_changed_is_written_and_what_is_gone_is_removed(
    url: str, fleet_dir: Path, write_manifest: WriteManifest
) -> None:
    write_manifest("a")
    gone = write_manifest("b")
    Workbench.scan(fleet_dir).sync.postgres(url)
    stamps = "SELECT synced_at, (SELECT array_agg(xmin::text ORDER BY name) FROM slot_graph.crates) FROM slot_graph.workbench_sync"
    before = ask(url, stamps)
    assert figures(Workbench.scan(fleet_dir).sync.postgres(url)) == (0, 2, 0)
    assert ask(url, stamps) == before
    gone.unlink()
    write_manifest("a", '[smart-crate]\nname = "a"\nversion = "2"\n[ports]\nhttp = 18600\n')
    result = Workbench.scan(fleet_dir).sync.postgres(url)
    counted = {table.table: (table.added, table.changed, table.removed) for table in result.tables}
    assert (counted["crates"], counted["ports"][0], counted["edges"][0]) == ((0, 1, 1), 2, 2)
    assert ask(url, "SELECT name, version, ports FROM slot_graph.crates") == [("a", "2", [18600])]


def test_hostile_names_stay_names(url: str, hostile_fleet: Callable[[], Workbench]) -> None:
    result = hostile_fleet().sync.postgres(url)
    names = {name for (name,) in ask(url, "SELECT name FROM slot_graph.crates")}
    assert names == {name.replace("\0", "\N{REPLACEMENT CHARACTER}") for name in HOSTILE}
    assert figures(hostile_fleet().sync.postgres(url)) == (0, result.written, 0)


def test_one_that_breaks_off_changes_nothing(url: str, hostile_fleet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    write = PostgresTarget.write

    async def killed(self: PostgresTarget, table: str, items: Any) -> None:
        if table == "edges":
            killer = await asyncpg.connect(url, password=PASSWORD)
            await killer.fetchval("SELECT pg_terminate_backend($1)", self._connection.get_server_pid())
            await killer.close()
        await write(self, table, items)

    with monkeypatch.context() as patched:
        patched.setattr(PostgresTarget, "write", killed)
        with pytest.raises(SyncError, match=r"terminating connection|the connection broke|closed") as caught:
            hostile_fleet().sync.postgres(url)
    assert caught.value.__suppress_context__
    assert caught.value.message.endswith("; nothing was changed")
    assert caught.value.message.count("nothing was changed") == 1
    assert ask(url, "SELECT FROM pg_namespace WHERE nspname = 'slot_graph'") == []
    assert hostile_fleet().sync.postgres(url).written > 20


def test_two_at_a_time_wait_for_each_other(url: str, hostile_fleet: Callable[[], Workbench]) -> None:
    wb = hostile_fleet()

    async def both() -> list[Any]:
        return await asyncio.gather(wb.sync.postgres_async(url), wb.sync.postgres_async(url))

    first, second = sorted(figures(result) for result in asyncio.run(both()))
    assert (first[0], second[0], first[1]) == (0, second[0], second[0])


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ("CREATE TABLE slot_graph.crates (x int)", r'the schema "slot_graph" has a table crates that is not ours'),
        (
            "CREATE TABLE slot_graph.workbench_sync AS SELECT 7 AS version",
            r'the schema "slot_graph" is of version 7, and this workbench writes version 1',
        ),
    ],
)
def test_what_is_not_ours_is_left_alone(url: str, hostile_fleet: Callable[[], Workbench], made: str, said: str) -> None:
    ask(url, "CREATE SCHEMA slot_graph")
    ask(url, made)
    with pytest.raises(SyncSchemaError, match=said):
        hostile_fleet().sync.postgres(url)
    assert len(ask(url, "SELECT FROM pg_tables WHERE schemaname = 'slot_graph'")) == 1


def test_a_role_that_may_not_write_is_told(url: str, hostile_fleet: Callable[[], Workbench]) -> None:
    ask(url, "DROP ROLE IF EXISTS reader")
    ask(url, f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'")
    with pytest.raises(SyncRefused, match="permission denied for database postgres"):
        hostile_fleet().sync.postgres(url.replace(USER, "reader"))


def test_refusals_name_no_secret(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGPASSWORD", raising=False)
    sync = Workbench.scan(tmp_path).sync
    with pytest.raises(SyncRefused, match=f'password authentication failed for user "{USER}"') as caught:
        sync.postgres(server.replace("@", ":wrong-secret@"))
    assert "wrong-secret" not in str(caught.value) + repr(caught.value.details)
    with pytest.raises(SyncUnreachable, match=r"no PostgreSQL answers at postgresql://127\.0\.0\.1:9/x") as caught:
        sync.postgres("postgresql://127.0.0.1:9/x?password=wrong-secret")
    assert "wrong-secret" not in str(caught.value)
    with pytest.raises(InvalidRequest, match='"mysql://h/x" is no address of a PostgreSQL'):
        sync.postgres("mysql://h/x")


def test_the_command_line_reads_a_file_of_credentials(
    server: str, tmp_path: Path, fleet_dir: Path, write_manifest: WriteManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGPASSWORD", raising=False)
    write_manifest("a")
    secret = tmp_path / "secret"
    secret.write_text(f"# for tests\nPGPASSWORD='{PASSWORD}'\n")
    arguments = ["sync", "postgres", server, str(fleet_dir), "--schema", 'my "own"', "--credentials", str(secret)]
    answer = CliRunner().invoke(main, arguments)
    assert (answer.exit_code, "1 written, 0 removed, 0 unchanged" in answer.stdout) == (0, True), answer.output
    assert secret.stat().st_mode & 0o077 == 0
    again = CliRunner().invoke(main, [*arguments, "--format", "json"])
    assert '"written": 0, "unchanged": 1' in again.stdout
    secret.write_text("PGPASSWORD\n")
    refused = CliRunner().invoke(main, arguments)
    assert (refused.exit_code, refused.stderr) == (2, f"workbench: {secret}:1: expected NAME=value, with a NAME of PGUSER, PGPASSWORD, SUPABASE_KEY, POSTGREST_TOKEN, SURREAL_USER, SURREAL_PASS, SURREAL_TOKEN, SURREAL_AUTH_LEVEL\n")  # fmt: skip


def test_what_postgrest_would_store_is_the_same(url: str, hostile_fleet: Callable[[], Workbench]) -> None:
    """PostgREST hands the JSON of a request to `json_populate_recordset`, and its conflicts to ON CONFLICT."""
    wb = hostile_fleet()
    wb.sync.postgres(url)
    ask(url, "DROP SCHEMA IF EXISTS rest CASCADE")

    async def posted() -> None:
        connection = await asyncpg.connect(url, password=PASSWORD)
        await connection.execute(";".join(schema_statements("rest")))
        target = PostgrestTarget(httpx.AsyncClient(base_url="http://rest", transport=Populating(connection)), "rest")
        for name, items in relational(wb.snapshot).items():
            await target.write(name, list(items.values()))
            await target.write(name, list(items.values()))
        await connection.close()

    asyncio.run(posted())
    for relation in RELATIONS:
        one, other = f"TABLE slot_graph.{relation.name}", f"TABLE rest.{relation.name}"
        assert ask(url, f"({one} EXCEPT {other}) UNION ALL ({other} EXCEPT {one})") == [], relation.name
        assert ask(url, f"SELECT count(*) FROM rest.{relation.name}") == [(len(relation.items(wb.snapshot)),)]


class Populating(httpx.AsyncBaseTransport):
    """Does with an upsert what PostgREST does with it."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        table = f"rest.{request.url.path.strip('/')}"
        columns = orjson.loads(request.content)[:1]
        changes = ", ".join(f'"{name}" = EXCLUDED."{name}"' for row in columns for name in row)
        assert (request.method, request.url.params["on_conflict"]) == ("POST", "id")
        if columns:
            await self._connection.execute(
                f"INSERT INTO {table} SELECT * FROM json_populate_recordset(null::{table}, $1) "
                f"ON CONFLICT (id) DO UPDATE SET {changes}",
                request.content.decode(),
            )
        return httpx.Response(201)


def test_the_printed_sql_makes_the_same_tables(url: str, hostile_fleet: Callable[[], Workbench]) -> None:
    printed = CliRunner().invoke(main, ["sync", "tables", "--schema", "slot_graph", "--row-security"]).stdout

    async def run() -> None:
        connection = await asyncpg.connect(url, password=PASSWORD)
        await connection.execute(printed)
        await connection.close()

    asyncio.run(run())
    assert hostile_fleet().sync.postgres(url).written > 20
    assert ask(
        url,
        "SELECT DISTINCT relrowsecurity FROM pg_class WHERE relnamespace = 'slot_graph'::regnamespace AND relkind = 'r'",
    ) == [(True,)]
