"""Read-only SQL: what may be asked, and everything that may not."""

from pathlib import Path

import pyarrow as pa
import pytest

from workbench.errors import QueryError
from workbench.fleet.manifest import parse_manifest
from workbench.fleet.snapshot import Snapshot
from workbench.store.query import query_snapshot


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    text = "name = 'a'\nversion = '1'\n[ports]\nhttp = 18020\nother = 18020\n"
    return Snapshot().apply({"a/smart-crate.toml": parse_manifest("a/smart-crate.toml", text.encode())})


def ask(snapshot: Snapshot, query: str, **limits: float) -> pa.Table:
    return query_snapshot(snapshot, query, {}, list, **limits)  # type: ignore[arg-type]


def test_every_table_can_be_asked(snapshot: Snapshot) -> None:
    assert ask(snapshot, "SELECT name, version FROM crates").to_pylist() == [{"name": "a", "version": "1"}]
    assert ask(snapshot, "SELECT port, role FROM ports WHERE label = 'http'").to_pylist() == [
        {"port": 18020, "role": "owner"}
    ]
    assert ask(snapshot, "FROM findings SELECT kind").to_pylist() == [
        {"kind": "duplicate-in-crate"},
        {"kind": "dialect"},
    ]
    for table in ("dependencies", "endpoints", "diagnostics", "events"):
        assert ask(snapshot, f"SELECT count(*) AS n FROM {table}").num_rows == 1


def test_parameters_are_bound_and_never_pasted(snapshot: Snapshot) -> None:
    query = "SELECT $name AS given, count(*) AS n FROM crates WHERE name = $name"
    hostile = "' OR 1=1; DROP TABLE crates; --"
    assert query_snapshot(snapshot, query, {"name": hostile}, list).to_pylist() == [{"given": hostile, "n": 0}]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ';' AS a",
        "SELECT ';' AS a;",
        "SELECT ';' AS a ; ;",
        "SELECT ';' AS a -- b;",
        "SELECT ';' AS a; -- é; b",
        "-- é;\nSELECT ';' AS a /* ; */\n;\n/* b */ -- c\n",
    ],
)
def test_semicolons_and_comments_may_stand_behind_it(snapshot: Snapshot, query: str) -> None:
    assert query_snapshot(snapshot, query, {}, list).to_pylist() == [{"a": ";"}]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("CREATE TABLE x (a INT)", "only SELECT is allowed, not CREATE"),
        ("INSERT INTO crates (name) VALUES ('x')", "only SELECT is allowed, not INSERT"),
        ("DROP TABLE crates", "only SELECT is allowed, not DROP"),
        ("SET threads = 8", "only SELECT is allowed, not SET"),
        ("ATTACH '/tmp/x.db'", "only SELECT is allowed, not ATTACH"),
        ("INSTALL httpfs", "only SELECT is allowed, not LOAD"),
        ("COPY crates TO '/tmp/x.csv'", "only SELECT is allowed, not COPY"),
        ("SELECT 1; SELECT 2", "expected one SELECT, found 2 statements"),
        ("", "expected one SELECT, found 0 statements"),
        ("SELEC 1", "syntax error"),
        ("SELECT * FROM nothing", "nothing does not exist"),
        ("SELECT * FROM read_csv('/etc/hostname')", "file system operations are disabled"),
        ("SELECT * FROM read_text('/etc/hostname')", "file system operations are disabled"),
        ("SELECT * FROM glob('/*')", "disabled"),
        ("SELECT * FROM '/etc/hostname'", "does not exist"),
        ("SELECT getenv('HOME')", "does not exist"),
        ("SELECT $missing", "missing"),
    ],
)
def test_what_is_refused(snapshot: Snapshot, query: str, reason: str) -> None:
    with pytest.raises(QueryError, match=reason):
        ask(snapshot, query)


def test_a_python_object_is_out_of_reach(snapshot: Snapshot) -> None:
    secret = pa.table({"a": [1]})
    with pytest.raises(QueryError, match="secret does not exist"):
        ask(snapshot, "SELECT * FROM secret")
    assert secret.num_rows == 1


def test_a_query_that_takes_too_long_is_stopped(snapshot: Snapshot) -> None:
    with pytest.raises(QueryError, match=r"longer than 0.2 s"):
        ask(snapshot, "SELECT count(*) FROM range(1000000000) a, range(1000000) b", time_limit=0.2)
    assert ask(snapshot, "SELECT 1 AS one").num_rows == 1


def test_a_result_that_is_too_large_is_refused(snapshot: Snapshot) -> None:
    with pytest.raises(QueryError, match="more than 10 rows"):
        ask(snapshot, "FROM range(11)", row_limit=10)
    assert ask(snapshot, "FROM range(10)", row_limit=10).num_rows == 10


def test_nothing_is_written_next_to_us(snapshot: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ask(snapshot, "SELECT * FROM range(100000) ORDER BY random()")
    assert list(tmp_path.iterdir()) == []
