"""The frame around the pages: navigation, back and forward, focus, and the way back after the server was away."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.server import ServedFleet
from tests.browser.table import select_row

pytestmark = pytest.mark.browser


def test_the_pages_lead_to_each_other(page: Page) -> None:
    page.goto("/fleet")
    for name in ("Ports", "Topology", "Fleet"):
        page.get_by_role("navigation").get_by_role("link", name=name).click()
        expect(page.get_by_role("navigation").locator("[aria-current]")).to_have_text(name)
        expect(page.get_by_label("Details")).to_be_visible()
    expect(page).to_have_title("Fleet · Crate Workbench")


def test_back_and_forward_restore_filters_and_selection_without_a_reload(page: Page) -> None:
    page.goto("/fleet")
    page.evaluate("window.loads = 1")
    shown = page.get_by_text(re.compile(r"^\d+ of \d+ shown$"))
    typed = page.locator(".tabulator-header-filter input").first
    chosen, details = page.get_by_label("Class", exact=True), page.get_by_label("Details").locator("h2")
    chosen.select_option("gateway")
    page.wait_for_url(re.compile("class=gateway$"))
    typed.press_sequentially("ingress")
    page.wait_for_url(re.compile(r"where\.name=ingress$"))
    select_row(page.locator(".tabulator-row").first, 1)
    page.wait_for_url(re.compile(r"crate=public-ingress"))
    page.go_back()
    expect(details.first).not_to_contain_text("public-ingress")
    expect(typed).to_have_value("ingress")
    page.go_back()
    expect(typed).to_have_value("")
    page.go_back()
    expect(chosen).to_have_value("all classes")
    expect(shown).to_have_text("56 of 56 shown")
    for _ in range(3):
        page.go_forward()
    expect(details.first).to_contain_text("public-ingress")
    expect(typed).to_have_value("ingress")
    assert page.evaluate("window.loads") == 1


def test_back_restores_the_order_and_the_page_of_a_table(page: Page) -> None:
    page.goto("/fleet?sort=-errors&page=2")
    first, order = page.locator(".tabulator-row").first, page.locator('[tabulator-field="errors"][aria-sort]').first
    expect(first).to_contain_text("runbook-library")
    expect(order).to_have_attribute("aria-sort", "descending")
    expect(page.locator(".tabulator-page.active")).to_have_text("2")
    page.locator('.tabulator-page[data-page="1"]').click()
    page.wait_for_url(re.compile(r"sort=-errors$"))
    expect(first).to_contain_text("drill-simulator")
    page.locator('[tabulator-field="errors"] .tabulator-col-title').click()
    page.wait_for_url(re.compile(r"sort=errors$"))
    expect(order).to_have_attribute("aria-sort", "ascending")
    page.go_back()
    page.go_back()
    expect(first).to_contain_text("runbook-library")
    expect(order).to_have_attribute("aria-sort", "descending")
    expect(page.locator(".tabulator-page.active")).to_have_text("2")


def test_a_link_to_the_same_page_is_followed_without_a_reload(page: Page) -> None:
    page.goto("/topology?node=crate:port-manager")
    page.evaluate("window.loads = 1")
    page.get_by_label("Details").get_by_role("link", name="What it needs").click()
    expect(page.get_by_label("Reach").locator("h2")).to_have_text("What port-manager needs")
    page.go_back()
    expect(page.get_by_label("Show")).to_have_value("whole fleet")
    assert page.evaluate("window.loads") == 1


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


def test_nothing_is_called_live_once_the_connection_is_lost(browser: Browser, fleet: ServedFleet) -> None:
    page = browser.new_page(base_url=fleet.url)
    page.goto("/fleet")
    expect(page.locator(".pulse .dot")).to_have_text("live")
    page.route("**/fleet", lambda route: route.abort())
    page.evaluate("""document.dispatchEvent(
        new CustomEvent("wb-connection-lost", { detail: { connection: { deref: () => undefined } } }))""")
    expect(page.locator(".pulse .dot")).to_have_text("not live")
    page.close()
