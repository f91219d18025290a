"""Signing in, the audit page for those who may see it, and what is said on every page, in a real browser."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watched
from tests.browser.server import ROOT, SAMPLE
from tests.browser.windows import Windows
from workbench.security.people import People

pytestmark = pytest.mark.browser

PASSWORD = "correct horse battery"
REFUSED = ("status of 401", "WebSocket", "websocket")
"""What a browser complains of when somebody is refused, or a page hung up on."""
SCRIPT = """\
import sys
from pathlib import Path
from workbench.sections.access import LoginSettings
from workbench.security.gate import Gate
from workbench.hub import Hub
from workbench.server import serve
from workbench.security.tokens import open_tokens

fleet, state, users, kind = sys.argv[1:]
login = LoginSettings(users=users, admins=("ada",)) if kind == "login" else None
gate = Gate(open_tokens(Path(state)).tokens, None, login, Path(state), trusts_loopback=kind == "trust")
serve(Hub([fleet]), port=0, ws_port=None, gate=gate, on_ready=lambda address: print(address.port, flush=True))
"""


class Server:
    def __init__(self, state: Path, kind: str) -> None:
        people = People(state / "users.json")
        for name in ("ada", "bob"):
            people.set(name, PASSWORD)
        self._process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, SAMPLE, state, people.path, kind],
            stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        self.token = (state / "token").read_text().strip()

    def assign(self, crate: str, token: str | None = None) -> int:
        headers = {"Authorization": f"Bearer {token or self.token}"}
        body = {"crate_name": crate, "block": "GIS"}
        return httpx.post(f"{self.url}/api/ports/assign", json=body, headers=headers, timeout=20).status_code

    def close(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=20)


@pytest.fixture(scope="module", params=["login"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    served = Server(tmp_path_factory.mktemp("state"), request.param)
    yield served
    served.close()


@pytest.fixture
def visit(windows: Windows, server: Server, width: int) -> Iterator[Page]:
    page = windows.at(server.url, width).new_page()
    watched = Watched(page, server.url)
    yield page
    page.close()
    assert [text for text in watched.complaints if not any(word in text for word in REFUSED)] == []
    assert watched.strangers == []


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("width", [390, 1280, 2560], indirect=True)
def test_an_administrator_signs_in_sees_what_happens_and_signs_out(visit: Page, server: Server, width: int) -> None:
    visit.goto("/audit")
    sign_in(visit, "ada", "not the password")
    expect(visit.get_by_role("alert")).to_have_text("The name or the password is wrong.")
    sign_in(visit, "ada")
    expect(visit).to_have_url(f"{server.url}/audit")
    expect(visit.locator(".wb-person")).to_contain_text("ada")
    rows = visit.locator(".tabulator-row")
    expect(rows.nth(0)).to_contain_text("sign-in")
    expect(rows.nth(1)).to_contain_text("not known")
    assert server.assign(f"wide-{width}") == 201  # it comes by itself
    expect(rows.nth(0)).to_contain_text("operator")
    assert server.assign("x", "guessed") == 401
    expect(rows.nth(0)).to_contain_text("not known")
    visit.get_by_label("Outcome").select_option("done")
    expect(rows.nth(0)).to_contain_text("operator")
    assert visit.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    visit.get_by_role("link", name="Sign out").click()
    expect(visit.get_by_text("You are signed out")).to_be_visible()
    visit.goto("/fleet")
    expect(visit.get_by_role("button", name="Sign in")).to_be_visible()


def test_an_open_page_ends_with_its_sign_in_and_leads_back(visit: Page, server: Server) -> None:
    visit.goto("/ports?port=18010")
    sign_in(visit, "bob")
    expect(visit.get_by_role("heading", name="Port 18010")).to_be_visible()
    other = visit.context.new_page()
    other.goto("/logout")
    other.close()
    expect(visit.get_by_role("heading", name="You are signed out")).to_be_visible()
    expect(visit.get_by_text("18010")).to_have_count(0)
    assert visit.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    visit.get_by_role("link", name="Sign in again").click()
    sign_in(visit, "bob")
    expect(visit).to_have_url(f"{server.url}/ports?port=18010")
    expect(visit.get_by_role("heading", name="Port 18010")).to_be_visible()


def test_who_signed_in_assigns_ports_without_a_token(visit: Page, server: Server) -> None:
    visit.goto("/ports")
    sign_in(visit, "ada")
    expect(visit.get_by_text("You act as ada.").filter(visible=True)).to_be_visible()
    field = visit.get_by_label("Crate", exact=True)
    field.fill("sx9-hazard-map")
    field.press("Tab")
    visit.get_by_role("button", name="Assign", exact=True).click()
    expect(visit.get_by_text("UTC by ada")).to_be_visible()


def test_others_need_a_token_of_an_administrator(visit: Page, server: Server) -> None:
    visit.goto("/audit")
    sign_in(visit, "bob")
    field = visit.get_by_label("Token")
    field.fill("guessed")
    field.press("Enter")
    expect(visit.get_by_role("alert").filter(has_text="not known here")).to_be_visible()
    expect(visit.locator(".tabulator-row")).to_have_count(0)
    field.fill(server.token)
    field.press("Enter")
    expect(visit.locator(".tabulator-row").first).to_contain_text("audit.read")
    assert server.token not in visit.content()


@pytest.mark.parametrize("server", ["trust"], indirect=True)
def test_trust_is_said_on_every_page_and_opens_the_audit(visit: Page, server: Server) -> None:
    for name in ("fleet", "ports", "topology", "audit"):
        visit.goto(f"/{name}")
        expect(visit.get_by_role("note")).to_contain_text("--trust-loopback")
    expect(visit.get_by_text("Nobody has changed anything yet")).to_be_visible()


@pytest.mark.parametrize("server", ["plain"], indirect=True)
def test_without_a_login_the_page_asks_for_the_token(visit: Page, server: Server) -> None:
    visit.goto("/audit")
    expect(visit.get_by_text("The audit log is for administrators")).to_be_visible()
    expect(visit.locator(".wb-person, .wb-notice")).to_have_count(0)
