"""The SQL page: questions, answers, mistakes, and what a chart is drawn of."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from workbench import Workbench
from workbench.config import sample_fleet
from workbench.dashboards import query_run
from workbench.dashboards.address import LONGEST_PASSAGE, Address
from workbench.dashboards.result_chart import MOST_BARS, result_chart
from workbench.dashboards.result_table import Result, result_of, result_table
from workbench.dashboards.sql_examples import EXAMPLES, table_list
from workbench.dashboards.sql_page import SqlPage
from workbench.dashboards.table_view import AS_USUAL
from workbench.queries.query_pool import Answer
from workbench.store.query import query_tables
from workbench.store.query_worker import arrow_stream

ENDLESS = "SELECT count(*) FROM range(100000000000) AS a, range(100000) AS b"


@pytest.fixture(scope="module")
def wb() -> Iterator[Workbench]:
    with Workbench.scan(sample_fleet()) as wb:
        yield wb


@pytest.fixture
def page(wb: Workbench) -> Iterator[SqlPage]:
    page = SqlPage(wb)
    yield page
    page.query.cancel()
    for follower in page.followers:
        follower.stop()


@pytest.fixture
def ask(page: SqlPage, wait_for: Callable[..., None]) -> Callable[[str], str]:
    def ask(sql: str) -> str:
        page.editor.value = sql
        page.run()
        wait_for(lambda: not page.run_button.disabled, 30)
        return str(page._said.object)

    return ask


def result(table: pa.Table, is_truncated: bool = False) -> Result:
    return result_of(Answer([], table.num_rows, is_truncated, arrow_stream(table)), 3)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.question)
def test_an_example_has_an_answer(wb: Workbench, example: Any) -> None:
    assert len(wb.sql(example.sql)) > 0


def test_every_table_that_can_be_asked_is_listed(wb: Workbench) -> None:
    listed = table_list()
    for name, table in query_tables(wb.snapshot, []).items():
        assert f"<code>{name}</code>" in listed
        assert all(f"<code>{column}</code>" in listed for column in table.column_names)


def test_an_answer_is_a_table(page: SqlPage, ask: Callable[[str], str]) -> None:
    said = ask("SELECT name, 7 AS seven FROM crates ORDER BY name LIMIT 3")
    assert "3 rows · revision 1" in said
    assert page.result is not None
    assert list(page.result.frame["c1"]) == [7, 7, 7]
    (table,) = page._table
    assert table.titles == {"c0": "name", "c1": "seven"}
    assert page.cancel_button.disabled


def test_a_mistake_is_told_with_its_place_and_the_nearest_names(page: SqlPage, ask: Callable[[str], str]) -> None:
    said = ask("SELECT\n  nam FROM crates WHERE '<b>' = ''")
    assert "Line 2, column 3" in said
    assert "<code>name</code>" in said
    assert "  nam FROM crates WHERE &#39;&lt;b&gt;&#39; = &#39;&#39;\n  ^" in said
    assert list(page._table) == []


def test_a_long_answer_is_cut_and_says_so(
    page: SqlPage, ask: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_run, "SHOWN_ROWS", 5)
    assert '5 rows · <span class="warning">cut off here' in ask("SELECT * FROM range(6)")
    assert "cut off" not in ask("SELECT * FROM range(5)")


def test_a_query_is_cancelled(page: SqlPage, wait_for: Callable[..., None], ask: Callable[[str], str]) -> None:
    page.editor.value = ENDLESS
    page.run()
    assert page.run_button.disabled
    page.query.cancel()
    wait_for(lambda: not page.run_button.disabled, 30)
    assert "cancelled" in page._said.object
    assert "1 row " in ask("SELECT 1")


def test_a_newer_revision_makes_an_answer_old(
    followed: Workbench, write_manifest: Callable[..., Path], wait_for: Callable[..., None]
) -> None:
    page = SqlPage(followed)
    page.editor.value = "SELECT count(*) FROM crates"
    page.run()
    wait_for(lambda: page.result is not None, 30)
    assert "run it again" not in page._said.object
    write_manifest("beta")
    wait_for(lambda: "the fleet is at revision 2 now; run it again" in page._said.object)
    for follower in page.followers:
        follower.stop()


def test_a_link_asks_its_query_and_draws_its_chart(wb: Workbench, wait_for: Callable[..., None]) -> None:
    location = SimpleNamespace(
        search="?sql=SELECT%20name%2C%201%20AS%20one%2C%202%20AS%20two%0AFROM%20crates&chart=bars&x=name&y=one"
    )
    page = SqlPage(wb, address=Address(location))
    assert page.editor.value == "SELECT name, 1 AS one, 2 AS two\nFROM crates"
    wait_for(lambda: page.result is not None, 30)
    wait_for(lambda: len(page._chart) == 1)
    assert (page.across.value, page.up.value) == (0, 1)
    page.kind.value = "no chart"
    assert location.search == "?sql=SELECT%20name,%201%20AS%20one,%202%20AS%20two%0AFROM%20crates"
    for follower in page.followers:
        follower.stop()


@pytest.mark.parametrize("value", ["SELECT%001", "%1B[31m", "x" * (LONGEST_PASSAGE + 1)])
def test_a_passage_that_is_no_text_is_not_believed(value: str) -> None:
    assert Address(SimpleNamespace(search=f"?sql={value}")).passage("sql") == ""


def test_cells_are_numbers_where_a_browser_counts_exactly() -> None:
    table = pa.table({
        "n": [1, None], "big": [2**60, 1], "x": [0.5, None], "odd": [float("inf"), 1.0],
        "list": [["a"], None], "flag": [True, None],
    })  # fmt: skip
    shown = result(table)
    assert shown.numeric == (0, 2)
    assert [shown.frame[name].iloc[0] for name in shown.frame] == [1.0, str(2**60), 0.5, "inf", '["a"]', "true"]
    assert list(shown.frame["c4"]) == ['["a"]', None]


def test_names_of_columns_are_escaped_and_may_repeat() -> None:
    table = pa.table([pa.array([1]), pa.array([2])], names=["<img src=x>", "<img src=x>"])
    widget = result_table(result(table), AS_USUAL, lambda: None).widget
    assert set(widget.titles.values()) == {"&lt;img src=x&gt;"}
    assert widget.value.shape == (1, 2)


def test_bars_of_equal_names_are_apart_and_bounded() -> None:
    table = pa.table({"name": ["same"] * (MOST_BARS + 5), "n": list(range(MOST_BARS + 5))})
    plot = result_chart(result(table), "bars", 0, 1)
    factors = plot.y_range.factors
    assert len(factors) == len(set(factors)) == MOST_BARS
    assert {factor.rstrip("\u200b") for factor in factors} == {"same"}


def test_a_line_leaves_out_what_is_missing_and_goes_from_left_to_right() -> None:
    table = pa.table({"x": [3, 1, None], "y": [30.0, 10.0, 5.0]})
    (line, dots) = result_chart(result(table), "line", 0, 1).renderers
    assert line.data_source.data == {"x": [1.0, 3.0], "y": [10.0, 30.0]}
    assert dots.data_source is line.data_source
