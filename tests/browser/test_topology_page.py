"""The topology page by what a person sees and does."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.canvas import click_at, column_of
from tests.browser.server import WIDTHS, ServedFleet

pytestmark = pytest.mark.browser


def details(page: Page) -> Locator:
    return page.get_by_label("Details")


def place_of(page: Page, label: str) -> tuple[float, float]:
    page.wait_for_function(
        "window.Bokeh && Bokeh.documents.length && Bokeh.documents[0].get_model_by_name('slot-graph')"
    )
    n = column_of(page, "slot-graph", "label").index(label)
    place: tuple[float, float] = page.evaluate(
        """(n) => { const graph = Bokeh.documents[0].get_model_by_name('slot-graph').renderers.find((r) => r.layout_provider);
                    const layout = graph.layout_provider.graph_layout; return layout.get ? layout.get(n) : layout[n]; }""",
        n,
    )
    return place


@pytest.mark.parametrize("width", WIDTHS, indirect=True)
def test_the_graph_fits_every_window(page: Page) -> None:
    page.goto("/topology")
    expect(page.get_by_text("showing 54 of 54 nodes")).to_be_visible()
    expect(page.locator("canvas").first).to_be_visible()
    expect(page.get_by_label("Legend")).to_contain_text("gateway")
    expect(details(page)).to_contain_text("foundation-core")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_node_that_is_clicked_shows_its_neighbours_with_file_and_line(page: Page) -> None:
    page.goto("/topology")
    click_at(page, "slot-graph", *place_of(page, "port-manager"))
    expect(details(page).locator("h2")).to_contain_text("port-manager")
    expect(details(page)).to_contain_text("← DEPENDS_ON")
    expect(details(page)).to_contain_text("platform/port-manager/smart-crate.toml:")
    page.wait_for_url(re.compile(r"node=crate%3Aport-manager"))
    assert min(column_of(page, "slot-graph", "alpha")) < 1  # type: ignore[type-var, operator]


def test_a_link_focuses_on_a_node_and_its_hops(page: Page) -> None:
    page.goto("/topology?node=crate:public-ingress&hops=1")
    expect(details(page).locator("h2")).to_contain_text("public-ingress")
    expect(page.get_by_text(re.compile(r"showing \d of \d nodes"))).to_be_visible()
    page.get_by_label("Show").select_option("whole fleet")
    expect(page.get_by_text("showing 54 of 54 nodes")).to_be_visible()


def test_types_and_names_filter_what_is_drawn(page: Page) -> None:
    page.goto("/topology")
    expect(page.get_by_text("showing 54 of 54 nodes")).to_be_visible()
    page.get_by_role("button", name="port", exact=True).click()
    expect(page.get_by_text("showing 170 of 170 nodes")).to_be_visible()
    page.get_by_label("Name").press_sequentially("zzz")
    expect(page.get_by_text("Nothing matches")).to_be_visible()


def test_a_new_crate_on_disk_appears_by_itself(page: Page, fleet: ServedFleet) -> None:
    page.goto("/topology")
    expect(page.get_by_text("showing 54 of 54 nodes")).to_be_visible()
    before = place_of(page, "sx9-tile-server")
    folder = fleet.folder / "libs" / "new-comer"
    folder.mkdir()
    (folder / "smart-crate.toml").write_text(
        '[smart-crate]\nname = "new-comer"\nversion = "0.1.0"\nfoundation = "foundation-core"\n', "utf-8"
    )
    expect(page.get_by_text("showing 55 of 55 nodes")).to_be_visible()
    assert place_of(page, "sx9-tile-server") == before
