"""How a table is looked at, in the words of an address and by what it shows."""

from types import SimpleNamespace

import pandas as pd
import pytest

from workbench.dashboards.address import Address
from workbench.dashboards.live_table import LiveTable, TableColumn
from workbench.dashboards.table_view import AS_USUAL, TableView

COLUMNS = (TableColumn("name", "Name", has_filter=True), TableColumn("size", "Size"))
ROWS = pd.DataFrame({"name": ["d", "b", "a", "c", "e"], "size": [3, 1, 2, 1, 9]}, index=["D", "B", "A", "C", "E"])


class Reader:
    """A table of two rows a page, and how often its reader was heard to look at it otherwise."""

    def __init__(self, view: TableView = AS_USUAL, selected: str | None = None) -> None:
        self.looks: list[TableView] = []
        self.table = LiveTable(
            COLUMNS, lambda _: None, page_size=2, view=view, on_look=lambda: self.looks.append(self.table.view)
        )
        self.table.fill(ROWS, selected)

    @property
    def shown(self) -> list[str]:
        page = self.table.widget.page
        return list(self.table.widget.current_view["name"])[2 * page - 2 : 2 * page]


def at(search: str, word: str = "") -> TableView:
    return TableView.at(Address(SimpleNamespace(search=search)), word)


@pytest.mark.parametrize(
    ("search", "word", "view"),
    [
        ("?sort=-errors,name&page=2&where.name=x", "", TableView({"name": "x"}, ("-errors", "name"), 2)),
        ("?nodes.sort=crate&nodes.page=3&nodes.port=1&page=9", "nodes", TableView({"port": "1"}, ("crate",), 3)),
        ("", "", TableView()),
    ],
)
def test_a_view_is_read_from_an_address_and_written_back(search: str, word: str, view: TableView) -> None:
    assert at(search, word) == view
    bar = SimpleNamespace(search="")
    Address(bar).write(**view.words(word))
    assert at(bar.search, word) == view


@pytest.mark.parametrize("search", ["?page=0", "?page=-1", "?page=two", "?page=99999999", "?sort=", "?sort=,-,"])
def test_what_makes_no_sense_is_as_usual(search: str) -> None:
    assert at(search) == TableView()


def test_a_table_opens_as_its_view_says() -> None:
    reader = Reader(TableView(order=("size", "-name"), page=2))
    assert reader.shown == ["a", "d"]
    assert reader.table.view == TableView(order=("size", "-name"), page=2)
    assert reader.looks == []


@pytest.mark.parametrize("view", [TableView(page=9), TableView({"size": "1"}, ("-nothing",), 3)])
def test_columns_and_pages_that_are_not_there_are_left_out(view: TableView) -> None:
    reader = Reader(view)
    assert reader.shown == ["e"]
    assert reader.table.view == TableView(page=3)


def test_the_page_of_the_selected_row_needs_no_word() -> None:
    reader = Reader(selected="C")
    assert reader.shown == ["a", "c"]
    assert reader.table.view == TableView()
    reader.table.widget.page = 1
    assert reader.looks == [TableView(page=1)]


def test_rows_in_another_order_are_shown_from_the_first_on() -> None:
    reader = Reader(TableView(page=3))
    reader.table.widget.sorters = [{"field": "name", "dir": "asc"}]
    assert reader.shown == ["a", "b"]
    assert reader.looks == [TableView(order=("name",))]
    reader.table.widget.filters = [{"field": "name", "type": "like", "value": "c"}]
    assert reader.shown == ["c"]
    assert reader.looks[1:] == [TableView({"name": "c"}, ("name",))]


def test_what_an_address_says_is_no_look_of_the_reader() -> None:
    reader = Reader()
    reader.table.look(TableView({"name": "e"}, ("-size",), 1))
    reader.table.fill(ROWS)
    assert reader.shown == ["e"]
    reader.table.look(TableView())
    reader.table.fill(ROWS)
    assert reader.shown == ["d", "b"]
    assert reader.looks == []


def test_the_page_stays_while_rows_come_and_go() -> None:
    reader = Reader(TableView(page=3))
    reader.table.fill(ROWS.iloc[:3])
    assert reader.shown == ["a"]
    reader.table.fill(ROWS)
    assert reader.shown == ["e"]
