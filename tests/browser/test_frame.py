"""The frame around the pages: navigation, focus, and the way back after the server was away."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.server import ServedFleet

pytestmark = pytest.mark.browser


def test_the_pages_lead_to_each_other(page: Page) -> None:
    page.goto("/fleet")
    for name in ("Ports", "Topology", "Fleet"):
        page.get_by_role("navigation").get_by_role("link", name=name).click()
        expect(page.get_by_role("navigation").locator("[aria-current]")).to_have_text(name)
        expect(page.get_by_label("Details")).to_be_visible()
    expect(page).to_have_title("Fleet · Crate Workbench")


def test_back_returns_to_what_was_seen(page: Page) -> None:
    page.goto("/ports?port=18000")
    expect(page.get_by_label("Details").locator("h2")).to_contain_text("18000")
    field = page.get_by_label("Port", exact=True)
    field.fill("18001")
    field.press("Enter")
    page.wait_for_url("**/ports?port=18001")
    page.go_back()
    expect(page.get_by_label("Details").locator("h2")).to_contain_text("18000")


def test_the_first_tab_stop_leads_to_the_content(page: Page) -> None:
    page.goto("/fleet")
    expect(page.get_by_label("Details")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")


@pytest.mark.parametrize("width", [390], indirect=True)
@pytest.mark.parametrize(
    ("name", "targets"),
    [
        ("fleet", ["nav a", ".bk-input", ".wb-check label", ".tabulator-row", ".tabulator-page"]),
        ("topology", [".bk-btn-group .bk-btn"]),
    ],
)
def test_what_is_touched_is_large_enough(page: Page, name: str, targets: list[str]) -> None:
    page.goto(f"/{name}")
    for target in targets:
        expect(page.locator(target).first).to_be_visible()
        box = page.locator(target).first.bounding_box()
        assert box is not None
        assert box["height"] >= 44, target


def test_a_page_returns_by_itself_when_the_server_does(browser: Browser, fleet: ServedFleet) -> None:
    context = browser.new_context(base_url=fleet.url)
    page = context.new_page()
    page.goto("/fleet?crate=port-manager")
    expect(page.get_by_label("Details").locator("h2")).to_contain_text("port-manager")
    fleet.restart()
    expect(page.get_by_text("Connection to the workbench lost")).to_be_visible(timeout=15_000)
    expect(page.get_by_text("Connection to the workbench lost")).to_be_hidden(timeout=20_000)
    expect(page.get_by_label("Details").locator("h2")).to_contain_text("port-manager")
    context.close()
