"""The SQL page by what a person sees and does."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.server import WIDTHS

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", WIDTHS, indirect=True)
def test_an_example_is_asked_and_drawn(page: Page) -> None:
    page.goto("/sql")
    page.get_by_role("link", name="Which crates do most others depend on?").click()
    expect(page.get_by_text("15 rows · revision")).to_be_visible()
    expect(page.locator(".tabulator-row").first).to_contain_text("foundation-core")
    page.get_by_label("Chart").select_option("bars")
    expect(page.locator(".bk-Canvas")).to_be_visible()
    page.wait_for_url("**chart=bars**")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_query_is_written_corrected_and_run_by_the_keyboard(page: Page) -> None:
    page.goto("/sql")
    editor = page.get_by_label("Query: one SELECT")
    editor.fill("SELECT nam FROM crates")
    editor.press("Control+Enter")
    expect(page.get_by_role("alert").filter(has_text="Line 1, column 8")).to_be_visible()
    expect(page.get_by_text("Did you mean name")).to_be_visible()
    editor.fill("SELECT name FROM crates ORDER BY name LIMIT 4")
    editor.press("Control+Enter")
    expect(page.get_by_text("4 rows · revision")).to_be_visible()
    page.wait_for_url(re.compile("LIMIT%204"))
    page.reload()
    expect(page.get_by_text("4 rows · revision")).to_be_visible()


def test_a_long_query_is_cancelled(page: Page) -> None:
    page.goto(f"/sql?sql={quote('SELECT count(*) FROM range(100000000000) AS a, range(100000) AS b')}")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("The query was cancelled").or_(page.get_by_text("the query was cancelled"))).to_be_visible()
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_enabled()


def test_an_answer_is_downloaded(page: Page) -> None:
    page.goto(f"/sql?sql={quote('SELECT 18020 AS port')}")
    expect(page.get_by_text("1 row · revision")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_text("Download CSV").click()
    assert download.value.path().read_text().splitlines() == ["port", "18020"]


def test_a_query_is_saved_in_this_browser(page: Page) -> None:
    page.goto(f"/sql?sql={quote('SELECT 7 AS seven')}")
    page.get_by_label("Name of the query").fill("<b>sevens</b>")
    page.get_by_role("button", name="Save the query that was run").click()
    page.goto("/sql")
    page.get_by_role("link", name="<b>sevens</b>").click()
    expect(page.locator(".tabulator-col-title").filter(has_text="seven")).to_be_visible()
    page.get_by_role("button", name="Remove <b>sevens</b>").click()
    expect(page.get_by_role("link", name="<b>sevens</b>")).to_have_count(0)


def test_a_name_of_a_column_is_no_markup(page: Page) -> None:
    name = "<img src=nowhere onerror=document.title='owned'>"
    query = quote(f'SELECT 1 AS "{name}"')
    page.goto(f"/sql?sql={query}")
    title = page.locator(".tabulator-col-title").filter(has_text="<img")
    expect(title).to_be_visible()
    title.hover()
    expect(page).to_have_title("SQL · Crate Workbench")
