"""Who may call which route: tokens, scopes, sign-ins, nearness, and names that point here."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import Mock

import httpx
import pytest
from tornado.httpclient import HTTPClientError

from api import routes
from api.bodies import MAX_BODY
from tests.api.conftest import LiveApi
from workbench.desks.audit import AuditQuery
from workbench.hub import Hub
from workbench.security.access import AccessRules
from workbench.security.scopes import SCOPES
from workbench.security.tokens import Token, Tokens

FRONT_END = "http://localhost:21575"
STRANGER = "http://evil.example:15180"
TOKENS = Tokens([Token.of(f"only-{scope}", f"secret-{scope}", [scope]) for scope in SCOPES])
LOGIN = Mock(get_user=lambda handler: handler.get_cookie("user"), get_user_async=None)

CHANGES = [
    (re.sub(r"\(.*?\)", "18010", pattern), handler)
    for pattern, handler, _ in routes(Mock())
    if handler.access not in ("public", "read") and "POST" in handler.methods()  # type: ignore[attr-defined]
]
"""Every route that changes something, with a path of its."""

GUARDED = [
    re.sub(r"\(.*?\)", "18010", pattern)
    for pattern, handler, _ in routes(Mock())
    if handler.access != "public"  # type: ignore[attr-defined]
]


@contextmanager
def serving(hub: Hub, login: Any = None, **rules: Any) -> Iterator[LiveApi]:
    live = LiveApi(hub, api_access=AccessRules(TOKENS, **rules))
    with live:
        if login is not None:
            live.on_loop(lambda: setattr(live.application, "auth_provider", login))
        yield live


@contextmanager
def serving_others(hub: Hub) -> Iterator[LiveApi]:
    """A server that is called from elsewhere: services of its own host register without a token."""
    with serving(hub) as live:
        live.client.headers["X-Forwarded-For"] = "203.0.113.9"
        yield live


def bearer(scope: str) -> dict[str, str]:
    return {"Authorization": f"Bearer secret-{scope}"}


def error_of(answer: httpx.Response) -> tuple[int, str, str | None]:
    return answer.status_code, answer.json()["error"]["code"], answer.headers.get("WWW-Authenticate")


def outcomes(hub: Hub) -> list[tuple[str, str, int]]:
    return [(entry.actor, entry.outcome, entry.status) for entry in hub.audit.entries(AuditQuery(limit=1_000))]


# ------------------------------------------------------------------ every changing route


def test_there_are_changing_routes() -> None:
    assert {"/api/ports/assign", "/api/ports/18010/release"} <= {path for path, _ in CHANGES}


@pytest.mark.parametrize(("path", "handler"), CHANGES)
def test_every_change_needs_its_scope(still_hub: Hub, path: str, handler: Any) -> None:
    with serving_others(still_hub) as live:
        assert error_of(live.client.post(path, json={})) == (401, "unauthorized", "Bearer")
        wrong = live.client.post(path, json={}, headers={"Authorization": "Bearer wrong"})
        assert error_of(wrong) == (401, "unauthorized", 'Bearer error="invalid_token"')
        for scope in SCOPES:
            answer = live.client.post(path, json={}, headers=bearer(scope))
            if scope in ("admin", handler.access):
                assert answer.status_code not in (401, 403)
                continue
            asked = f'Bearer error="insufficient_scope", scope="{handler.access}"'
            assert error_of(answer) == (403, "forbidden", asked)
            assert answer.json()["error"]["details"] == {"scope": handler.access}
            assert answer.json()["error"]["message"] == f"only-{scope} lacks the scope {handler.access}"


@pytest.mark.parametrize(("path", "handler"), CHANGES)
def test_every_change_is_small_json_of_an_allowed_page(still_hub: Hub, path: str, handler: Any) -> None:
    token = bearer("admin")
    with serving_others(still_hub) as live:
        for media_type in ("text/plain", "application/x-www-form-urlencoded", ""):
            answer = live.client.post(path, content=b"{}", headers={**token, "Content-Type": media_type})
            assert answer.status_code == 415
        answer = live.client.post(path, json={"x": "x" * MAX_BODY}, headers=token)
        assert answer.status_code == 413
        answer = live.client.post(path, json={}, headers={**token, "Origin": STRANGER})
        assert answer.status_code == 403
    refused, large, *others = outcomes(still_hub)
    assert refused[1:] == ("refused", 403)
    assert large[1:] == ("failed", 413)
    assert [item[1:] for item in others] == [("failed", 415)] * 3


@pytest.mark.parametrize(("path", "handler"), CHANGES)
def test_every_change_is_audited_also_when_refused(still_hub: Hub, path: str, handler: Any) -> None:
    with serving_others(still_hub) as live:
        live.client.post(path, json={})
        live.client.post(path, json={}, headers={"Authorization": "Bearer wrong"})
        live.client.post(path, json={}, headers=bearer("read"))
        live.client.get(path)
        live.client.options(path)
    entries = still_hub.audit.entries()
    assert [(entry.actor, entry.outcome, entry.status) for entry in entries] == [
        ("only-read", "refused", 403),
        ("", "refused", 401),
        ("", "refused", 401),
    ]
    assert {entry.subject for entry in entries} == {path}
    assert all(entry.action and entry.address == "127.0.0.1" for entry in entries)


# ------------------------------------------------------------------ reads


def test_reads_are_open_unless_told_otherwise(still_hub: Hub) -> None:
    with serving(still_hub) as live:
        assert live.client.get("/api/crates").status_code == 200
        wrong = live.client.get("/api/crates", headers={"Authorization": "Bearer wrong"})
        assert error_of(wrong) == (401, "unauthorized", 'Bearer error="invalid_token"')
        assert live.client.get("/api/crates", headers={"Authorization": "Basic eDp5"}).status_code == 200
    assert outcomes(still_hub) == [("", "refused", 401)]


@pytest.mark.parametrize("login", [None, LOGIN])
@pytest.mark.parametrize("path", GUARDED)
def test_closed_reads_answer_401_and_never_lead_elsewhere(still_hub: Hub, path: str, login: Any) -> None:
    with serving(still_hub, login, reads_need_scope=login is None) as live:
        answer = live.client.get(path)
        if answer.status_code != 405:
            assert error_of(answer)[:2] == (401, "unauthorized")
            assert "Location" not in answer.headers
        assert live.client.get("/health").status_code == 200


def test_closed_reads_open_to_a_token_that_may_read(still_hub: Hub) -> None:
    with serving(still_hub, reads_need_scope=True) as live:
        for scope, status in (("read", 200), ("admin", 200), ("ports:write", 403), ("deploy", 403)):
            assert live.client.get("/api/crates", headers=bearer(scope)).status_code == status


@pytest.mark.parametrize("path", ["/ws", "/api/events"])
def test_streams_need_a_cookie_or_a_token_where_people_sign_in(
    still_hub: Hub, run: Callable[..., Any], path: str
) -> None:
    with serving(still_hub, LOGIN) as live:

        async def hello(**headers: str) -> Any:
            async with live.socket("/ws", **headers) as socket:
                return (await socket.next())["type"]

        assert error_of(live.client.get(path))[:2] == (401, "unauthorized")
        with pytest.raises(HTTPClientError) as caught:
            run(hello())
        assert caught.value.code == 401
        assert run(hello(Cookie="user=ada")) == "hello"
        assert run(hello(**bearer("read"))) == "hello"
        with pytest.raises(HTTPClientError) as caught:
            run(hello(Cookie="user=ada", Origin=STRANGER))
        assert caught.value.code == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:15180", "localhost.evil.example:15180"])
def test_a_name_that_points_here_may_not_even_read(still_hub: Hub, host: str) -> None:
    with serving(still_hub, hosts=frozenset({"desk.lan"})) as live:
        answer = live.client.get("/api/crates", headers={"Host": host})
        assert (answer.status_code, answer.json()["error"]["details"]) == (403, {"host": host})
        for known in ("desk.lan:15180", "localhost:1", "127.0.0.1", "[::1]:15180"):
            assert live.client.get("/api/crates", headers={"Host": known}).status_code == 200
        assert live.client.get("/api/crates", headers={"Host": host, **bearer("read")}).status_code == 200


# ------------------------------------------------------------------ signing in


INTENT = {"Origin": FRONT_END, "X-Requested-With": "workbench"}


def test_a_sign_in_reads_and_changes_nothing_by_default(still_hub: Hub) -> None:
    with serving(still_hub, LOGIN, admins=frozenset({"ada"})) as live:
        live.client.cookies.set("user", "ada")
        assert live.client.get("/api/crates").status_code == 200
        assert live.client.get("/api/audit").status_code == 200
        answer = live.client.post("/api/ports/assign", json={}, headers=INTENT)
        assert error_of(answer)[:2] == (401, "unauthorized")
        assert "a sign-in is not enough for changes here" in answer.json()["error"]["message"]
    assert outcomes(still_hub) == [("ada", "refused", 401)]


def test_a_sign_in_changes_where_that_is_set_and_only_when_it_is_meant(still_hub: Hub) -> None:
    with serving(still_hub, LOGIN, sign_in_changes=True, admins=frozenset({"ada"})) as live:
        live.client.cookies.set("user", "ada")

        def assign(**headers: str) -> httpx.Response:
            return live.client.post("/api/ports/assign", json={"crate_name": "ledger"}, headers=headers)

        for headers in ({}, {"Origin": FRONT_END}, {"X-Requested-With": "x"}, {**INTENT, "Origin": STRANGER}):
            answer = assign(**headers)
            assert error_of(answer)[:2] == (403, "forbidden"), headers
        assert assign(**INTENT).status_code == 503  # this hub stands still; who called was no question any more
        form = live.client.post("/api/ports/assign", data={"crate_name": "ledger"}, headers=INTENT)
        assert form.status_code == 415
        live.client.cookies.set("user", "bob")
        answer = assign(**INTENT)
        assert answer.json()["error"]["message"] == "bob lacks the scope ports:write"
    assert outcomes(still_hub)[0] == ("bob", "refused", 403)


def test_the_header_of_intent_is_no_ones_of_another_origin(still_hub: Hub) -> None:
    with serving(still_hub, LOGIN, sign_in_changes=True) as live:
        asked = {"Origin": FRONT_END, "Access-Control-Request-Method": "POST"}
        answer = live.client.options("/api/ports/assign", headers=asked)
        assert "x-requested-with" not in answer.headers["Access-Control-Allow-Headers"].lower()
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_wrong_token_is_not_mended_by_a_sign_in(still_hub: Hub) -> None:
    with serving(still_hub, LOGIN) as live:
        live.client.cookies.set("user", "ada")
        assert live.client.get("/api/crates", headers={"Authorization": "Bearer wrong"}).status_code == 401


# ------------------------------------------------------------------ the front end on this machine


def test_an_allowed_page_on_this_machine_acts_as_the_operator(hub: Hub) -> None:
    with serving(hub, trusts_loopback=True, hosts=frozenset()) as live:
        body = {"crate_name": "ledger"}
        made = live.client.post("/api/ports/assign", json=body, headers={"Origin": FRONT_END})
        assert (made.status_code, made.json()["actor"]) == (201, "operator")
        for headers in (
            {},
            {"Origin": STRANGER},
            {"Origin": "null"},
            {"Origin": FRONT_END, "Host": "evil.example:15180"},
            {"Origin": FRONT_END, "X-Forwarded-For": "10.0.0.7"},
            {"Origin": FRONT_END, "Forwarded": "for=10.0.0.7"},
        ):
            assert live.client.post("/api/ports/assign", json=body, headers=headers).status_code in (401, 403), headers
        assert live.client.post("/api/ports/assign", content=b"{}", headers={"Origin": FRONT_END}).status_code == 415
    done = [entry for entry in hub.audit.entries() if entry.outcome == "done"]
    assert [(entry.actor, entry.means, entry.origin, entry.subject) for entry in done] == [
        ("operator", "loopback", FRONT_END, f"ledger http {made.json()['port']}")
    ]


def test_a_forged_address_is_not_believed(still_hub: Hub) -> None:
    with serving(still_hub) as live:
        live.client.post("/api/ports/assign", json={}, headers={"X-Forwarded-For": "10.9.9.9", "X-Real-Ip": "10.9.9.9"})
    assert [entry.address for entry in still_hub.audit.entries()] == ["127.0.0.1"]
