"""The fleet page by what a person sees and does."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.server import WIDTHS, ServedFleet
from tests.browser.table import details, open_by_keys, rows, select_row

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", WIDTHS, indirect=True)
def test_figures_and_registry_fit_every_window(page: Page) -> None:
    page.goto("/fleet")
    expect(page.locator(".figure", has_text="crates").first).to_contain_text("54")
    expect(page.locator(".figure", has_text="broken manifests")).to_contain_text("2")
    expect(rows(page)).to_have_count(15)
    expect(page.locator(".figure", has_text="collisions")).to_contain_text("8")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_crate_that_is_searched_for_is_found_and_its_details_opened(page: Page) -> None:
    page.goto("/fleet")
    page.get_by_label("Search", exact=True).press_sequentially("gateway-edge 18020")
    expect(rows(page)).to_have_count(1)
    select_row(rows(page).first, cell=2)
    expect(details(page)).to_contain_text("Terminates client traffic")
    expect(details(page)).to_contain_text("gateway/edge/smart-crate.toml:72")
    expect(details(page)).to_contain_text("not measured")
    expect(details(page).locator(".source li.warning, .source li.error")).not_to_have_count(0)
    page.wait_for_url(re.compile(r"crate=sx9-gateway-edge"))


def test_a_name_can_be_opened_with_the_keyboard(page: Page) -> None:
    page.goto("/fleet?q=meridian-daemon&class=orchestrator")
    expect(rows(page)).to_have_count(1)
    link = rows(page).get_by_role("link", name="ctas7-meridian-daemon")
    open_by_keys(page, link, "Enter", details_tell="ctas7-meridian-daemon")


def test_a_link_holds_filters_and_selection(page: Page) -> None:
    page.goto("/fleet?class=gateway&findings=1&crate=ctas7-field-gateway")
    expect(details(page).locator("h2")).to_contain_text("ctas7-field-gateway")
    expect(page.get_by_label("Class")).to_have_value("gateway")
    expect(page.locator(".tabulator-row.tabulator-selected")).to_contain_text("ctas7-field-gateway")


def test_values_that_make_no_sense_are_ignored(page: Page) -> None:
    page.goto("/fleet?class=%3Cscript%3E&findings=maybe&crate=nobody&manifest=../../etc/passwd")
    expect(rows(page)).to_have_count(15)
    expect(details(page)).to_contain_text("Where to look first")


def test_a_filter_without_a_result_says_so(page: Page) -> None:
    page.goto("/fleet")
    expect(rows(page)).to_have_count(15)
    page.get_by_label("Search", exact=True).press_sequentially("no such crate")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    page.get_by_label("Search", exact=True).fill("")
    expect(rows(page)).to_have_count(15)


def test_a_broken_manifest_is_listed_and_shows_what_is_wrong(page: Page) -> None:
    page.goto("/fleet")
    page.get_by_text("broken: geo/contour-lab").click()
    expect(details(page)).to_contain_text("No crate can be read here")
    expect(details(page).locator(".source li.error")).to_contain_text("illegal character")


def test_an_edit_on_disk_appears_by_itself_and_filter_and_selection_stay(page: Page, fleet: ServedFleet) -> None:
    page.goto("/fleet?q=tile-server&crate=sx9-tile-server")
    expect(details(page).locator("h2")).to_contain_text("sx9-tile-server")
    before = page.get_by_text(re.compile(r"^revision")).inner_text()
    manifest = fleet.manifest("geo/tile-server")
    text = manifest.read_text("utf-8")
    manifest.write_text(re.sub(r'(?m)^version = ".*"', 'version = "77.7.7"', text, count=1), "utf-8")
    expect(rows(page)).to_contain_text(["77.7.7"])
    expect(details(page).locator("h2")).to_contain_text("77.7.7")
    expect(page.get_by_label("Search", exact=True)).to_have_value("tile-server")
    expect(page.locator(".tabulator-row.tabulator-selected")).to_have_count(1)
    expect(page.get_by_text(re.compile(r"^revision"))).not_to_have_text(before)


def test_a_crate_whose_manifest_breaks_stays_and_is_called_stale(page: Page, fleet: ServedFleet) -> None:
    page.goto("/fleet?q=weather-grid&crate=weather-grid")
    expect(details(page).locator("h2")).to_contain_text("weather-grid")
    manifest = fleet.manifest("geo/weather-grid")
    manifest.write_text(manifest.read_text("utf-8") + "\n[broken\n", "utf-8")
    expect(rows(page)).to_contain_text(["stale"])
    expect(details(page)).to_contain_text("last good version")


def test_markup_in_a_manifest_is_inert(page: Page, fleet: ServedFleet) -> None:
    bad = "<script>window.pwned=1</script><img src=x onerror=window.pwned=1>"
    folder = fleet.folder / "zz" / "markup"
    folder.mkdir(parents=True)
    page.goto("/fleet?q=onerror")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    (folder / "smart-crate.toml").write_text(
        f'[smart-crate]\nname = "{bad}"\nversion = "{bad}"\nclassification = "{bad}"\ndescription = "{bad}"\n'
        f'[ports]\n"{bad}" = 18077\n',
        "utf-8",
    )
    expect(rows(page)).to_have_count(1)
    select_row(rows(page).first, cell=1)
    expect(details(page).locator("h2")).to_contain_text("<script>")
    assert page.evaluate("window.pwned") is None
    page.goto("/ports?port=18077")
    expect(details(page)).to_contain_text("<script>")
    page.goto("/topology?q=onerror")
    expect(page.get_by_text("showing 1 of 1 nodes")).to_be_visible()
    assert page.evaluate("window.pwned") is None
