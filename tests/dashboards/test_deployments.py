"""The deployments page as an object: who may, what is said beforehand, and what is shown of what happens."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.demo import commands, free_pairs, hub_options, write_fleet
from workbench import Workbench
from workbench.config import sample_fleet
from workbench.dashboards import DeploymentsPage
from workbench.dashboards.deployment_rows import DeploymentFilter, deployments_frame
from workbench.dashboards.live import Feed
from workbench.deploy.target import DeployRequest
from workbench.errors import Forbidden, Unauthorized
from workbench.hub import Hub
from workbench.security.tokens import Token, Tokens
from workbench.store.database import Store

SECRET, WEAK = "a-secret-of-this-test", "another-secret"
TOKENS = Tokens([Token.of("operator", SECRET), Token.of("reader", WEAK, frozenset({"read"}))])
Make = Callable[..., DeploymentsPage]


@pytest.fixture
def wb(tmp_path: Path, wait_for: Callable[..., None]) -> Iterator[Workbench]:
    state = tmp_path / "state"
    write_fleet(tmp_path / "deployed", dict(zip(["atlas", "beacon"], free_pairs(2), strict=True)))
    with Hub([tmp_path / "deployed"], hub_options(state), Store(state)) as hub:
        assert hub.wait_ready(10)
        yield Workbench(hub)
    shutil.rmtree(state, ignore_errors=True)
    wait_for(lambda: commands(state) == [])


@pytest.fixture
def make(wb: Workbench) -> Iterator[Make]:
    made: list[DeploymentsPage] = []

    def page(tokens: Tokens | None = None, of: Workbench = wb) -> DeploymentsPage:
        # Refreshed by the tests alone: without a session's document nothing keeps two threads out of one page.
        feed = Feed(of, lambda _: lambda: None)
        made.append(DeploymentsPage(of, feed, counter=of.deploy_counter(tokens)))
        return made[-1]

    yield page
    for item in made:
        for follower in item.followers:
            follower.stop()


def click(button: Any) -> None:
    button.clicks += 1


def deployed(wb: Workbench, wait_for: Callable[..., None], **request: Any) -> str:
    made = wb._hub.deployments.deploy("atlas", DeployRequest(**request)).result(10)
    wait_for(lambda: wb._hub.deployments.find(made.id).has_ended, 20)
    return made.id


def text(pane: Any) -> str:
    return re.sub(r"<[^>]+>", "", pane.object or "")


def test_the_plan_is_shown_and_then_carried_out(wb: Workbench, make: Make, wait_for: Callable[..., None]) -> None:
    page = make()
    form = page.form
    assert form.button.disabled
    form.crate.value, form.version.value = "atlas", "2.0"
    plan = text(form.preview)
    assert "atlas 2.0 by blue-green with the runner demo, in place of nothing." in plan
    assert "service.py start" in plan
    assert wb.deployments == []
    click(form.button)
    wait_for(lambda: page.selected and not form.button.disabled)
    wait_for(lambda: [item.state for item in wb.deployments] == ["succeeded"], 20)
    assert page.selected == wb.deployments[0].id
    page.refresh()
    assert list(page.table.frame["state"]) == ["succeeded"]
    assert "succeeded" in text(page._details)
    assert "started atlas 2.0" in text(page._log)
    assert wb.deployments[0].actor == "notebook"
    assert "Serves now: 2.0" in text(page._history)
    assert page._details.object.count('class="done"') == 4
    assert "1crates served from here" in text(page._figures)


@pytest.mark.parametrize(("fields", "said"), [
    ({"crate": "atlsa"}, "did you mean atlas?"),
    ({"crate": "atlas", "version": "; rm -rf"}, "No plan: version: expected 1 to 64 letters"),
    ({"crate": "atlas", "parameters": "mood=merry"}, "No plan: parameters.mood: expected good|bad|late"),
    ({"crate": "atlas", "parameters": "mood"}, "expected name=value"),
])  # fmt: skip
def test_why_there_is_no_plan_is_said(make: Make, fields: dict[str, str], said: str) -> None:
    form = make().form
    for name, value in fields.items():
        getattr(form, name).value = value
    assert said in text(form.preview)
    assert form.button.disabled


def test_a_token_is_asked_for_and_the_commands_are_shown_to_its_bearer_only(wb: Workbench, make: Make) -> None:
    page = make(TOKENS)
    page.form.crate.value = "atlas"
    assert "Enter the token to deploy" in text(page.form.preview)
    assert "service.py" not in page.form.preview.object
    click(page.form.button)
    for secret, error in (("guess", Unauthorized), (WEAK, Forbidden)):
        with pytest.raises(error):
            page.stand.present(secret)
    with pytest.raises(Unauthorized):
        page.stand.counter.deploy("atlas", DeployRequest(), "guess")
    assert wb.deployments == []
    page.stand.present(SECRET)
    assert "service.py" in page.form.preview.object
    assert not page.form.button.disabled
    refused = [entry.action for entry in wb.audit.entries() if entry.outcome == "refused"]
    assert refused == ["token.present"] * 3


def test_going_back_after_a_second_thought(wb: Workbench, make: Make, wait_for: Callable[..., None]) -> None:
    first, second = deployed(wb, wait_for), deployed(wb, wait_for, version="2.0")
    page = make()
    page.select(first)
    assert not page.actions.roll_back.visible
    page.select(second)
    actions = page.actions
    assert (actions.roll_back.visible, actions.cancel.visible, actions.confirm.visible) == (True, False, False)
    click(actions.roll_back)
    assert "Send atlas back to 1.0.0? 2.0 ends." in text(actions.question)
    click(actions.keep)
    assert text(actions.question) == ""
    click(actions.roll_back)
    click(actions.confirm)
    wait_for(lambda: wb.deployments[0].state == "rolled_back", 20)
    wait_for(lambda: "It is on its way." in text(actions.answer))
    page.refresh()
    assert "rolled back" in text(page._details)
    assert [entry.action for entry in wb.audit.entries()] == ["deployment.rollback"]


def test_cancelling(wb: Workbench, make: Make, wait_for: Callable[..., None]) -> None:
    made = wb._hub.deployments.deploy("atlas", DeployRequest(parameters={"mood": "bad"})).result(10)
    waiting = wb._hub.deployments.deploy("atlas", DeployRequest("2.0")).result(10)
    page = make()
    page.select(waiting.id)
    assert "It waits." in text(page._details)
    click(page.actions.cancel)
    click(page.actions.confirm)
    wait_for(lambda: wb._hub.deployments.find(waiting.id).state == "cancelled")
    wait_for(lambda: wb._hub.deployments.find(made.id).has_ended)
    wait_for(lambda: "It is on its way." in text(page.actions.answer))
    page.select(made.id)
    assert "not healthy within" in text(page._details)
    assert not page.actions.cancel.visible


def test_filters_and_rows(wb: Workbench, make: Make, wait_for: Callable[..., None]) -> None:
    deployed(wb, wait_for)
    deployed(wb, wait_for, version="2.0-bad")
    page = make()
    assert list(page.table.frame["version"]) == ["2.0-bad", "1.0.0"]
    page.state.value = "failed"
    assert list(page.table.frame["version"]) == ["2.0-bad"]
    page.state.value, page.search.value_input = "all states", "nobody"
    assert page._nothing.visible
    assert DeploymentFilter("ATLAS 1.0").accepts(wb.deployments[1])
    assert list(deployments_frame(wb.deployments)["progress"]) == [1.0, 1.0]


def test_where_nothing_can_be_deployed_it_is_said(make: Make, followed: Workbench) -> None:
    assert "runs no hub" in text(make(of=Workbench.scan(sample_fleet())).form.preview)
    page = make(of=followed)
    assert "No runner is set up" in text(page.form.preview)
    assert "Nothing was deployed from here yet." in text(page._nothing)
