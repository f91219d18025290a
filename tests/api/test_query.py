"""POST /api/query: what it answers, what it refuses, and that nothing a query does reaches the server."""

import io
import os
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import orjson
import pyarrow as pa
import pytest

from api.query import ARROW_STREAM
from workbench.hub import Hub
from workbench.queries.query_pool import QueryLimits, pool_of

ENDLESS = "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t"
DOUBLING = ", ".join(
    ["t0 AS (SELECT 1 AS x)"]
    + [f"t{n} AS NOT MATERIALIZED (SELECT a.x FROM t{n - 1} a, t{n - 1} b)" for n in range(1, 30)]
)


def ask(http: httpx.Client, sql: str, params: object = None, **headers: str) -> httpx.Response:
    body = {"sql": sql} if params is None else {"sql": sql, "params": params}
    return http.post("/api/query", json=body, headers=headers, timeout=30)


def until(predicate: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not predicate():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def http(shared_http: httpx.Client) -> httpx.Client:
    """One server for all: that no query changes anything is what these tests show."""
    return shared_http


def test_an_answer(http: httpx.Client) -> None:
    answer = ask(http, "SELECT name, version FROM crates WHERE name = $name", {"name": "sums"})
    told = answer.json()
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert told.pop("elapsed_ms") > 0
    assert told == {
        "columns": [{"name": "name", "type": "VARCHAR"}, {"name": "version", "type": "VARCHAR"}],
        "rows": [["sums", "1.2.3"]],
        "row_count": 1,
        "truncated": False,
        "revision": 1,
    }
    assert ask(http, "SELECT ? + 1, ?", [1, "x"]).json()["rows"] == [[2, "x"]]
    for table in ("ports", "findings", "dependencies", "endpoints", "diagnostics", "events"):
        assert ask(http, f"SELECT count(*) FROM {table}").status_code == 200


def test_arrow(http: httpx.Client) -> None:
    answer = ask(http, "FROM ports SELECT port, crate ORDER BY ALL", Accept=ARROW_STREAM)
    table = pa.ipc.open_stream(io.BytesIO(answer.content)).read_all()
    assert answer.headers["Content-Type"] == ARROW_STREAM
    assert (answer.headers["X-Truncated"], answer.headers["X-Revision"]) == ("false", "1")
    assert [list(row.values()) for row in table.to_pylist()] == ask(
        http, "FROM ports SELECT port, crate ORDER BY ALL"
    ).json()["rows"]


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("'nan'::DOUBLE", "NaN"),
        ("'-inf'::FLOAT", "-Infinity"),
        ("9007199254740991", 9007199254740991),
        ("9007199254740993", "9007199254740993"),
        ("170141183460469231731687303715884105727::HUGEINT", "170141183460469231731687303715884105727"),
        ("sum(2) FROM range(3)", 6),
        ("1.50::DECIMAL(10, 2)", "1.50"),
        ("TIMESTAMPTZ '2026-01-02 03:04:05+00'", "2026-01-02T03:04:05Z"),
        ("TIMESTAMP '2026-01-02 03:04:05'", "2026-01-02T03:04:05"),
        ("DATE '2026-01-02'", "2026-01-02"),
        ("TIME '03:04:05'", "03:04:05"),
        (r"'a\xFF'::BLOB", "Yf8="),
        ("{'a': [1, NULL], 'b': {'c': 'nan'::DOUBLE}}", {"a": [1, None], "b": {"c": "NaN"}}),
        ("MAP {1: 'x'}", {"1": "x"}),
        ("'a\"\\\u2028\u0001'", 'a"\\\u2028\u0001'),
        ("NULL", None),
        ("TRUE", True),
    ],
)
def test_every_value_is_told_without_loss(http: httpx.Client, expression: str, shown: object) -> None:
    assert ask(http, f"SELECT {expression}").json()["rows"] == [[shown]]


def test_a_time_beyond_all_calendars_is_an_error_and_no_failure(http: httpx.Client) -> None:
    answer = ask(http, "SELECT '290000-01-01'::DATE")
    assert answer.status_code == 400
    assert "cast it to VARCHAR" in answer.json()["error"]["message"]


def test_rows_beyond_the_limit_are_cut_and_said_so(still_hub: Hub, start_api: Any) -> None:
    http = start_api(still_hub, queries=QueryLimits(rows=10)).client
    told = ask(http, "FROM range(11)").json()
    assert (told["row_count"], len(told["rows"]), told["truncated"]) == (10, 10, True)
    assert not ask(http, "FROM range(10)").json()["truncated"]
    assert ask(http, "FROM range(11)", Accept=ARROW_STREAM).headers["X-Truncated"] == "true"


@pytest.mark.parametrize(
    ("sql", "details"),
    [
        ("SELEC 1", {"line": 1, "column": 1}),
        ("SELECT port,\n  rule_of FROM ports", {"line": 2, "column": 3, "nearest": "rule"}),
        ("SELECT *\nFROM crate", {"line": 2, "column": 6, "nearest": "crates"}),
        ("SELECT name::INT FROM crates", {}),
    ],
)
def test_a_mistake_is_told_with_its_place(http: httpx.Client, sql: str, details: dict[str, object]) -> None:
    answer = ask(http, sql)
    error = answer.json()["error"]
    if nearest := error["details"].get("nearest"):
        error["details"]["nearest"] = nearest[0]
    assert (answer.status_code, error["code"], error["details"]) == (400, "query-error", details)
    assert "LINE" not in error["message"]


@pytest.mark.parametrize(
    "sql",
    [
        "COPY crates TO '/tmp/stolen.csv'",
        "ATTACH '/tmp/x.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET threads = 8",
        "PRAGMA database_list",
        "CALL pragma_version()",
        "DROP TABLE crates",
        "EXPLAIN ANALYZE SELECT 1",
        "SELECT 1; SELECT 2",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_blob('/proc/self/environ')",
        "SELECT * FROM read_parquet('http://127.0.0.1:1/x.parquet')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM sniff_csv('/etc/passwd')",
        "SELECT $missing",
        "-- nothing",
    ],
)
def test_what_is_refused(http: httpx.Client, sql: str) -> None:
    answer = ask(http, sql)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "query-error")
    assert "root:" not in answer.text


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        (ENDLESS, "query-timeout"),
        ("SELECT sum(a.range % (b.range + 1)) FROM range(1000000000) a, range(1000000) b", "query-timeout"),
        (f"WITH {DOUBLING} SELECT count(*) FROM t29", None),
        ("SELECT repeat('x', 1000000000) FROM range(1000)", "query-error"),
        ("SELECT list(repeat('x', 1000000)) FROM range(100000)", None),
        ("SELECT " + "(" * 40_000 + "1" + ")" * 40_000, None),
    ],
    ids=["recursive", "cross-join", "doubling", "repeat", "list", "parentheses"],
)
def test_a_hog_is_stopped_and_the_next_query_answered(
    still_hub: Hub, start_api: Any, sql: str, code: str | None
) -> None:
    live = start_api(still_hub, queries=QueryLimits(seconds=1, memory_bytes=200_000_000, workers=1))
    ask(live.client, "SELECT 1")
    with ThreadPoolExecutor(1) as threads:
        hogged = threads.submit(ask, live.client, sql)
        started, slowest = time.monotonic(), 0.0
        while not hogged.done():
            before = time.monotonic()
            assert httpx.get(f"http://{live.base}/health").status_code == 200
            slowest = max(slowest, time.monotonic() - before)
        seconds = time.monotonic() - started
    error = hogged.result().json()["error"]
    assert hogged.result().status_code == 400
    assert error["code"] == code or (code is None and error["code"] in ("query-error", "query-timeout"))
    assert seconds < 10
    assert slowest < 2, "the loop goes on meanwhile"
    assert ask(live.client, "SELECT 1 AS one").json()["rows"] == [[1]]


def test_what_a_hog_of_memory_left_behind_is_gone_for_the_next_query(still_hub: Hub, start_api: Any) -> None:
    live = start_api(still_hub, queries=QueryLimits(memory_bytes=200_000_000, workers=1))
    for _ in range(2):
        assert ask(live.client, "SELECT 1").status_code == 200
        (worker,) = pool_of(still_hub)._workers
        process = worker._process
        assert ask(live.client, "SELECT list(range) FROM range(1000000000)").json()["error"]["code"] == "query-error"
        assert process is not None
        assert process.returncode is not None
    answer = ask(live.client, "SELECT range, repeat('x', 100) FROM range(100000)").json()
    assert answer["row_count"] == 100_000


@pytest.mark.parametrize("value", [b"NaN", b"-Infinity", b"1e999", b"1%s" % (b"0" * 30), b'{"deep": [NaN]}'])
def test_a_parameter_that_would_be_another_number_is_refused(http: httpx.Client, value: bytes) -> None:
    content = b'{"sql": "SELECT $n", "params": {"n": %s}}' % value
    answer = http.post("/api/query", content=content, headers={"Content-Type": "application/json"})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["details"]) == (422, "invalid-request", {"parameter": "params"})
    assert "send numbers beyond 64 bits, NaN and infinities as texts" in error["message"]


def test_a_query_ends_when_its_client_leaves(still_hub: Hub, start_api: Any) -> None:
    live = start_api(still_hub, queries=QueryLimits(seconds=60, workers=1))
    ask(live.client, "SELECT 1")
    body = orjson.dumps({"sql": ENDLESS})
    with socket.create_connection(("127.0.0.1", live.port)) as client:
        client.sendall(
            b"POST /api/query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        pool = pool_of(still_hub)
        until(lambda: pool._open == 1)
    until(lambda: pool._open == 0)
    assert ask(live.client, "SELECT 1").status_code == 200


def test_too_many_at_a_time_are_refused(still_hub: Hub, start_api: Any) -> None:
    live = start_api(still_hub, queries=QueryLimits(seconds=2, workers=1, waiting=0))
    ask(live.client, "SELECT 1")
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(ask, live.client, ENDLESS)
        until(lambda: pool_of(still_hub)._open == 1)
        refused = httpx.post(f"http://{live.base}/api/query", json={"sql": "SELECT 1"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "too-many-queries")
        assert refused.headers["Retry-After"] == "1"
        assert running.result().json()["error"]["code"] == "query-timeout"


def test_secrets_of_the_environment_stay_with_the_server(
    still_hub: Hub, start_api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_TOKEN", "not-for-queries")
    live = start_api(still_hub)
    ask(live.client, "SELECT 1")
    process = pool_of(still_hub)._workers[0]._process or pool_of(still_hub)._workers[1]._process
    assert process is not None
    if os.path.exists("/proc/self/environ"):  # noqa: PTH110
        with open(f"/proc/{process.pid}/environ", "rb") as environment:  # noqa: PTH123
            assert b"not-for-queries" not in environment.read()


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b'{"sql": "SELECT 1"}', {"Content-Type": "text/plain"}, 415),
        (b'{"sql": "SELECT 1"}', {"Content-Type": "application/json", "Origin": "http://evil.example"}, 403),
        (b'{"sql": 1}', {"Content-Type": "application/json"}, 422),
        (b"{}", {"Content-Type": "application/json"}, 422),
        (b'{"sql": "SELECT 1", "params": 3}', {"Content-Type": "application/json"}, 422),
        (b'{"sql": "%s"}' % (b"x" * 10_000_000), {"Content-Type": "application/json"}, 413),
    ],
    ids=["type", "origin", "sql", "empty", "params", "size"],
)
def test_a_request_that_is_none(http: httpx.Client, content: bytes, headers: dict[str, str], status: int) -> None:
    assert http.post("/api/query", content=content, headers=headers).status_code == status


def test_the_next_revision_is_queried_when_there_is_one(still_hub: Hub, start_api: Any, fleet_dir: Any) -> None:
    http = start_api(still_hub).client
    assert ask(http, "SELECT count(*) FROM crates").json()["rows"] == [[7]]
    path = fleet_dir / "libs/new/smart-crate.toml"
    path.parent.mkdir()
    path.write_text('[smart-crate]\nname = "new"\nversion = "1.0.0"\n')
    still_hub.scan_once()
    told = ask(http, "SELECT count(*) FROM crates").json()
    assert (told["rows"], told["revision"]) == ([[8]], 2)
