"""The forms of the ports page as objects: who may ask, what is said beforehand, and what comes of it."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from workbench import Workbench
from workbench.dashboards import PortsPage
from workbench.dashboards.page_caller import AskCaller, nobody
from workbench.dashboards.ports_page import PortsPage as Ports
from workbench.desks.assignments import Assignment, AssignmentRequest
from workbench.errors import Forbidden, StoreError, Unauthorized, UnknownCrate
from workbench.security.access import NOBODY, Caller
from workbench.security.tokens import Token, Tokens

SECRET = "a-secret-of-this-test"
TOKENS = Tokens([Token.of("operator", SECRET)])
Write = Callable[..., Path]


@pytest.fixture
def wb(fleet_dir: Path, write_manifest: Write) -> Iterator[Workbench]:
    write_manifest("alpha", '[smart-crate]\nname = "alpha"\n[ports]\nhttp = 18400\n')
    with Workbench.scan(fleet_dir, watch=True) as wb:
        yield wb


@pytest.fixture
def make(wb: Workbench) -> Iterator[Callable[..., Ports]]:
    made: list[Ports] = []

    def page(tokens: Tokens | None = None, of: Workbench = wb, caller: AskCaller = nobody) -> Ports:
        made.append(PortsPage(of, counter=of.counter(tokens), caller=caller))
        return made[-1]

    yield page
    for item in made:
        for follower in item.followers:
            follower.stop()


def click(button: Any) -> None:
    button.clicks += 1


def test_the_port_is_foretold_and_then_given(
    wb: Workbench, make: Callable[..., Ports], wait_for: Callable[..., None]
) -> None:
    form = make().assign_form
    form.crate.value = "alpha"
    assert "18401</b> would be given, from GIS; its sister is 51169" in form.preview.object
    assert wb.assignments == []
    form.label.value, form.lease.value = "grpc", "1 hour"
    click(form.button)
    wait_for(lambda: '18401 is assigned to alpha as "grpc" until ' in (form.answer.object or "").replace("&#34;", '"'))
    (made,) = wb.assignments
    assert (made.crate_name, made.label, made.port, made.actor) == ("alpha", "grpc", 18401, "notebook")
    assert made.expires_at == made.assigned_at + 3600
    assert (form.crate.value, form.button.disabled) == ("", True)
    click(form.button)
    assert len(wb.assignments) == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"crate": "alhpa"}, "No port: no crate is named &#34;alhpa&#34;; did you mean alpha?"),
        ({"crate": "beta", "is_new": ["has no manifest yet"]}, "No port: beta owns no port in any block"),
        ({"crate": "alpha", "preferred": 18400}, "No port: 18400 is claimed by alpha"),
        ({"crate": "alpha", "block": "GIS", "preferred": 18000}, "No port: preferred: 18000 lies outside block"),
        ({"crate": "al\npha"}, "No port: crate: 1 to 200 printable characters"),
    ],
)
def test_what_stands_in_the_way_is_said_beforehand(
    wb: Workbench, make: Callable[..., Ports], wait_for: Callable[..., None], fields: dict[str, Any], said: str
) -> None:
    form = make().assign_form
    for name, value in fields.items():
        getattr(form, name).value = value
    assert said in form.preview.object
    assert 'role="alert"' in form.preview.object
    assert form.button.disabled
    click(form.button)
    wait_for(lambda: "Nothing was assigned" in (form.answer.object or ""))
    assert wb.assignments == []


def test_a_slow_hub_is_asked_once_and_waited_for_elsewhere(
    wb: Workbench, make: Callable[..., Ports], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Future[Assignment]] = []

    def slow(*_: object, **__: object) -> "Future[Assignment]":
        asked.append(Future())
        return asked[-1]

    monkeypatch.setattr(wb._hub, "assign", slow)
    form = make().assign_form
    form.crate.value = "alpha"
    click(form.button)
    click(form.button)
    assert "Asking" in form.answer.object
    assert (len(asked), form.button.disabled) == (1, True)
    asked[0].set_exception(StoreError("the state file cannot be written: no space left"))
    assert "Nothing was assigned: the state file cannot be written: no space left." in form.answer.object
    assert (form.crate.value, form.button.disabled) == ("alpha", False)


def test_a_full_block_is_said(
    fleet_dir: Path, write_manifest: Write, make: Callable[..., Ports], wb: Workbench
) -> None:
    ports = "\n".join(f"p{port} = {port}" for port in range(18400, 18500))
    write_manifest("alpha", f'[smart-crate]\nname = "alpha"\n[ports]\n{ports}\n')
    wb._hub.refresh().result(10)
    form = make().assign_form
    form.crate.value = "alpha"
    assert "No port: block &#34;GIS&#34; (18400-18499) has no free port." in form.preview.object


def test_a_token_is_asked_for_taken_out_of_the_field_and_forgotten(
    wb: Workbench, make: Callable[..., Ports], wait_for: Callable[..., None]
) -> None:
    page = make(TOKENS)
    form, entry = page.assign_form, page.assign_form._token
    form.crate.value = "alpha"
    assert "Enter the token to ask for it." in form.preview.object
    assert form.button.disabled
    click(form.button)
    assert "Nothing was assigned: enter a token first." in form.answer.object
    entry.field.value = "wrong"
    assert "This token is not known here." in entry._state.object
    assert (entry.field.value, entry.field.value_input, page.visitor.must_present) == ("", "", True)
    entry.field.value = f" {SECRET}\n"
    assert (entry.field.value, entry.field.value_input, entry.field.visible) == ("", "", False)
    assert "You act as operator." in entry._state.object
    assert SECRET not in repr(page) + repr(page.visitor) + str(page._body)
    click(form.button)
    wait_for(lambda: [item.actor for item in wb.assignments] == ["operator"])
    click(entry.leave)
    assert (page.visitor.must_present, page.visitor._secret, entry.field.visible) == (True, "", True)


def test_who_signed_in_and_may_needs_no_token(
    wb: Workbench, make: Callable[..., Ports], wait_for: Callable[..., None]
) -> None:
    page = make(TOKENS, caller=lambda: Caller("ada", frozenset({"read", "ports:write"}), "sign-in"))
    form, entry = page.assign_form, page.assign_form._token
    assert "You act as ada." in entry._state.object
    assert (page.visitor.must_present, entry.field.visible, entry.leave.visible) == (False, False, False)
    form.crate.value = "alpha"
    click(form.button)
    wait_for(lambda: [item.actor for item in wb.assignments] == ["ada"])
    wait_for(lambda: [(entry.actor, entry.means) for entry in wb.audit.entries()] == [("ada", "sign-in")])


@pytest.mark.parametrize("token", ["", SECRET])
def test_who_signed_out_meanwhile_is_refused_at_once(
    wb: Workbench, make: Callable[..., Ports], wait_for: Callable[..., None], token: str
) -> None:
    ada = Caller("ada", frozenset({"read", "ports:write"}), "sign-in")
    here = [ada]
    page = make(TOKENS, caller=lambda: here[0])
    wb._hub.assign(AssignmentRequest("alpha"), actor="deployer").result(10)
    if token:
        page.visitor.present(token)
    form = page.assign_form
    form.crate.value = "alpha"
    here[0] = NOBODY
    click(form.button)
    assert "you are signed out; sign in again" in form.answer.object
    with pytest.raises(Unauthorized, match="signed out"):
        page.visitor.release(wb.assignments[0])
    assert [item.actor for item in wb.assignments] == ["deployer"]
    told = [(item.actor, item.action, item.outcome, item.status) for item in wb.audit.entries()]
    assert told == [("ada", "sign-in.present", "refused", 401)] * 2


def test_who_signed_in_and_may_not_is_asked_for_a_token(wb: Workbench, make: Callable[..., Ports]) -> None:
    page = make(TOKENS, caller=lambda: Caller("bob", frozenset({"read"}), "sign-in"))
    assert (page.visitor.must_present, page.visitor.name) == (True, "")
    page.assign_form._token.field.value = SECRET
    assert page.visitor.name == "operator"
    click(page.assign_form._token.leave)
    assert page.visitor.must_present


def test_a_port_is_released_after_a_second_thought(
    wb: Workbench, make: Callable[..., Ports], wait_for: Callable[..., None]
) -> None:
    wb._hub.assign(AssignmentRequest("alpha"), actor="deployer").result(10)
    page, watching = make(), make()
    form = page.release_form
    assert not form.is_shown
    page.select(18401)
    watching.select(18401)
    assert "is assigned to alpha as <code>http</code>" in form.whose.object
    assert "by deployer" in form.whose.object
    click(form.confirm)
    assert len(wb.assignments) == 1
    click(form.release)
    assert "Release 18401 of alpha?" in form.question.object
    click(form.keep)
    assert form.question.object == ""
    click(form.release)
    click(form.confirm)
    wait_for(lambda: "18401 of alpha is released." in (form.answer.object or ""))
    assert wb.assignments == []
    wait_for(lambda: not watching.release_form.is_shown)


def test_a_port_that_another_holds_by_now_is_not_released(wb: Workbench, make: Callable[..., Ports]) -> None:
    page = make()
    stale = wb._hub.assign(AssignmentRequest("alpha")).result(10)
    wb._hub.release(18401).result(10)
    newer = wb._hub.assign(AssignmentRequest("alpha")).result(10)
    page.release_form.look_at(18401, stale)
    click(page.release_form.release)
    done = page.visitor.release(stale)
    assert "under another id" in str(done.exception(10))
    assert wb.assignments == [newer]


def test_without_a_hub_the_form_says_why_it_is_off(
    fleet_dir: Path, write_manifest: Write, make: Callable[..., Ports]
) -> None:
    write_manifest("alpha")
    form = make(of=Workbench.scan(fleet_dir)).assign_form
    assert "scanned once and runs no hub" in form.preview.object
    assert form.button.disabled
    assert all(field.disabled for field in form.fields)


def test_a_lost_journal_and_a_server_without_tokens_are_said(wb: Workbench, make: Callable[..., Ports]) -> None:
    page = make(Tokens())
    assert "This server has no token" in page.assign_form.preview.object
    wb._hub.guard.lose(StoreError("no space left"))
    page.refresh()
    assert "The state file cannot be written (no space left)" in page.assign_form.preview.object


def test_the_counter_refuses_before_it_asks(wb: Workbench) -> None:
    counter = wb.counter(Tokens([Token("reader", Token.of("reader", "r").digest, frozenset()), *TOKENS._tokens]))
    request = AssignmentRequest("alpha")
    with pytest.raises(Unauthorized):
        counter.assign(request, "wrong")
    with pytest.raises(Forbidden):
        counter.assign(request, "r")
    with pytest.raises(UnknownCrate):
        counter.assign(AssignmentRequest("nobody"), SECRET)
    assert wb.assignments == []
    assert counter.assign(AssignmentRequest("nobody", block="GIS"), SECRET, is_new=True).result(10).port == 18401
