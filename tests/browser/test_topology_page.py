"""The topology page by what a person sees and does."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.canvas import click_at, column_of
from tests.browser.server import WIDTHS, ServedFleet
from tests.browser.table import details

pytestmark = pytest.mark.browser


DRAWN_NODES_ARE_PLACED = """(count) => {
  const graph = Bokeh.documents[0].get_model_by_name('slot-graph').renderers.find((r) => r.layout_provider);
  const drawn = Bokeh.index.find_one(graph).node_view.glyph;
  const [xs, ys] = [[...drawn.x], [...drawn.y]];
  const layout = graph.layout_provider.graph_layout;
  return xs.length === count && xs.every((x, n) => {
    const place = layout.get ? layout.get(n) : layout[n];
    return x === place[0] && ys[n] === place[1];
  });
}"""
"""Whether so many nodes are drawn, each at its place: the model may say so while the canvas shows another chart."""


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
    page.wait_for_function(DRAWN_NODES_ARE_PLACED, arg=170)
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


@pytest.mark.parametrize("width", WIDTHS, indirect=True)
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("mode=up&focus=port-manager&highlight=cut-points", "Who needs port-manager"),
        ("mode=path&focus=console-web&to=port-manager&colour=community", "2 steps"),
        ("mode=by-class&node=group:class:gateway&colour=finding", "Edges to other groups"),
    ],
)
def test_every_way_of_looking_fits_every_window(page: Page, query: str, words: str) -> None:
    page.goto(f"/topology?{query}")
    expect(page.get_by_role("heading", name=words)).to_be_visible()
    expect(page.get_by_label("Legend")).not_to_be_empty()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_way_is_asked_for_with_the_keyboard_and_can_be_sent(page: Page) -> None:
    page.goto("/topology")
    page.get_by_label("Show").select_option("way between two")
    expect(page.get_by_text("name two nodes or select them")).to_be_visible()
    page.get_by_label("From").press_sequentially("console-web")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("focus=console-web"))
    page.get_by_label("To", exact=True).press_sequentially("port-manager")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Way")).to_contain_text("DEPENDS_ON")
    page.wait_for_url(re.compile(r"mode=path.*focus=console-web.*to=port-manager"))
    page.reload()
    expect(page.get_by_label("Way")).to_contain_text("port-manager")


def test_a_node_leads_to_those_who_need_it(page: Page) -> None:
    page.goto("/topology?node=crate:port-manager")
    details(page).get_by_role("link", name="Who needs it").click()
    page.wait_for_url(re.compile("mode=up"))
    expect(page.get_by_label("Reach").locator("h2")).to_have_text("Who needs port-manager")
    page.get_by_label("Depth").select_option("1")
    expect(page.get_by_label("Reach")).to_contain_text("1 step away")
    expect(page.get_by_label("Reach")).not_to_contain_text("2 steps away")


def test_cycles_stand_out(page: Page) -> None:
    page.goto("/topology")
    page.get_by_label("Highlight").select_option("cycles")
    expect(page.get_by_text("1 cycle with 3 nodes")).to_be_visible()
    page.wait_for_function(
        """() => { for (const r of Bokeh.documents[0].get_model_by_name('slot-graph').renderers)
             if (r.node_renderer) return Array.from(r.node_renderer.data_source.data.get
               ? r.node_renderer.data_source.data.get('ring') : r.node_renderer.data_source.data.ring)
               .filter((ring) => ring === '#f87171').length === 3; }"""
    )


def test_a_group_that_is_clicked_leads_to_its_crates(page: Page) -> None:
    page.goto("/topology?mode=by-class")
    expect(page.get_by_text("a node stands for all crates of one class")).to_be_visible()
    click_at(page, "slot-graph", *place_of(page, "gateway"))
    expect(details(page).locator("h2")).to_have_text("gateway")
    details(page).get_by_role("link", name="Show its crates").click()
    expect(page.get_by_label("Class")).to_have_value("gateway")
    expect(page.get_by_text(re.compile(r"showing \d of \d nodes"))).to_be_visible()


@pytest.mark.parametrize(
    ("button", "name", "start"),
    [
        ("PNG", "slot-graph.png", b"\x89PNG"),
        ("SVG", "slot-graph.svg", b"<svg "),
        ("GraphML", "slot-graph.graphml", b"<?xml"),
        ("DOT", "slot-graph.dot", b"digraph"),
    ],
)
def test_what_is_drawn_can_be_saved_with_the_keyboard(page: Page, button: str, name: str, start: bytes) -> None:
    page.goto("/topology?class=gateway")
    expect(page.get_by_text("showing")).to_be_visible()
    expect(page.locator("canvas").first).to_be_visible()
    for _ in range(2):
        with page.expect_download() as saved:
            page.get_by_role("button", name=button, exact=True).press("Enter")
        assert saved.value.suggested_filename == name
        assert saved.value.path().read_bytes().startswith(start)


@pytest.mark.parametrize("width", [390], indirect=True)
def test_controls_are_large_enough_for_a_finger(page: Page) -> None:
    page.goto("/topology?mode=path&node=crate:port-manager")
    expect(page.get_by_text("showing")).to_be_visible()
    for control in page.locator("select:visible, input:visible, button.bk-btn:visible, .actions a:visible").all():
        box = control.bounding_box()
        assert box is not None
        assert box["height"] >= 43.5, control.evaluate("(e) => e.outerHTML.slice(0, 200)")
