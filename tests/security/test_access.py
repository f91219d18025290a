"""The rules of access: what a token, a sign-in and nearness are worth."""

import pytest

from workbench.one_line import one_line
from workbench.security.access import AccessRules, Caller
from workbench.security.scopes import SCOPES
from workbench.security.tokens import Token, Tokens

ALL = frozenset(SCOPES)


def test_a_token_is_worth_its_scopes_and_admin_all() -> None:
    rules = AccessRules(Tokens([Token.of("ci", "a", ["deploy"]), Token.of("boss", "b", ["admin"])]))
    assert rules.bearer("a") == Caller("ci", frozenset({"deploy"}), "token")
    assert rules.bearer("b") == Caller("boss", ALL, "token")
    assert rules.bearer("c") is None


def test_a_person_may_what_people_may_and_an_admin_all() -> None:
    rules = AccessRules(person_scopes=frozenset({"read", "ports:write"}), admins=frozenset({"ada"}))
    assert rules.person("bob") == Caller("bob", frozenset({"read", "ports:write"}), "sign-in")
    assert rules.person("ada") == Caller("ada", ALL, "sign-in")
    assert rules.person("Ada").scopes == {"read", "ports:write"}


@pytest.mark.parametrize(
    ("address", "host", "is_forwarded", "is_operator"),
    [
        ("127.0.0.1", "localhost:15180", False, True),
        ("::1", "[::1]:15180", False, True),
        ("127.0.0.1", "desk.lan:15180", False, True),
        ("127.0.0.1", "evil.example:15180", False, False),
        ("127.0.0.1", "localhost.evil.example", False, False),
        ("127.0.0.1", "localhost:15180", True, False),
        ("10.0.0.7", "localhost:15180", False, False),
        ("", "localhost", False, False),
        ("127.0.0.1", "", False, False),
        ("127.0.0.1", "[broken", False, False),
    ],
)
def test_a_neighbour(address: str, host: str, is_forwarded: bool, is_operator: bool) -> None:
    trusting = AccessRules(trusts_loopback=True, hosts=frozenset({"desk.lan"}))
    operator = Caller("operator", ALL, "loopback")
    assert trusting.neighbour(address, host, is_forwarded) == (operator if is_operator else None)
    assert AccessRules(hosts=frozenset({"desk.lan"})).neighbour(address, host, is_forwarded) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain – text", "plain – text"),
        ("a\r\nb: c", "a\\r\\nb: c"),
        ("\x1b[2Jx", "\\x1b[2Jx"),
        ("\u202eevil", "\\u202eevil"),
        ("\ud800", "\\ud800"),
        ("x" * 400, "x" * 299 + "…"),
        ("\n" * 200, "\\n" * 149 + "\\…"),
    ],
)
def test_text_of_strangers_stays_on_its_line(text: str, shown: str) -> None:
    assert one_line(text) == shown
    assert len(one_line(text)) <= 300
    assert one_line(text).isprintable()
