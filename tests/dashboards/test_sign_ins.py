"""How long a sign-in holds: until its cookie runs out, is given back, or the person goes."""

import time
import weakref
from types import SimpleNamespace

import pytest
from bokeh.document import Document
from panel.config import config
from panel.io.state import set_curdoc
from tornado.web import create_signed_value

from workbench.dashboards.page_caller import page_caller
from workbench.dashboards.sign_ins import COOKIE, SignIns
from workbench.security.access import NOBODY, AccessRules

SECRET = "what-signs-the-cookies"
DAY = 86_400.0
NOW = 1_800_000_000.0


class Office:
    """Sign-ins with a clock and a list of people of the test's own."""

    def __init__(self) -> None:
        self.now = NOW
        self.people = {"ada", "bob"}
        self.sign_ins = SignIns(SECRET, self.people.__contains__, lambda: self.now)

    def cookie(self, name: str = "ada", secret: str = SECRET) -> str:
        return create_signed_value(secret, COOKIE, name, clock=lambda: self.now).decode()


class SessionContext:
    """A session, as far as a page asks it."""

    destroyed = False

    def __init__(self, cookie: str) -> None:
        self.request = SimpleNamespace(cookies={COOKIE: cookie})


@pytest.fixture
def office() -> Office:
    return Office()


def test_a_cookie_says_who_signed_in_until_it_runs_out(office: Office) -> None:
    cookie = office.cookie()
    office.now = NOW + config.oauth_expiry * DAY - 1
    assert office.sign_ins.name_of(cookie) == "ada"
    office.now = NOW + config.oauth_expiry * DAY + 1
    assert office.sign_ins.name_of(cookie) == ""


@pytest.mark.parametrize("cookie", ["", "ada", "2|1:0|10:1|4:user|4:YWRh|0", "\xff\0", "2|" * 5_000])
def test_what_we_did_not_sign_is_nobody(office: Office, cookie: str) -> None:
    assert office.sign_ins.name_of(cookie) == ""
    assert office.sign_ins.end(cookie) == ""
    assert office.sign_ins.name_of(office.cookie(secret="another")) == ""


def test_who_is_no_longer_known_is_signed_out(office: Office) -> None:
    ada, bob = office.cookie("ada"), office.cookie("bob")
    office.people.discard("bob")
    assert [office.sign_ins.name_of(cookie) for cookie in (ada, bob)] == ["ada", ""]


def test_a_cookie_given_back_is_over_and_no_other(office: Office) -> None:
    here = office.cookie()
    office.now += 1
    elsewhere = office.cookie()
    assert [office.sign_ins.end(here), office.sign_ins.end(here)] == ["ada", ""]
    assert [office.sign_ins.name_of(cookie) for cookie in (here, elsewhere)] == ["", "ada"]


def test_who_signs_out_and_in_within_a_second_is_in(office: Office) -> None:
    cookie = office.cookie()
    office.sign_ins.end(cookie)
    assert office.cookie() == cookie
    office.sign_ins.begin(cookie)
    assert office.sign_ins.name_of(cookie) == "ada"


def test_what_would_have_run_out_by_itself_is_forgotten(office: Office) -> None:
    for _ in range(5):
        office.sign_ins.end(office.cookie())
        office.now += config.oauth_expiry * DAY + 1
    assert len(office.sign_ins._ended) == 1


def test_a_page_asks_who_looks_at_it_at_each_moment(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "cookie_secret", SECRET)
    office.now = time.time()
    cookie = office.cookie()
    rules = AccessRules(who_signed_in=office.sign_ins.name_of, admins=frozenset({"ada"}))
    document = Document()
    context = SessionContext(cookie)
    document._session_context = weakref.ref(context)  # type: ignore[assignment]
    with set_curdoc(document):
        ask = page_caller(rules)
    assert ask() == rules.person("ada")
    office.sign_ins.end(cookie)
    assert ask() == NOBODY
