"""An interactive picture that was saved as a file answers to the pointer, and asks nobody for anything."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Watched
from workbench import Workbench
from workbench.config import sample_fleet

pytestmark = pytest.mark.browser


def test_a_saved_picture_tells_what_one_points_at(browser: Browser, tmp_path: Path) -> None:
    file = Workbench.scan(sample_fleet()).pictures.topology("port-manager").save(tmp_path / "topology.html")
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    watched = Watched(page, "")
    page.goto(file.as_uri())
    expect(page.locator("h1")).to_have_text("Topology")
    plot = page.locator(".bk-Canvas").first
    expect(plot).to_be_visible()
    place = page.evaluate("""() => {
        const view = Bokeh.index.query_one((view) => view.model.name === "crate-map");
        const glyphs = view.model.renderers.filter((one) => one.data_source && "note" in one.data_source.data);
        const data = glyphs.map((one) => one.data_source.data).find((data) => Array.from(data.name).includes("port-manager"));
        const n = Array.from(data.name).indexOf("port-manager");
        const box = view.frame.bbox, canvas = view.canvas_view.el.getBoundingClientRect();
        const [x, y] = [view.frame.x_scale.compute(data.x[n]), view.frame.y_scale.compute(data.y[n])];
        return [canvas.x + x, canvas.y + y];
    }""")
    page.mouse.move(*place)
    expect(page.locator(".bk-Tooltip").first).to_contain_text("port-manager")
    context.close()
    assert watched.complaints == []
    assert watched.strangers == []
