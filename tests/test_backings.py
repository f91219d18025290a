"""One behaviour over three backings: this process, a running server, and published files."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from benchmarks.fleet import Generator
from tests.api.conftest import LiveApi
from workbench import Workbench
from workbench.config import sample_fleet
from workbench.errors import InvalidPort, NotFound, QueryError, UnknownCrate, UnknownRevision
from workbench.fleet.whatif import AddCrate
from workbench.hub import Hub, HubOptions
from workbench.queries.query_pool import close_pool
from workbench.tables.hub_tables import TABLE_NAMES


class Backed:
    """A fleet, once for each backing."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.hub = Hub([root], HubOptions(watch=False))
        self.hub.scan_once()
        self.live = LiveApi(self.hub)
        self.live.__enter__()
        self.scan = Workbench(self.hub)
        self.open = Workbench.open(self.scan.publish(folder).parent)
        self.connect = Workbench.connect(f"http://{self.live.base}")

    def close(self) -> None:
        self.connect.close()
        self.live.__exit__(None, None, None)
        close_pool(self.hub)


@pytest.fixture(scope="module")
def backed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backed]:
    made = Backed(tmp_path_factory.mktemp("published"), sample_fleet())
    yield made
    made.close()


@pytest.fixture(scope="module", params=["scan", "connect", "open"])
def wb(request: pytest.FixtureRequest, backed: Backed) -> Workbench:
    chosen: Workbench = getattr(backed, request.param)
    return chosen


def as_json(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS))


@pytest.mark.parametrize("name", TABLE_NAMES)
def test_every_frame_is_the_same(wb: Workbench, backed: Backed, name: str) -> None:
    frame, expected = getattr(wb, name), getattr(backed.scan, name)
    assert_frame_equal(frame, expected)
    assert all(isinstance(dtype, pd.ArrowDtype) for dtype in frame.dtypes)
    assert len(frame) or name in ("registrations", "observed")
    frame[frame.columns[0]] = None  # it is one's own
    assert_frame_equal(getattr(wb, name), expected)


def test_what_is_said_of_the_whole_is_the_same(wb: Workbench, backed: Backed) -> None:
    scan = backed.scan
    assert (wb.revision, wb.taken_at, wb.port_plan) == (scan.revision, scan.taken_at, scan.port_plan)
    assert (wb.summary(), repr(wb), wb._repr_html_()) == (scan.summary(), repr(scan), scan._repr_html_())
    assert wb.summary()["crates"] == 54
    status = wb.status()
    assert (status["revision"], status["fleet"]) == (scan.revision, scan.summary())


def test_sql_answers_the_same(wb: Workbench, backed: Backed) -> None:
    query = """
        SELECT p.crate, c.retrofit_at, list(p.port ORDER BY p.port) AS ports, count(*) AS n, avg(p.confidence) AS sure
        FROM ports p JOIN crates c ON c.name = p.crate WHERE p.role = $role AND p.port > $least
        GROUP BY ALL ORDER BY p.crate
    """
    answer = wb.sql(query, role="owner", least=18000)
    assert len(answer) > 10
    assert_frame_equal(answer, backed.scan.sql(query, role="owner", least=18000))
    assert wb.sql("SELECT count(*) AS n FROM events")["n"].tolist() == [len(wb.events)]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("DROP TABLE crates", "only SELECT is allowed, not DROP"),
        ("SELECT nme FROM crates", "nme"),
        ("SELECT 1; SELECT 2", "expected one SELECT, found 2"),
        ("SELECT * FROM read_text('/etc/passwd')", "(?i)disabled|not allowed|permission"),
    ],
)
def test_sql_that_is_wrong_or_would_write_is_refused(wb: Workbench, query: str, said: str) -> None:
    with pytest.raises(QueryError, match=said) as caught:
        wb.sql(query)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_crate_is_the_same(wb: Workbench, backed: Backed) -> None:
    for name in backed.scan.crates["name"].unique():
        assert as_json(dict(wb.crate(name))) == as_json(dict(backed.scan.crate(name)))
    assert wb.crate("ctas7-harbourmaster").name == "port-manager"
    assert "18103" in wb.crate("port-manager")._repr_html_()


def test_an_unknown_crate_names_the_nearest(wb: Workbench) -> None:
    with pytest.raises(UnknownCrate, match=r'no crate is named "port-manger"; did you mean port-manager') as caught:
        wb.crate("port-manger")
    assert caught.value.details["nearest"][0] == "port-manager"


def test_a_port_is_the_same(wb: Workbench, backed: Backed) -> None:
    for port in (18001, 18103, 50051, 1, 65535):
        mine, its = as_json(wb.port(port)), as_json(backed.scan.port(port))
        assert mine.pop("observation").keys() == its.pop("observation").keys()
        assert mine == its
    with pytest.raises(InvalidPort, match="a port"):
        wb.port(65536)


def test_the_graph_the_plan_and_the_repair_are_the_same(wb: Workbench, backed: Backed) -> None:
    graph, expected = wb.graph, backed.scan.graph
    assert dict(graph.nodes(data=True)) == dict(expected.nodes(data=True))
    assert sorted(map(repr, graph.edges(data=True))) == sorted(map(repr, expected.edges(data=True)))
    assert wb.repair() == backed.scan.repair()
    assert wb.plan(*wb.repair()).patch == backed.scan.plan(*backed.scan.repair()).patch
    added = AddCrate("new", {"http": 18001})
    assert repr(wb.plan(added)) == repr(backed.scan.plan(added))


def test_its_own_revision_can_be_asked_for_again(wb: Workbench) -> None:
    assert wb.at(wb.revision).summary() == wb.summary()
    assert wb.at(wb.history["taken_at"].iloc[-1].to_pydatetime()).revision == wb.revision
    assert wb.diff(wb.revision, wb.revision)["crates"] == []
    with pytest.raises(UnknownRevision, match="there is no revision 99"):
        wb.at(99)


def test_the_pages_show_themselves(wb: Workbench) -> None:
    for page in (wb.pages.fleet(), wb.pages.ports(), wb.pages.findings(), wb.topology()):
        assert page.__panel__() is not None


def test_an_unknown_table_and_tab_completion(wb: Workbench) -> None:
    with pytest.raises(NotFound, match=r'there is no table "crate"; there are crates, ports'):
        wb.table("crate")
    assert {*TABLE_NAMES, "sql", "graph", "publish"} <= set(dir(wb))
    assert list(wb.assignments) == []
    assert wb.newest_events(1)[0].type == "fleet.revision"


def test_a_published_fleet_can_be_published_again(wb: Workbench, tmp_path: Path) -> None:
    wb.publish(tmp_path)
    again = Workbench.open(tmp_path)
    assert_frame_equal(again.findings, wb.findings)
    assert again.summary() == wb.summary()


def test_a_refresh_of_what_did_not_change_makes_no_revision(wb: Workbench) -> None:
    assert wb.refresh() == wb.revision == asyncio.run(wb.refresh_async())


@pytest.mark.slow
@pytest.mark.parametrize("count", [2_000])
def test_a_generated_fleet_is_the_same_everywhere(tmp_path: Path, count: int) -> None:
    Generator(tmp_path / "fleet", count, ballast=False).write()
    backed = Backed(tmp_path / "out", tmp_path / "fleet")
    try:
        assert len(backed.scan.crates) == count
        for name in TABLE_NAMES:
            expected = backed.scan.table(name)
            assert_frame_equal(backed.connect.table(name), expected)
            assert_frame_equal(backed.open.table(name), expected)
        for wb in (backed.connect, backed.open):
            assert wb.snapshot.tally == backed.scan.snapshot.tally
            assert [item.message for item in wb.snapshot.findings] == [
                item.message for item in backed.scan.snapshot.findings
            ]
            assert set(wb.graph.edges) == set(backed.scan.graph.edges)
    finally:
        backed.close()
