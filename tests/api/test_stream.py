from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import orjson
import pytest

from api.broadcast import EventLimits, figures_of
from workbench.hub import Hub


@contextmanager
def stream(api: Any, path: str = "/api/events", **headers: str) -> Iterator[tuple[httpx.Response, Iterator[str]]]:
    with api.client.stream("GET", path, headers=headers) as answer:
        yield answer, answer.iter_lines()


NONE = -1


def message(lines: Iterator[str]) -> tuple[int, dict[str, Any]]:
    """Return (id, envelope) of the next message, passing over comments; NONE for one without an id."""
    number = NONE
    for line in lines:
        if line.startswith("id: "):
            number = int(line[4:])
        elif line.startswith("data: "):
            return number, orjson.loads(line[6:])
    raise AssertionError("the stream ended")


def test_hello_then_events(api: Any) -> None:
    with stream(api, Origin="http://localhost:3000") as (answer, lines):
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
        number, hello = message(lines)
        assert (number, hello["type"], hello["seq"]) == (api.hub.log.last_seq, "hello", api.hub.log.last_seq)
        (seq,) = api.publish({"n": 1})
        assert message(lines) == (seq, orjson.loads(api.hub.log.newest(1)[0].frame))


def test_replay_by_since_and_by_last_event_id(api: Any) -> None:
    start = api.hub.log.last_seq
    seqs = api.publish({"n": 0}, {"n": 1}, {"n": 2})
    with stream(api, f"/api/events?since={start}") as (_, lines):
        assert [message(lines)[0] for _ in range(4)] == [NONE, *seqs]
    # A browser that comes back says what it saw last; that is newer than the address.
    with stream(api, f"/api/events?since={start}", **{"Last-Event-ID": str(seqs[1])}) as (_, lines):
        assert [message(lines)[0] for _ in range(2)] == [NONE, seqs[2]]


def test_a_greeting_before_a_replay_leaves_the_number_that_a_browser_comes_back_with(api: Any) -> None:
    """Cut off between the two, it would ask for what follows the newest event, and miss the replay in silence."""
    seqs = api.publish({"n": 0}, {"n": 1})
    with stream(api, **{"Last-Event-ID": str(seqs[0])}) as (_, lines):
        number, hello = message(lines)
        assert (number, hello["type"], hello["seq"]) == (NONE, "hello", seqs[1])
    with stream(api, **{"Last-Event-ID": str(seqs[1] + 1)}) as (_, lines):
        assert message(lines)[0] == NONE
        number, resync = message(lines)
        assert (number, resync["type"]) == (seqs[1], "resync")


def test_topics(api: Any) -> None:
    with stream(api, "/api/events?topics=ports&topics=mux") as (_, lines):
        assert message(lines)[1]["data"]["topics"] == ["ports", "mux"]
        api.publish({"n": 0})
        (seq,) = api.publish({"n": 1}, topic="mux", kind="mux.x")
        assert message(lines)[0] == seq


def test_comments_keep_an_idle_stream_alive(still_hub: Hub, start_api: Callable[..., Any]) -> None:
    api = start_api(still_hub, EventLimits(ping_seconds=0.05))
    with stream(api) as (_, lines):
        message(lines)
        assert [next(lines) for _ in range(6)].count(":") >= 2


def test_a_client_that_leaves_is_forgotten(api: Any) -> None:
    with stream(api) as (_, lines):
        message(lines)
        assert figures_of(api.hub).clients == 1
    while api.clients():
        api.publish({"n": 0})
    assert api.hub.log.listeners == 0


def test_a_stop_ends_the_stream(api: Any) -> None:
    with stream(api) as (_, lines):
        message(lines)
        api.stop()
        left = [line for line in lines if line]
    assert left == ["event: end", 'data: {"code":1001,"reason":"the server is stopping"}']


def test_head_opens_no_stream(api: Any) -> None:
    answer = api.client.head("/api/events")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/event-stream")
    assert api.clients() == 0


@pytest.mark.parametrize("query", ["since=-1", "topics=weather", "odd=1"])
def test_a_wrong_parameter_is_named(api: Any, query: str) -> None:
    answer = api.client.get(f"/api/events?{query}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/json")
    assert answer.json()["error"]["details"]["parameter"] == query.partition("=")[0]


def test_clients_are_limited(still_hub: Hub, start_api: Callable[..., Any]) -> None:
    api = start_api(still_hub, EventLimits(clients=1))
    with stream(api) as (_, lines):
        message(lines)
        answer = api.client.get("/api/events")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "too-many-clients")
    assert answer.headers["Retry-After"] == "1"


def test_recent_events(api: Any) -> None:
    seqs = api.publish({"n": 0}, {"n": 1}, {"n": 2})
    answer = api.client.get("/api/events/recent?limit=2")
    assert [event["seq"] for event in answer.json()] == seqs[1:]
    assert answer.headers["Cache-Control"] == "no-store"
    assert api.client.get("/api/events/recent?limit=0").json()["error"]["details"]["parameter"] == "limit"
