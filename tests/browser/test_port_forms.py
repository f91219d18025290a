"""Assigning and releasing ports at the ports page, and the findings that are muted, by what a person sees and does."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.served_fleet import SECRET
from tests.browser.server import WIDTHS, ServedFleet, served_sample
from tests.browser.table import select_row

pytestmark = pytest.mark.browser

_TEXTS = "Array.from(Bokeh.documents[0]._all_models.values()).flatMap((model) => [model.value, model.value_input])"
"""What the browser's copy of the page holds in its fields."""

MUTES = """\
[[ports.mute]]
kind = "outside-block"
reason = "the blocks are younger than these ports"
"""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedFleet]:
    with served_sample(tmp_path_factory.mktemp("served"), MUTES) as served:
        yield served


def name_crate(page: Page, name: str) -> None:
    field = page.get_by_label("Crate", exact=True)
    field.fill(name)
    field.press("Tab")


def present(page: Page, secret: str, label: str = "Token") -> None:
    field = page.get_by_label(label, exact=True)
    field.fill(secret)
    field.press("Enter")


def legend(page: Page) -> Locator:
    return page.get_by_label("Legend")


def test_a_port_is_assigned_and_released_and_every_session_sees_it(page: Page) -> None:
    received: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(str(frame))))
    other = page.context.new_page()
    other.goto("/ports")
    page.goto("/ports")
    expect(legend(page)).to_contain_text("0 assigned")
    name_crate(page, "sx9-hazard-map")
    expect(page.get_by_text("Enter the token to ask for it.")).to_be_visible()
    assign = page.get_by_role("button", name="Assign", exact=True)
    expect(assign).to_be_disabled()

    present(page, "not-the-token")
    expect(page.get_by_role("alert").filter(has_text="This token is not known here.", visible=True)).to_be_visible()
    expect(page.get_by_label("Token", exact=True)).to_have_value("")
    expect(assign).to_be_disabled()
    present(page, SECRET)
    expect(page.get_by_text("You act as operator.").filter(visible=True)).to_be_visible()
    assert SECRET not in str(page.evaluate(_TEXTS))
    assert SECRET not in page.url
    assert received
    assert not [frame for frame in received if SECRET in frame]

    foretold = re.search(r"(\d+) would be given", page.get_by_text("would be given").inner_text())
    assert foretold is not None
    port = foretold[1]
    assign.click()
    expect(page.get_by_text(f'{port} is assigned to sx9-hazard-map as "http".')).to_be_visible()
    expect(page.get_by_label("Details").locator("h2")).to_contain_text(port)
    for session in (page, other):
        expect(legend(session)).to_contain_text("1 assigned")

    other.goto(f"/ports?port={port}")
    page.get_by_role("button", name="Release").click()
    expect(page.get_by_text(f"Release {port} of sx9-hazard-map?")).to_be_visible()
    page.get_by_role("button", name="Yes, release it").click()
    expect(page.get_by_text(f"{port} of sx9-hazard-map is released.")).to_be_visible()
    for session in (page, other):
        expect(legend(session)).to_contain_text("0 assigned")
    expect(other.get_by_role("button", name="Release")).to_have_count(0)


def test_why_no_port_can_be_given_is_said_and_nothing_changes(page: Page) -> None:
    page.goto("/ports")
    name_crate(page, "sx9-hazard-mop")
    expect(page.get_by_role("alert")).to_contain_text("did you mean sx9-hazard-map")
    name_crate(page, "sx9-hazard-map")
    preferred = page.get_by_label("Preferred port")
    preferred.fill("18430")
    preferred.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("No port: 18430 is claimed by")
    expect(legend(page)).to_contain_text("0 assigned")


def test_muted_findings_are_counted_and_shown_with_their_reason(page: Page) -> None:
    page.goto("/ports")
    expect(page.get_by_text(re.compile(r"^\d+ of \d+ shown · \d+ muted$"))).to_be_visible()
    expect(page.get_by_text("the blocks are younger than these ports")).to_have_count(0)
    page.get_by_label("show muted findings").check()
    expect(page.get_by_text("the blocks are younger than these ports").first).to_be_visible()
    page.wait_for_url("**/ports?muted=1")


def test_a_collision_comes_with_the_move_that_clears_it(page: Page) -> None:
    page.goto("/ports")
    row = page.locator(".tabulator-row", has_text="18430").first
    expect(row).to_be_visible()
    select_row(row)
    fix = page.get_by_label("Suggested fix")
    expect(fix).to_contain_text("Proposed move: ")
    expect(fix).to_contain_text(" from 18430 to ")
    expect(page.get_by_label("Patch")).to_contain_text("= 18430")


@pytest.mark.parametrize("width", WIDTHS, indirect=True)
def test_the_forms_fit_every_window(page: Page, width: int) -> None:
    page.goto("/ports")
    name_crate(page, "sx9-hazard-map")
    expect(page.get_by_text("would be given")).to_be_visible()
    button = page.get_by_role("button", name="Assign", exact=True).bounding_box()
    assert button is not None
    assert button["height"] >= (44 if width < 600 else 40)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
