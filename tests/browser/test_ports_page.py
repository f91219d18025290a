"""The ports page by what a person sees and does."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.canvas import click_at, column_of, hover_at
from tests.browser.server import WIDTHS, ServedFleet
from tests.browser.table import details, select_row

pytestmark = pytest.mark.browser


def place_of(page: Page, port: int) -> tuple[float, float]:
    page.wait_for_function("window.Bokeh && Bokeh.documents.length && Bokeh.documents[0].get_model_by_name('port-map')")
    n = column_of(page, "port-map", "port").index(port)
    return column_of(page, "port-map", "x")[n], column_of(page, "port-map", "y")[n]  # type: ignore[return-value]


@pytest.mark.parametrize("width", WIDTHS, indirect=True)
def test_map_and_findings_fit_every_window(page: Page) -> None:
    page.goto("/ports")
    expect(page.get_by_label("Legend")).to_contain_text("46 owned")
    expect(page.get_by_label("Legend")).to_contain_text("8 conflict")
    expect(page.locator("canvas").first).to_be_visible()
    expect(page.locator(".tabulator-row")).to_have_count(10)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_cell_tells_its_owner_and_shows_its_claims_when_clicked(page: Page) -> None:
    page.goto("/ports")
    place = place_of(page, 18430)
    hover_at(page, "port-map", *place)
    expect(page.get_by_text("owner: sx9-hazard-map, ctas7-route-planner")).to_be_visible()
    click_at(page, "port-map", *place)
    expect(details(page).locator("h2")).to_contain_text("18430")
    expect(details(page)).to_contain_text("port 18430 is owned by sx9-hazard-map and ctas7-route-planner")
    expect(details(page)).to_contain_text("geo/hazard-map/smart-crate.toml:15")
    page.wait_for_url("**/ports?port=18430")


def test_the_sister_calculator_explains_an_overflow(page: Page) -> None:
    page.goto("/ports")
    field = page.get_by_label("Port", exact=True)
    field.fill("18000")
    field.press("Enter")
    expect(page.get_by_text("18000 + 32768 =")).to_be_visible()
    field.fill("50051")
    field.press("Enter")
    expect(page.get_by_text("No sister port.")).to_be_visible()
    expect(details(page).locator("h2")).to_contain_text("50051")


def test_findings_are_filtered_by_severity_and_kind(page: Page) -> None:
    page.goto("/ports?severity=error")
    expect(page.get_by_text(re.compile(r"^\d+ of 29 shown"))).not_to_have_text("29 of 29 shown")
    page.get_by_label("Kind").select_option("decoy-port")
    expect(page.get_by_text("1 of 29 shown")).to_be_visible()
    expect(page.locator(".tabulator-row")).to_have_count(1)
    select_row(page.locator(".tabulator-row", has_text="decoy-port"))
    expect(details(page).locator("h2")).to_contain_text("18151")
    page.get_by_label("Severity").select_option("warning")
    expect(page.get_by_text("No finding has this severity and kind.")).to_be_visible()


def test_a_conflict_made_on_disk_appears_by_itself(page: Page, fleet: ServedFleet) -> None:
    page.goto("/ports?port=18072")
    expect(page.get_by_label("Legend")).to_contain_text("8 conflict")
    expect(details(page)).to_contain_text("Findings · 0")
    manifest = fleet.manifest("geo/terrain")
    manifest.write_text(manifest.read_text("utf-8").replace("18420", "18072"), "utf-8")
    expect(page.get_by_label("Legend")).to_contain_text("9 conflict")
    expect(details(page)).to_contain_text("owner-collision")
