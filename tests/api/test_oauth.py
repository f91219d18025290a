"""Signing in at a provider elsewhere, at a real server and a real provider, as a browser goes from one to the other."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest

from tests.api.identity_provider import CLIENT, CLIENT_SECRET, Account, IdentityProvider
from tests.api.sign_in_server import SECRET, SignInServer, cookie_of, opened
from workbench.config import sample_fleet


class Running(SignInServer):
    """A server whose people sign in at a provider."""

    def __init__(self, provider: IdentityProvider, folder: Path) -> None:
        self.provider = provider
        login = f"""
[login]
oauth_provider = "generic"
oauth_key = "{CLIENT}"
oauth_users = ["*@EXAMPLE.org", "carol@elsewhere.example"]
admins = ["ada@example.org"]
changes = true

[login.oauth_extra_params]
AUTHORIZE_URL = "{provider.url}/authorize"
TOKEN_URL = "{provider.url}/token"
USER_URL = "{provider.url}/userinfo"
"""
        super().__init__(sample_fleet(), folder, login, WORKBENCH_LOGIN_OAUTH_SECRET=CLIENT_SECRET)
        provider.redirects = {f"{self.origin}/login"}

    def browser(self) -> AbstractContextManager[httpx.Client]:
        return self.client(follow_redirects=True)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with IdentityProvider() as provider:
        running = Running(provider, tmp_path_factory.mktemp("oauth"))
        yield running
        running.stop()


@pytest.fixture
def running(served: Running) -> Iterator[Running]:
    served.provider.account = Account()
    served.provider.is_broken = False
    yield served
    assert served.process.poll() is None
    assert CLIENT_SECRET not in served.said
    assert "Traceback" not in served.said


def cookies_of(answer: httpx.Response) -> dict[str, str]:
    """The cookies that an answer sets, those that it takes away left out."""
    texts = [text for item in [*answer.history, answer] for text in item.headers.get_list("Set-Cookie")]
    named = {text.partition("=")[0]: text for text in texts}
    return {name: text for name, text in named.items() if not text.startswith(f'{name}=""')}


def way_back(browser: httpx.Client) -> str:
    """Where the provider sends a browser that has begun to sign in; nobody has gone there yet."""
    begun = browser.get("/login", follow_redirects=False)
    led = browser.get(begun.headers["Location"], follow_redirects=False)
    return led.headers["Location"]


def with_query(url: str, **changed: str | None) -> str:
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query)), **changed}
    return parts._replace(query=urlencode({k: v for k, v in query.items() if v is not None})).geturl()


@pytest.mark.parametrize("has_id_token", [False, True], ids=["userinfo", "id-token"])
def test_who_signs_in_comes_where_they_wanted_to_and_may_read(running: Running, has_id_token: bool) -> None:
    running.provider.account = Account("bob@example.org", has_id_token=has_id_token)
    with running.browser() as browser:
        assert browser.get("/api/crates").status_code == 401
        page = browser.get("/fleet?q=vault")
        went = [(urlsplit(str(item.url)).port, item.url.path) for item in [*page.history, page]]
        provider = urlsplit(running.provider.url).port
        own = running.port
        assert went == [(own, "/fleet"), (own, "/login"), (provider, "/authorize"), (own, "/login"), (own, "/fleet")]
        assert (page.status_code, page.url.query) == (200, b"q=vault")
        assert browser.get("/api/crates").status_code == 200
        assert browser.get("/api/audit").status_code == 403
        assert httpx.get(f"http://127.0.0.1:{running.ws_port}/ws", cookies=browser.cookies).status_code == 400
        user = cookies_of(page)["user"]
        assert all(part in user for part in ("HttpOnly", "SameSite=Lax"))


def test_an_admin_changes_and_the_audit_log_knows_who_signed_in(running: Running) -> None:
    intent = {"Origin": running.origin, "X-Requested-With": "workbench"}
    with running.browser() as browser:
        browser.get("/login")
        crate = browser.get("/api/crates").json()[0]["name"]
        made = browser.post("/api/ports/assign", json={"crate_name": crate, "block": "GIS"}, headers=intent)
        assert (made.status_code, made.json().get("actor")) == (201, "ada@example.org")
        entries = browser.get("/api/audit?actor=ada@example.org").json()
        told = [(item["means"], item["action"], item["outcome"]) for item in entries[:2]]
        assert told == [("sign-in", "port.assign", "done"), ("sign-in", "sign-in", "done")]


def test_sockets_on_both_ports_know_the_sign_in(running: Running, run: Callable[..., Any]) -> None:
    with running.browser() as browser:
        browser.get("/login")
        cookie = cookie_of(browser)

    async def both(**headers: str) -> list[int]:
        return [await opened(port, "/ws", **headers) for port in (running.port, running.ws_port)]

    assert run(both(Cookie=cookie)) == [101, 101]
    assert run(both(Cookie="user=forged")) == [401, 401]


def assert_refused(running: Running, answer: httpx.Response, status: int) -> None:
    """Nobody was signed in, in our words, and the audit log says so."""
    assert (answer.status_code, "You are not signed in" in answer.text) == (status, True)
    assert not {"user", "access_token", "id_token"} & set(cookies_of(answer))
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert CLIENT_SECRET not in answer.text
    token = {"Authorization": f"Bearer {SECRET}"}
    newest = httpx.get(f"{running.origin}/api/audit?action=sign-in&limit=1", headers=token).json()[0]
    assert (newest["actor"], newest["outcome"], newest["status"]) == (None, "refused", status)


@pytest.mark.parametrize("state", ["forged", "", None], ids=["another", "empty", "none"])
@pytest.mark.parametrize("has_begun", [True, False])
def test_an_answer_that_this_browser_did_not_ask_for_is_refused(
    running: Running, state: str | None, has_begun: bool
) -> None:
    """Else a stranger's page could sign a person in as the stranger."""
    with running.browser() as stranger, running.browser() as browser:
        url = with_query(way_back(stranger), state=state)
        if has_begun:
            way_back(browser)
        redeemed = len(running.provider.redeemed)
        assert_refused(running, browser.get(url), 401)
        assert len(running.provider.redeemed) == redeemed
        assert browser.get("/api/crates").status_code == 401


def test_a_strangers_own_answer_is_refused_in_another_browser(running: Running) -> None:
    with running.browser() as stranger, running.browser() as browser:
        url = way_back(stranger)
        way_back(browser)
        assert_refused(running, browser.get(url), 401)
        assert stranger.get(url).status_code == 200


def test_a_wrong_code_is_refused(running: Running) -> None:
    with running.browser() as browser:
        assert_refused(running, browser.get(with_query(way_back(browser), code="guessed")), 401)
        assert browser.get("/api/crates").status_code == 401


def test_an_answer_is_taken_once(running: Running) -> None:
    with running.browser() as browser:
        url = way_back(browser)
        assert browser.get(url).status_code == 200
        assert_refused(running, browser.get(url), 401)


def test_who_declines_at_the_provider_is_told_so(running: Running) -> None:
    running.provider.account = Account(mood="declines")
    with running.browser() as browser:
        answer = browser.get("/fleet")
        assert_refused(running, answer, 401)
        assert "The provider says: The user &lt;b&gt;said&lt;/b&gt; no" in answer.text


@pytest.mark.parametrize("email", ["eve@elsewhere.example", "ada@example.org.evil.example", ""])
def test_who_is_not_invited_stays_outside(running: Running, email: str) -> None:
    running.provider.account = Account(email)
    with running.browser() as browser:
        assert_refused(running, browser.get("/fleet"), 403)
        assert browser.get("/api/crates").status_code == 401


def test_who_is_invited_by_name_comes_in(running: Running) -> None:
    running.provider.account = Account("Carol@elsewhere.example")
    with running.browser() as browser:
        assert browser.get("/fleet").status_code == 200


def test_a_provider_that_fails_is_a_clear_page(running: Running) -> None:
    with running.browser() as browser:
        url = way_back(browser)
        running.provider.is_broken = True
        assert_refused(running, browser.get(url), 401)


@pytest.mark.parametrize("following", ["//evil.example", "https://evil.example", "\\\\evil.example", "/\\evil.example"])
def test_the_way_on_leads_nowhere_else(running: Running, following: str) -> None:
    with running.browser() as browser:
        answer = browser.get("/login", params={"next": following})
        assert answer.status_code == 400
        assert answer.history == []


def test_signing_out_forgets(running: Running) -> None:
    with running.browser() as browser:
        assert browser.get("/fleet").status_code == 200
        assert "You are signed out" in browser.get("/logout").text
        assert browser.get("/api/crates").status_code == 401
