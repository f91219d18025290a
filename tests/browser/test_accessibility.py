"""No page has a serious fault of accessibility, in either theme, on a telephone and on a desk."""

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from workbench.dashboards.frame import PAGES

pytestmark = pytest.mark.browser

GRAVE = {"serious", "critical"}
THEMES: tuple[Literal["dark", "light"], ...] = ("dark", "light")


@pytest.mark.parametrize("width", [390, 1440], indirect=True)
@pytest.mark.parametrize("name", [name for name, _ in PAGES])
def test_axe_finds_nothing_grave(page: Page, name: str) -> None:
    page.goto(f"/{name}")
    expect(page.locator("#wb-loading")).to_have_count(0)
    expect(page.locator(".bk-spin-btn:not([aria-label])")).to_have_count(0)
    expect(page.locator(".tabulator[role=grid]")).to_have_count(0)
    expect(page.locator(".wb-side:not([tabindex])")).to_have_count(0)
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
        faults = [fault for fault in Axe().run(page).response["violations"] if fault["impact"] in GRAVE]
        assert [(fault["id"], [node["target"] for node in fault["nodes"]]) for fault in faults] == [], theme
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
