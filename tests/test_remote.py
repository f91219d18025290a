"""`Workbench.connect`: live, over a server that changes, refuses, stops, or is none."""

import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal

from tests.api.conftest import SECRET, LiveApi, until, write_fleet, write_manifest
from workbench import Workbench
from workbench.errors import (
    InvalidRequest,
    QueryError,
    RemoteError,
    RevisionGone,
    Unauthorized,
    Unavailable,
    UnknownCrate,
    error_named,
)
from workbench.events import Event
from workbench.fleet.observed import Listener, Observed
from workbench.hub import Hub, HubOptions
from workbench.queries.query_pool import QueryLimits
from workbench.security.access import AccessRules
from workbench.security.tokens import Token, Tokens
from workbench.store.database import Store

SUMS = '[smart-crate]\nname = "sums"\nversion = "{}"\n[ports]\nhttp = {}\n'


@pytest.fixture
def hub(fleet_dir: Path, tmp_path: Path) -> Iterator[Hub]:
    hub = Hub([write_fleet(fleet_dir)], HubOptions(watch=False, beat=60), Store(tmp_path / "state"))
    hub.start()
    assert hub.wait_ready(10)
    yield hub
    hub.stop()


@pytest.fixture
def served(hub: Hub) -> Iterator[LiveApi]:
    with LiveApi(hub) as live:
        yield live


@pytest.fixture
def wb(served: LiveApi) -> Iterator[Workbench]:
    with Workbench.connect(f"http://{served.base}/") as wb:
        yield wb


def change(hub: Hub, fleet_dir: Path, version: str, port: int) -> None:
    write_manifest(fleet_dir, "libs/sums", SUMS.format(version, port))
    hub.refresh().result(10)


def test_every_question_sees_the_newest_revision(wb: Workbench, hub: Hub, fleet_dir: Path) -> None:
    assert wb.crate("sums").version == "1.2.3"
    graph = wb.graph
    change(hub, fleet_dir, "2.0.0", 18010)
    assert (wb.revision, wb.crate("sums").version) == (2, "2.0.0")
    assert wb.ports.query("crate == 'sums' and not derived")["port"].tolist() == [18010]
    assert wb.findings["code"].tolist() == Workbench(hub).findings["code"].tolist()
    assert set(wb.graph.edges) == set(Workbench(hub).graph.edges) != set(graph.edges)
    assert wb.snapshot.tally == hub.snapshot.tally


def test_what_is_known_is_not_fetched_again(wb: Workbench, hub: Hub, fleet_dir: Path) -> None:
    backing = wb._backing
    first, snapshot = backing.table("ports"), wb.snapshot
    assert backing.table("ports") is first
    assert wb.snapshot is snapshot
    change(hub, fleet_dir, "2.0.0", 18010)
    assert backing.table("ports") is not first
    unchanged = [path for path in snapshot.records if "sums" not in path]
    assert all(wb.snapshot.records[path].manifest is snapshot.records[path].manifest for path in unchanged)


def test_a_broken_manifest_and_what_is_observed_are_the_same_there(wb: Workbench, hub: Hub, fleet_dir: Path) -> None:
    write_manifest(fleet_dir, "libs/sums", "[smart-crate\n")
    hub.refresh().result(10)
    seen = Observed(listeners=(Listener(18010, "tcp", ("127.0.0.1",), 7, "stranger"),), sees_all=True, running=("*",))
    hub._publish(hub.snapshot.observe(seen))
    assert {"drift-stranger", "syntax"} <= set(wb.findings["kind"])
    assert wb.snapshot.tally == hub.snapshot.tally
    assert wb.snapshot.observed == hub.snapshot.observed
    assert [item.message for item in wb.snapshot.findings] == [item.message for item in hub.snapshot.findings]
    assert wb.snapshot.records_named("sums")[0].is_stale
    assert_frame_equal(wb.crates, Workbench(hub).crates)


def test_it_looks_back(wb: Workbench, hub: Hub, fleet_dir: Path) -> None:
    change(hub, fleet_dir, "2.0.0", 18010)
    change(hub, fleet_dir, "3.0.0", 18011)
    assert wb.history["revision"].tolist() == [1, 2, 3]
    then = wb.at(2)
    assert (then.revision, then.crate("sums").version) == (2, "2.0.0")
    moment = wb.history["taken_at"][0].to_pydatetime()
    assert wb.at(moment).crate("sums").version == "1.2.3"
    assert wb.diff(1, 3) == Workbench(hub).diff(1, 3)
    with pytest.raises(RevisionGone, match="the oldest is 1"):
        wb.at(0)


def test_assignments_are_those_of_the_server(wb: Workbench, hub: Hub) -> None:
    from workbench.desks.assignments import AssignmentRequest

    made = hub.assign(AssignmentRequest("sums", block="Foundation and core"), actor="tester").result(10)
    (seen,) = wb.assignments
    assert (seen.id, seen.crate_name, seen.port, seen.actor) == (made.id, "sums", made.port, "tester")
    assert wb.port(made.port)["assigned"][0]["id"] == made.id
    counter = wb.counter()
    assert counter.closed is not None


def test_a_listener_is_told_what_happens(
    wb: Workbench, hub: Hub, fleet_dir: Path, wait_for: Callable[..., None]
) -> None:
    told: list[Event] = []
    stop = wb.subscribe(told.extend)
    change(hub, fleet_dir, "2.0.0", 18010)
    wait_for(lambda: any(event.type == "fleet.revision" for event in told))
    assert [event.frame for event in told] == [event.frame for event in hub.log.since(told[0].seq - 1)[0]]
    assert "crate.changed" in {event.type for event in told}
    stop()
    stop()
    count = len(told)
    change(hub, fleet_dir, "3.0.0", 18010)
    wait_for(lambda: wb.revision == 3)
    assert len(told) == count


def test_a_listener_that_fails_is_told_the_next_event(
    wb: Workbench, hub: Hub, fleet_dir: Path, wait_for: Callable[..., None]
) -> None:
    told: list[str] = []

    def fail(events: object) -> None:
        told.append(events[0].type)  # type: ignore[index]
        raise ValueError("a listener's own fault")

    wb.subscribe(fail)
    change(hub, fleet_dir, "2.0.0", 18010)
    wait_for(lambda: "fleet.revision" in told and len(told) > 1)


def test_what_was_missed_is_told_after_a_break(hub: Hub, fleet_dir: Path, wait_for: Callable[..., None]) -> None:
    from workbench.backings.follow import Follower

    told: list[Event] = []
    with LiveApi(hub) as first:
        follower = Follower(f"http://{first.base}", {}, told.extend)
        try:
            assert follower.connected.wait(10)
            first.stop()
            wait_for(lambda: not follower.connected.is_set())
            change(hub, fleet_dir, "2.0.0", 18010)
            with LiveApi(hub) as second:
                follower._url = f"ws://{second.base}/ws"
                wait_for(lambda: any(event.type == "fleet.revision" for event in told))
                assert "crate.changed" in {event.type for event in told}
                assert "resync" not in {event.type for event in told}
        finally:
            follower.stop()


def test_another_run_of_the_server_is_announced(hub: Hub, fleet_dir: Path, wait_for: Callable[..., None]) -> None:
    from workbench.backings.follow import Follower

    told: list[Event] = []
    other = Hub([fleet_dir], HubOptions(watch=False))
    other.scan_once()
    with LiveApi(hub) as first:
        follower = Follower(f"http://{first.base}", {}, told.extend)
        try:
            assert follower.connected.wait(10)
            with LiveApi(other) as second:
                follower._url = f"ws://{second.base}/ws"
                first.stop()
                wait_for(lambda: "resync" in {event.type for event in told})
                assert told[0].data["reason"] == "restarted"
        finally:
            follower.stop()


def test_a_server_that_stops_midway(hub: Hub) -> None:
    with LiveApi(hub) as live:
        wb = Workbench.connect(f"http://{live.base}")
        assert len(wb.crates) == 7
    for ask in (lambda: wb.crates, lambda: wb.sql("SELECT 1"), lambda: wb.crate("sums"), lambda: wb.graph):
        with pytest.raises(Unavailable, match=f"no workbench answers at http://{live.base}") as caught:
            ask()
        assert caught.value.__suppress_context__
    assert repr(wb).startswith(f"<Workbench at http://{live.base}: no workbench answers")
    assert wb._repr_html_().startswith("&lt;Workbench at ")
    wb.close()
    with pytest.raises(Unavailable, match="no workbench answers"):
        _ = wb.ports


def test_nobody_answers() -> None:
    with pytest.raises(Unavailable, match=r"no workbench answers at http://127\.0\.0\.1:9"):
        Workbench.connect("http://127.0.0.1:9")


@pytest.mark.parametrize("url", ["127.0.0.1:15180", "ftp://127.0.0.1", "http://", "nonsense", ""])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(InvalidRequest, match=r"expected one such as http://127\.0\.0\.1:15180"):
        Workbench.connect(url)


@pytest.mark.parametrize(("status", "body"), [(200, b"<html>"), (200, b"[]"), (404, b"{}"), (200, b'{"format": 99}')])
def test_something_else_answers(status: int, body: bytes) -> None:
    class Stranger(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Stranger) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with pytest.raises(Unavailable, match="is no workbench"):
            Workbench.connect(f"http://127.0.0.1:{server.server_port}")
        thread.join()


def test_a_token_opens_what_is_closed(hub: Hub) -> None:
    rules = AccessRules(Tokens([Token.of("tester", SECRET)]), reads_need_scope=True)
    with LiveApi(hub, api_access=rules) as live:
        url = f"http://{live.base}"
        for token in (None, "wrong"):
            with pytest.raises(Unauthorized) as caught:
                Workbench.connect(url, token)
            assert "wrong" not in str(caught.value)
        with Workbench.connect(url, SECRET) as wb:
            assert len(wb.crates) == 7
            told: list[Event] = []
            wb.subscribe(told.extend)
            assert wb.sql("SELECT count(*) AS n FROM crates")["n"].tolist() == [7]


def test_an_answer_that_the_server_cut_off_is_refused(hub: Hub) -> None:
    with LiveApi(hub, query_limits=QueryLimits(rows=3)) as live, Workbench.connect(f"http://{live.base}") as wb:
        with pytest.raises(QueryError, match="more than the server's 3 rows: add a LIMIT"):
            wb.sql("SELECT name FROM crates")
        assert len(wb.sql("SELECT name FROM crates LIMIT 3")) == 3


def test_a_refusal_is_the_same_error_as_there() -> None:
    error = error_named("unknown-crate", "no", {"nearest": ["a"], "message": "x"})
    assert (type(error), error.details) == (UnknownCrate, {"nearest": ["a"]})
    unknown = error_named("teapot", "short", {})
    assert (type(unknown), unknown.details["code"]) == (RemoteError, "teapot")


def test_a_stopped_listener_leaves_no_thread(wb: Workbench) -> None:
    stop = wb.subscribe(lambda events: None)
    assert "workbench-follower" in {thread.name for thread in threading.enumerate()}
    stop()
    until(lambda: "workbench-follower" not in {thread.name for thread in threading.enumerate()})


def test_causes_are_not_made_up_where_none_are_kept(served: LiveApi) -> None:
    with (
        Workbench.connect(f"http://{served.base}") as wb,
        pytest.raises(Unavailable, match="where the fleet is followed"),
    ):
        wb.why("vault")
