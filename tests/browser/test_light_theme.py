"""The light theme: asked for by the system or by the button, kept by the browser, and never a flash of the other."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.server import ServedFleet

pytestmark = pytest.mark.browser

LIGHT = "rgb(241, 245, 249)"
DARK = "rgb(15, 23, 42)"


def background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


@pytest.mark.parametrize(("wish", "color"), [("light", LIGHT), ("dark", DARK)])
def test_the_system_is_followed(browser: Browser, fleet: ServedFleet, wish: str, color: str) -> None:
    context = browser.new_context(base_url=fleet.url, color_scheme=wish)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto("/ports", wait_until="commit")
    page.locator("body").wait_for(state="attached")
    assert background(page) == color, "before anything is drawn"
    context.close()


def test_the_choice_is_kept_and_reaches_every_part(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto("/ports")
    expect(page.locator(".bk-Canvas").first).to_be_visible()
    button = page.get_by_role("button", name="Light theme")
    expect(button).to_have_attribute("aria-pressed", "false")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    assert background(page) == LIGHT
    assert [(item["name"], item["value"]) for item in page.context.cookies()] == [("workbench-theme", "light")]
    figure = page.locator(".bk-Figure").first
    assert "invert" in figure.evaluate("node => getComputedStyle(node).filter")
    expect(page.get_by_label("Details").locator("h2")).to_have_css("color", "rgb(15, 23, 42)")
    page.goto("/fleet")
    assert background(page) == LIGHT
    button.click()
    assert background(page) == DARK


def test_a_figure_is_saved_in_the_theme_that_the_page_wears(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.goto("/topology?class=gateway")
    expect(page.get_by_text("showing")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("button", name="SVG", exact=True).click()
    svg = saved.value.path().read_text("utf-8")
    assert '<rect width="100%" height="100%" fill="rgb(255, 255, 255)"/>' in svg
    assert "#e2e8f0" not in svg, "names would be light on light"
