"""A copy in SurrealDB: in the engine of the SDK, in this process and behind a socket."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("surrealdb", reason="the SDK has no wheel for this Python")

from click.testing import CliRunner
from surrealdb import AsyncSurreal, RecordID, Surreal

from tests.conftest import WriteManifest
from tests.sync.conftest import HOSTILE
from tests.sync.surreal_server import running_engine
from workbench import Workbench
from workbench.cli import main
from workbench.config import sample_fleet
from workbench.errors import InvalidRequest, SyncBroken, SyncRefused, SyncSchemaError, SyncUnreachable
from workbench.fleet.graph import EDGE_TYPES, NODE_TYPES, slot_graph


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"surrealkv://{tmp_path / 'surreal'}"


def ask(url: str, query: str, **parameters: Any) -> Any:
    with Surreal(url) as db:
        db.use("ctas7", "slot_graph")
        return db.query(query, parameters)


def figures(result: Any) -> tuple[int, int, int]:
    return result.written, result.unchanged, result.removed


def test_records_and_relations_are_the_slot_graph(url: str) -> None:
    wb = Workbench.scan(sample_fleet())
    result = wb.sync.surreal(url)
    graph = slot_graph(wb.snapshot)
    nodes = {f"{kind}:{row['id'].id}" for kind in NODE_TYPES for row in ask(url, f"SELECT id FROM {kind}")}
    assert nodes == set(graph.nodes)
    edges = [
        (f"{row['in'].table_name}:{row['in'].id}", f"{row['out'].table_name}:{row['out'].id}", kind, row["declared"])
        for kind in EDGE_TYPES
        for row in ask(url, f"SELECT * FROM `{kind.lower()}`")
    ]
    assert sorted(edges) == sorted((s, t, d["type"], d["declared"]) for s, t, d in graph.edges(data=True))
    assert figures(wb.sync.surreal(url)) == (0, result.written, 0)


def test_the_graph_answers_questions(url: str) -> None:
    wb = Workbench.scan(sample_fleet())
    wb.sync.surreal(url)
    row = ask(url, "SELECT ->owns->port.port AS owns, path FROM ONLY $id", id=RecordID("crate", "port-manager"))
    expected = wb.snapshot.crates[[crate.name for crate in wb.snapshot.crates].index("port-manager")]
    owned = {claim.port for claim in wb.snapshot.records[expected.path].claims if claim.role == "owner"}
    assert (set(row["owns"]), row["path"]) == (owned, expected.path)
    users = ask(
        url, "SELECT VALUE name FROM crate WHERE ->references->port CONTAINS $port", port=RecordID("port", 18103)
    )
    assert set(users) == {
        claim.crate for claim in wb.snapshot.claims if claim.role == "reference" and claim.port == 18103
    }


def test_the_documented_questions_are_answered(url: str) -> None:
    Workbench.scan(sample_fleet()).sync.surreal(url)
    text = (Path(__file__).parents[2] / "docs" / "sync.md").read_text()
    (block,) = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    queries = block.splitlines()
    assert len(queries) == 3
    for query in queries:
        assert ask(url, query.replace("18104", "18103")), query


def test_a_dry_run_makes_nothing(url: str, hostile_fleet: Callable[[], Workbench]) -> None:
    assert hostile_fleet().sync.surreal(url, dry_run=True).written > 20
    assert ask(url, "INFO FOR DB")["tables"] == {}


def test_hostile_names_are_ids_and_stay_names(url: str, hostile_fleet: Callable[[], Workbench]) -> None:
    result = hostile_fleet().sync.surreal(url)
    names = {name.replace("\0", "\N{REPLACEMENT CHARACTER}") for name in HOSTILE}
    rows = ask(url, "SELECT id, name, ->depends_on->crate.name AS needs FROM crate")
    assert {(row["id"].id, row["name"]) for row in rows} == {(name, name) for name in names}
    assert {name for row in rows for name in row["needs"]} == names
    assert len(ask(url, "INFO FOR DB")["tables"]) == len(NODE_TYPES) + len(EDGE_TYPES) + 1
    assert figures(hostile_fleet().sync.surreal(url)) == (0, result.written, 0)


def test_only_what_changed_is_written_and_what_is_gone_is_removed(
    url: str, fleet_dir: Path, write_manifest: WriteManifest
) -> None:
    write_manifest("a", '[smart-crate]\nname = "a"\nversion = "1"\n[ports]\nhttp = 18600\n[dependencies]\nb = "b"\n')
    gone = write_manifest("b")
    Workbench.scan(fleet_dir).sync.surreal(url)
    stamp = "SELECT VALUE synced_at FROM workbench_sync"
    before = ask(url, stamp)
    assert Workbench.scan(fleet_dir).sync.surreal(url).written == 0
    assert ask(url, stamp) == before
    gone.unlink()
    write_manifest("a", '[smart-crate]\nname = "a"\nversion = "2"\n[ports]\nhttp = 18600\n')
    result = Workbench.scan(fleet_dir).sync.surreal(url)
    counted = {table.table: (table.added, table.changed, table.removed) for table in result.tables}
    assert (counted["crate"], counted["owns"], counted["depends_on"]) == ((0, 1, 1), (0, 0, 0), (0, 0, 1))
    rows = ask(url, "SELECT name, version, ->owns->port.port AS owns, ->depends_on AS needs FROM crate")
    assert rows == [{"name": "a", "version": "2", "owns": [18600], "needs": []}]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ("CREATE crate:mine", 'the database "ctas7/slot_graph" has a table crate that is not ours'),
        ("CREATE workbench_sync:slot_graph SET version = 7", "is of version 7, and this workbench writes version 1"),
    ],
)
def test_what_is_not_ours_is_left_alone(url: str, hostile_fleet: Callable[[], Workbench], made: str, said: str) -> None:
    ask(url, made)
    before = ask(url, "INFO FOR DB")["tables"]
    with pytest.raises(SyncSchemaError, match=said):
        hostile_fleet().sync.surreal(url)
    assert ask(url, "INFO FOR DB")["tables"] == before


def test_over_a_socket_with_a_password(hostile_fleet: Callable[[], Workbench], monkeypatch: pytest.MonkeyPatch) -> None:
    wb = hostile_fleet()
    monkeypatch.setenv("SURREAL_USER", "keeper")
    with running_engine("keeper", "only for tests") as engine:
        monkeypatch.setenv("SURREAL_PASS", "a-wrong-secret")
        with pytest.raises(
            SyncRefused, match="problem with authentication: set SURREAL_USER and SURREAL_PASS"
        ) as caught:
            wb.sync.surreal(f"ws://{engine.place}/ws")
        assert "a-wrong-secret" not in str(caught.value)
        monkeypatch.setenv("SURREAL_PASS", "only for tests")
        engine.hangs_up_at = engine.requests + 24
        with pytest.raises(SyncBroken, match=r"the connection broke.*; \d+ of \d+ changes were made") as broke:
            wb.sync.surreal(f"ws://{engine.place}/ws")
        result = wb.sync.surreal(f"ws://{engine.place}/ws")
        assert (result.written, result.unchanged) == (
            broke.value.details["total"] - broke.value.details["done"],
            broke.value.details["done"],
        )
        assert wb.sync.surreal(f"ws://{engine.place}/ws").written == 0
        monkeypatch.setenv("SURREAL_TOKEN", asyncio.run(token_of(f"ws://{engine.place}/ws")))
        monkeypatch.setenv("SURREAL_PASS", "a-wrong-secret")
        assert wb.sync.surreal(f"ws://{engine.place}/ws").written == 0
        monkeypatch.delenv("SURREAL_TOKEN")
        monkeypatch.setenv("SURREAL_AUTH_LEVEL", "emperor")
        with pytest.raises(InvalidRequest, match='SURREAL_AUTH_LEVEL is "emperor"; expected root, namespace, database'):
            wb.sync.surreal(f"ws://{engine.place}/ws")


def test_over_http(hostile_fleet: Callable[[], Workbench], monkeypatch: pytest.MonkeyPatch) -> None:
    wb = hostile_fleet()
    monkeypatch.setenv("SURREAL_USER", "keeper")
    monkeypatch.setenv("SURREAL_PASS", "only for tests")
    with running_engine("keeper", "only for tests") as engine:
        written = wb.sync.surreal(f"http://{engine.place}/http").written
        assert written == wb.sync.surreal("mem://").written
        assert figures(wb.sync.surreal(f"http://{engine.place}/http")) == (0, written, 0)
        monkeypatch.setenv("SURREAL_PASS", "a-wrong-secret")
        with pytest.raises(SyncRefused, match="problem with authentication: set SURREAL_USER and SURREAL_PASS"):
            wb.sync.surreal(f"http://{engine.place}/http")


async def token_of(url: str) -> str:
    async with AsyncSurreal(url) as db:
        return str((await db.signin({"username": "keeper", "password": "only for tests"})).access)


@pytest.mark.parametrize("scheme", ["ws", "http"])
def test_nobody_there(tmp_path: Path, scheme: str) -> None:
    with pytest.raises(SyncUnreachable, match=rf"no SurrealDB answers at {scheme}://u@127\.0\.0\.1:9: "):
        Workbench.scan(tmp_path).sync.surreal(f"{scheme}://u:secret@127.0.0.1:9")


def test_no_address_of_a_surrealdb(tmp_path: Path) -> None:
    for url in ("localhost:8000", "rocksdb://x", "mem"):
        with pytest.raises(InvalidRequest, match="is no address of a SurrealDB: expected one that begins with ws://"):
            Workbench.scan(tmp_path).sync.surreal(url)
    with pytest.raises(SyncUnreachable, match=r"no SurrealDB answers at surrealkv:///proc/1/x: "):
        Workbench.scan(tmp_path).sync.surreal("surrealkv:///proc/1/x")


def test_within_a_loop(hostile_fleet: Callable[[], Workbench]) -> None:
    wb = hostile_fleet()

    async def both() -> tuple[int, int]:
        return wb.sync.surreal("mem://").written, (await wb.sync.surreal_async("mem://")).written

    first, second = asyncio.run(both())
    assert first == second > 20


def test_the_command_line(url: str, fleet_dir: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a")
    arguments = ["sync", "surreal", url, str(fleet_dir), "--database", "x ` y"]
    answer = CliRunner().invoke(main, arguments)
    assert (answer.exit_code, ": 1 written, 0 removed, 0 unchanged" in answer.stdout) == (0, True), answer.output
    assert ": would write 0 and remove 0, 1 unchanged" in CliRunner().invoke(main, [*arguments, "--dry-run"]).stdout
    failed = CliRunner().invoke(main, ["sync", "surreal", "nowhere", str(fleet_dir)])
    assert (failed.exit_code, failed.stderr.count("\n")) == (2, 1)
