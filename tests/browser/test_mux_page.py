"""The Mux page by what a person sees: services with ages that tick, the merged topology, and a Mux that goes away."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.server import WIDTHS, ServedFleet, served_sample
from tests.browser.table import rows, select_row
from tests.mux.fake_mux import FakeMux

pytestmark = pytest.mark.browser

SERVICES = [
    {"id": "port-manager", "name": "Port Manager", "port": 18103, "health_status": "healthy"},
    {"id": "night-watch", "name": "Night Watch", "port": 19999, "health_status": "degraded"},
]


@pytest.fixture(scope="module")
def mux() -> Iterator[FakeMux]:
    with FakeMux({"/status": {"services": SERVICES}}) as server:
        yield server


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, mux: FakeMux) -> Iterator[ServedFleet]:
    with served_sample(tmp_path_factory.mktemp("served"), f'[mux]\nurl = "{mux.url}"\ninterval = 1\n') as served:
        yield served


@pytest.mark.parametrize("width", WIDTHS, indirect=True)
def test_the_page_fits_every_window(page: Page) -> None:
    page.goto("/mux")
    expect(page.get_by_text("Event log")).to_be_visible()
    expect(rows(page).filter(has_text="Night Watch").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_service_leads_to_its_crate(page: Page) -> None:
    page.goto("/mux")
    select_row(rows(page).filter(has_text="Port Manager").first)
    details = page.get_by_label("Details")
    expect(details).to_contain_text("known by its id")
    page.wait_for_url("**/mux?service=port-manager")
    page.reload()
    details.get_by_role("link", name="port-manager").click()
    page.wait_for_url("**/fleet?crate=port-manager")
    expect(page.get_by_label("Details")).to_contain_text("the Mux says")


def test_the_age_goes_on_counting(page: Page, mux: FakeMux) -> None:
    page.goto("/mux")
    event = page.get_by_label("Event log").locator("[data-since]").first
    expect(event).to_have_text(re.compile(r"ago$|^just now$"))
    first = event.inner_text()
    expect(event).not_to_have_text(first)


def test_a_change_and_an_absence_appear_by_themselves(page: Page, mux: FakeMux) -> None:
    page.goto("/mux?standing=seen-undeclared")
    expect(rows(page).filter(has_text="Night Watch").first).to_contain_text("degraded")
    mux.replies["/status"] = {"services": [SERVICES[0], {**SERVICES[1], "health_status": "down"}]}
    expect(rows(page).filter(has_text="Night Watch").first).to_contain_text("unhealthy")
    mux.stop()
    expect(page.get_by_role("heading", name="The Neural Mux is away")).to_be_visible()
    expect(rows(page).filter(has_text="Night Watch").first).to_contain_text("was unhealthy")
    mux.start()
    expect(page.get_by_role("heading", name="The Neural Mux is away")).to_be_hidden()
