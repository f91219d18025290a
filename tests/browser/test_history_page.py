"""The history page by what a person sees and does."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.server import WIDTHS, ServedFleet, served_sample
from tests.browser.table import select_row

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedFleet]:
    """A server of these tests' own: they count revisions."""
    with served_sample(tmp_path_factory.mktemp("served")) as served:
        yield served


def test_a_change_on_disk_becomes_a_revision_and_its_difference(page: Page, fleet: ServedFleet) -> None:
    page.goto("/history")
    expect(page.locator(".tabulator-row").first).to_be_visible()
    manifest = fleet.manifest("geo/terrain")
    manifest.write_text(manifest.read_text("utf-8").replace("18420", "81"), "utf-8")
    changes = page.get_by_label("Changes")
    expect(changes).to_contain_text("privileged-port")
    manifest.unlink()
    expect(changes).to_contain_text("removed")
    expect(page.locator(".tabulator-row")).to_have_count(3)
    select_row(page.locator(".tabulator-row").nth(1), cell=2)
    expect(changes).to_contain_text("privileged-port")
    page.wait_for_url("**/history?from=*&to=*")
    link = page.url
    page.goto("/history")
    expect(changes).to_contain_text("removed")
    page.goto(link)
    expect(changes).to_contain_text("privileged-port")


def test_a_revision_that_is_not_kept_is_said_so(page: Page) -> None:
    page.goto("/history?from=1&to=9999")
    expect(page.get_by_role("alert").filter(has_text="There is no revision 9999")).to_be_visible()


@pytest.mark.parametrize("width", WIDTHS, indirect=True)
def test_history_fits_every_window(page: Page) -> None:
    page.goto("/history")
    expect(page.locator(".tabulator-row").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_link_that_was_copied_leads_to_that_revision_and_back_to_now(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/findings?severity=error")
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    page.goto(page.evaluate("navigator.clipboard.readText()"))
    banner = page.get_by_label("Revision")
    expect(banner).to_contain_text("not live")
    expect(page.get_by_label("Severity")).to_have_value("error")
    page.get_by_role("navigation").get_by_role("link", name="Ports").click()
    expect(banner).to_contain_text("not live")
    expect(page.get_by_text("Look up a port")).to_be_visible()
    banner.get_by_role("link", name="Back to now").click()
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    assert "revision" not in page.url
