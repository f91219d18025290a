"""POST /graph/query: what it answers, and that no pattern costs the server more than its limits."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.api.conftest import until
from workbench.hub import Hub
from workbench.queries.query_pool import CYPHER, QueryLimits, pool_of

ENDLESS = "MATCH (a) MATCH (b) MATCH (c) MATCH (d) MATCH (e) MATCH (f) RETURN count(a)"


def ask(http: httpx.Client, pattern: str) -> httpx.Response:
    return http.post("/graph/query", json={"pattern": pattern}, timeout=30)


@pytest.fixture
def http(shared_http: httpx.Client) -> httpx.Client:
    """One server for all: that no query changes anything is what these tests show."""
    return shared_http


def test_an_answer(http: httpx.Client) -> None:
    answer = ask(http, "MATCH (c:Crate {name: 'portal'})-[:OWNS]->(p:Port) RETURN c.name, p.port AS port, c.severity")
    told = answer.json()
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert told.pop("elapsed_ms") > 0
    assert told == {
        "columns": [{"name": "c.name"}, {"name": "port"}, {"name": "c.severity"}],
        "rows": [["portal", 18030, "error"]],
        "row_count": 1,
        "truncated": False,
        "revision": 1,
    }


def test_a_page_of_the_front_end_may_ask(http: httpx.Client) -> None:
    origin = {"Origin": "http://localhost:21575"}
    answer = http.post("/graph/query", json={"pattern": "MATCH (p:Port) RETURN p.port LIMIT 1"}, headers=origin)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, origin["Origin"])
    refused = http.post("/graph/query", json={"pattern": "x"}, headers={"Origin": "http://elsewhere.example"})
    assert refused.status_code == 403


def test_a_mistake_is_told_with_its_place(http: httpx.Client) -> None:
    answer = ask(http, "MATCH (c)\nDELETE c")
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["details"]) == ("query-error", {"line": 2, "column": 1})
    assert error["message"] == "line 2, column 1: DELETE is refused: the graph is read, never written"
    assert http.post("/graph/query", json={"patern": "x"}).status_code == 422
    assert http.post("/graph/query", json={"pattern": "x" * 60_000}).status_code == 413


def test_the_newest_revision_is_asked(live_api: Any, fleet_dir: Any) -> None:
    assert ask(live_api.client, "MATCH (c:Crate) RETURN count(c)").json()["rows"] == [[7]]
    (fleet_dir / "libs/sums/smart-crate.toml").unlink()
    live_api.hub.refresh().result(10)
    assert ask(live_api.client, "MATCH (c:Crate) RETURN count(c)").json()["rows"] == [[6]]


def test_an_endless_pattern_is_ended_and_the_next_one_answered(still_hub: Hub, start_api: Callable[..., Any]) -> None:
    http = start_api(still_hub, queries=QueryLimits(seconds=0.2, workers=1)).client
    answer = ask(http, ENDLESS)
    assert answer.status_code == 400
    # Which of the limits ends it first, time or memory, is the machine's affair.
    assert answer.json()["error"]["code"] in ("query-error", "query-timeout")
    assert ask(http, "MATCH (c:Crate) RETURN count(c)").json()["rows"] == [[7]]


def test_a_pattern_that_fills_the_memory_is_ended(still_hub: Hub, start_api: Callable[..., Any]) -> None:
    http = start_api(still_hub, queries=QueryLimits(seconds=25, workers=1, memory_bytes=16_000_000)).client
    answer = ask(http, ENDLESS)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] in ("query-error", "query-timeout")
    assert ask(http, "MATCH (c:Crate) RETURN count(c)").status_code == 200


def test_a_pattern_ends_when_its_client_leaves(still_hub: Hub, start_api: Callable[..., Any]) -> None:
    http = start_api(still_hub, queries=QueryLimits(seconds=60, workers=1)).client
    started = time.monotonic()
    with pytest.raises(httpx.ReadTimeout):
        http.post("/graph/query", json={"pattern": ENDLESS}, timeout=0.5)
    pool = pool_of(still_hub, module=CYPHER)
    until(lambda: pool._open == 0)
    assert time.monotonic() - started < 30
    assert ask(http, "MATCH (c:Crate) RETURN count(c)").status_code == 200


def test_as_many_as_the_limit_run_and_wait(still_hub: Hub, start_api: Callable[..., Any]) -> None:
    http = start_api(still_hub, queries=QueryLimits(seconds=1, workers=1, waiting=1)).client
    with ThreadPoolExecutor(6) as threads:
        codes = [answer.status_code for answer in threads.map(lambda _: ask(http, ENDLESS), range(6))]
    assert set(codes) == {400, 503}
    assert codes.count(503) >= 1
