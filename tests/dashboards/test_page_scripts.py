"""What a browser loads with a page is collected once, and without what no page uses."""

from typing import Any

import panel as pn
import pytest
from bokeh.document import Document
from panel.io import server as panel_server
from panel.io.resources import Resources
from panel.io.state import set_curdoc

from workbench.dashboards import page_scripts
from workbench.dashboards.frame import framed
from workbench.dashboards.live import Feed
from workbench.dashboards.page_scripts import PageScripts
from workbench.dashboards.sql_page import SqlPage
from workbench.workbench import Workbench


@pytest.fixture
def collections(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The roots for which Panel collected."""
    roots_seen: list[Any] = []
    collect = page_scripts._collected

    def noted(roots: Any, *rest: Any, **named: Any) -> Any:
        roots_seen.append(roots)
        return collect(roots, *rest, **named)

    monkeypatch.setattr(page_scripts, "_collected", noted)
    return roots_seen


def files(document: Document, scripts: PageScripts) -> list[str]:
    with set_curdoc(document):
        bundle = scripts(document.roots, Resources(mode="server"))
    return [str(file.url) if hasattr(file, "url") else str(file) for file in bundle.js_files]


def test_all_visitors_of_our_pages_load_the_same(sample: Workbench, collections: list[Any]) -> None:
    scripts, seen = PageScripts(), []
    for _ in range(3):
        page = SqlPage(sample)  # no table stands on it at first
        document = framed("sql", sample, page, Feed(sample)).server_doc(Document())
        seen.append(files(document, scripts))
        for follower in page.followers:
            follower.stop()
    assert seen[0] == seen[1] == seen[2]
    assert collections == [None]
    text = " ".join(seen[0])
    assert "bokeh-tables" in text
    assert "bokeh-widgets" in text
    assert "bokeh-gl" not in text


def test_pages_of_others_load_what_they_need(collections: list[Any]) -> None:
    document = pn.Column(pn.pane.HTML("text")).server_doc(Document())
    assert "bokeh-gl" in " ".join(files(document, PageScripts()))
    assert collections == [document.roots]


def test_panel_asks_where_it_is_expected_to() -> None:
    """The name that is replaced is the one that Panel's server looks up for each page."""
    assert "bundle_resources" in panel_server.server_html_page_for_session.__code__.co_names
