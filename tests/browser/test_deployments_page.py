"""Deploying at the page, by what a person sees and does, with real processes behind it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.served_fleet import SECRET
from tests.browser.server import WIDTHS, ServedFleet
from tests.conftest import wait_for
from tests.demo import commands, free_pairs, write_fleet
from workbench.config import sample_settings

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedFleet]:
    folder = tmp_path_factory.mktemp("deployed") / "fleet"
    write_fleet(folder, dict(zip(["atlas", "beacon"], free_pairs(2), strict=True)))
    text = sample_settings().read_text("utf-8")
    (folder / "workbench.toml").write_text(text.replace("interval = 0.3", "interval = 0.1"), "utf-8")
    shutil.copy(sample_settings().parent / "service.py", folder)
    served = ServedFleet(folder)
    yield served
    served.close()
    state: Path = folder.parent / "state"
    shutil.rmtree(state, ignore_errors=True)
    wait_for(lambda: commands(state) == [])


def present(page: Page) -> None:
    field = page.get_by_label("Token", exact=True)
    field.fill(SECRET)
    field.press("Enter")
    expect(page.get_by_text("You act as operator.").filter(visible=True).first).to_be_visible()


def ask(page: Page, version: str) -> None:
    crate, field = page.get_by_label("Crate", exact=True), page.get_by_label("Version", exact=True)
    crate.fill("atlas")
    crate.press("Tab")
    field.fill(version)
    field.press("Tab")
    expect(page.get_by_label("Plan")).to_contain_text(f"start {version} on")
    page.get_by_role("button", name="Deploy", exact=True).click()


def test_a_crate_is_deployed_followed_and_rolled_back(page: Page) -> None:
    other = page.context.new_page()
    other.goto("/deployments")
    page.goto("/deployments")
    expect(page.get_by_text("Nothing was deployed from here yet.")).to_be_visible()
    crate = page.get_by_label("Crate", exact=True)
    crate.fill("atlas")
    crate.press("Tab")
    expect(page.get_by_text("Enter the token to deploy, and to see the commands.")).to_be_visible()
    expect(page.get_by_role("button", name="Deploy", exact=True)).to_be_disabled()
    assert "service.py" not in page.content()
    present(page)
    expect(page.get_by_label("Plan")).to_contain_text("service.py start")
    for version in ("1.0.0", "2.0.0"):
        ask(page, version)
        details = page.get_by_role("heading", name=f"atlas {version} succeeded")
        expect(details).to_be_visible()
        expect(page.get_by_role("log")).to_contain_text(f"started atlas {version} on")
    expect(page.get_by_label("Steps").locator("li.done")).to_have_count(6)
    expect(other.locator(".tabulator-row")).to_have_count(2)

    page.get_by_role("button", name="Roll back …").click()
    expect(page.get_by_text("Send atlas back to 1.0.0? 2.0.0 ends.")).to_be_visible()
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.get_by_role("heading", name="atlas 2.0.0 rolled back")).to_be_visible()
    expect(page.get_by_text("Serves now: 1.0.0")).to_be_visible()
    expect(page.get_by_role("button", name="Roll back …")).to_have_count(0)
    address = page.url
    other.goto(address)
    expect(other.get_by_role("heading", name="atlas 2.0.0 rolled back")).to_be_visible()


def test_a_version_that_no_command_is_given(page: Page) -> None:
    page.goto("/deployments?crate=atlas")
    present(page)
    field = page.get_by_label("Version", exact=True)
    field.fill("; rm -rf /")
    field.press("Tab")
    expect(page.get_by_role("alert").filter(visible=True)).to_contain_text("No plan: version: expected 1 to 64 letters")
    expect(page.get_by_role("button", name="Deploy", exact=True)).to_be_disabled()


def test_a_deployment_is_cancelled(page: Page) -> None:
    page.goto("/deployments")
    present(page)
    ask(page, "3.0.0-bad")
    page.get_by_role("button", name="Cancel …").click()
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.get_by_role("heading", name="atlas 3.0.0-bad cancelled")).to_be_visible()


@pytest.mark.parametrize("width", WIDTHS, indirect=True)
def test_it_fits_every_window(page: Page, width: int) -> None:
    page.goto("/deployments?crate=beacon")
    expect(page.get_by_label("Plan")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
