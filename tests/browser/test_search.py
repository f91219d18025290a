"""The search in the frame by what a person sees and does."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.server import WIDTHS

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", WIDTHS, indirect=True)
def test_from_any_page_to_a_crate_by_the_keyboard(page: Page) -> None:
    page.goto("/ports")
    expect(page.get_by_label("Legend")).to_be_visible()
    page.keyboard.press("Control+k")
    dialog = page.get_by_role("dialog", name="Search the fleet")
    expect(dialog).to_contain_text("Type a name")
    page.keyboard.type("meridian")
    expect(dialog.get_by_role("option", selected=True)).to_contain_text("ctas7-meridian-daemon")
    page.keyboard.press("ArrowDown")
    expect(dialog.get_by_role("option", selected=True)).not_to_contain_text("ctas7-meridian-daemon orchestrator")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/fleet\?crate=ctas7-meridian-daemon"))
    expect(page.get_by_label("Details").locator("h2")).to_contain_text("ctas7-meridian-daemon")


def test_each_kind_leads_to_its_page(page: Page) -> None:
    page.goto("/fleet")
    for text, group, url in (
        ("18151", "Ports", r"/ports\?port=18151"),
        ("nats", "Services outside the fleet", r"/topology\?.*node=external"),
        ("decoy", "Findings", r"/findings\?finding=[0-9a-f]{12}"),
    ):
        page.get_by_role("button", name="Search").click()
        page.get_by_role("combobox", name="Search crates").fill(text)
        page.get_by_role("group", name=group).get_by_role("option").first.click()
        page.wait_for_url(re.compile(url))


def test_nothing_found_is_said_and_escape_closes(page: Page) -> None:
    page.goto("/topology")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("combobox", name="Search crates").fill("<b>nothing</b>")
    expect(page.get_by_text("Nothing of this name.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Search the fleet")).not_to_be_visible()
