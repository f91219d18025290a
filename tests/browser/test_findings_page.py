"""The findings page and the events page by what a person sees and does."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.server import WIDTHS, ServedFleet
from tests.browser.table import details, open_by_keys, rows, select_row

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", WIDTHS, indirect=True)
def test_findings_fit_every_window(page: Page) -> None:
    page.goto("/findings")
    expect(page.get_by_text("51 of 51 shown")).to_be_visible()
    expect(details(page)).to_contain_text("owner-collision")
    expect(rows(page)).to_have_count(20)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_from_a_kind_to_the_line_and_to_the_crate(page: Page) -> None:
    page.goto("/findings")
    details(page).get_by_role("link", name="decoy-port").click()
    page.wait_for_url("**/findings?kind=decoy-port")
    expect(rows(page)).to_have_count(1)
    select_row(rows(page).first)
    expect(details(page)).to_contain_text("edge/cache-warmer/cache-warmer.smartcrate.toml:14")
    expect(details(page).locator(".source li.error")).to_have_count(1)
    page.wait_for_url(re.compile(r"finding=[0-9a-f]{12}"))
    page.reload()
    expect(details(page)).to_contain_text("[[ports.mute]]")
    details(page).get_by_role("link", name="cache-warmer").first.click()
    expect(details(page).locator("h2")).to_contain_text("cache-warmer")


def test_a_search_without_a_result_says_so(page: Page) -> None:
    page.goto("/findings?q=nothing-of-this-name&severity=error")
    expect(page.get_by_text("No finding matches these filters.")).to_be_visible()
    expect(page.get_by_label("Severity")).to_have_value("error")


def test_a_row_is_chosen_with_the_keyboard(page: Page) -> None:
    page.goto("/findings?kind=owner-collision")
    stop = page.locator(".tabulator-row[tabindex='0']")
    expect(stop).to_contain_text("port 3000")
    open_by_keys(page, rows(page).first, "ArrowDown", "Enter", details_tell="port 18430")
    expect(stop).to_contain_text("port 18430")


def test_a_finding_appears_and_its_event_too(page: Page, fleet: ServedFleet) -> None:
    page.goto("/findings?kind=privileged-port")
    expect(rows(page)).to_have_count(1)
    manifest = fleet.manifest("geo/terrain")
    manifest.write_text(manifest.read_text("utf-8").replace("18420", "81"), "utf-8")
    expect(rows(page)).to_have_count(2)
    page.goto("/events?topic=crates")
    expect(rows(page).first).to_contain_text("crate.changed")
    select_row(rows(page).first, cell=2)
    expect(details(page).locator("pre")).to_contain_text("geo/terrain/smart-crate.toml")


@pytest.mark.parametrize("width", WIDTHS, indirect=True)
def test_events_fit_every_window(page: Page) -> None:
    page.goto("/events")
    expect(rows(page).filter(has_text="fleet.revision").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
