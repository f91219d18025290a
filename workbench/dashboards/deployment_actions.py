"""What can be done about the selected deployment, after a second thought: cancel it, or go back."""

from concurrent.futures import Future
from functools import partial
from typing import Any, Literal

from markupsafe import Markup

from workbench.dashboards.deploy_form import told
from workbench.dashboards.panes import action, column, html_pane, reveal, show
from workbench.dashboards.sentences import answer_markup
from workbench.dashboards.visitor import Stand, TokenEntry
from workbench.deploy.model import Deployment
from workbench.desks.deploy_counter import DeployCounter
from workbench.errors import WorkbenchError

Verb = Literal["cancel", "rollback"]

_QUESTIONS = {
    "cancel": "Cancel {crate} {version}? What it has reached already is taken back.",
    "rollback": "Send {crate} back to {before}? {version} ends.",
}


class DeploymentActions:
    """Cancels or rolls back the deployment that it looks at."""

    def __init__(self, stand: Stand[DeployCounter]) -> None:
        self._stand = stand
        self._item: Deployment | None = None
        self._verb: Verb | None = None
        self._asked: Future[Deployment] | None = None
        self.cancel = action("Cancel …", lambda _: self._ask("cancel"), width=110)
        self.roll_back = action("Roll back …", lambda _: self._ask("rollback"), width=120)
        self.confirm = action("Yes, do it", self._confirmed, "danger", width=120)
        self.keep = action("Leave it", lambda _: self._ask(None), width=100)
        self.question, self.answer = html_pane(), html_pane()
        self._token = TokenEntry(stand, "Token to do it")
        self._tokens = column("filters", self._token.view)
        buttons = column("filters", self.cancel, self.roll_back, self.confirm, self.keep)
        self.view = column("page", self.question, self._tokens, buttons, self.answer)
        stand.on_change(self._show)
        self._show()

    def look_at(self, item: Deployment | None, is_newest: bool) -> None:
        """Offer what can be done about a deployment; `is_newest` says that none of its crate succeeded since."""
        if item is None or self._item is None or item.id != self._item.id:
            self._verb = None
            show(self.answer, Markup())
        self._item = item
        self._can_cancel = item is not None and not item.has_ended and item.ending is None and not item.is_cancelled
        self._can_go_back = item is not None and item.state == "succeeded" and is_newest and item.before is not None
        if (self._verb == "cancel" and not self._can_cancel) or (self._verb == "rollback" and not self._can_go_back):
            self._verb = None
        self._show()

    _can_cancel = _can_go_back = False

    def _ask(self, verb: Verb | None) -> None:
        self._verb = verb
        show(self.answer, Markup())
        self._show()

    def _show(self) -> None:
        item, is_sure = self._item, self._verb is not None
        is_open = self._stand.counter.closed is None
        self.cancel.visible = is_open and self._can_cancel and not is_sure
        self.roll_back.visible = is_open and self._can_go_back and not is_sure
        self.confirm.visible = self.keep.visible = is_open and is_sure
        self.confirm.disabled = self._asked is not None or self._stand.must_present
        reveal(self._tokens, is_open and is_sure and self._stand.must_present)
        reveal(self.view, is_open and (self._can_cancel or self._can_go_back or bool(self.answer.object)))
        words = Markup()
        if item is not None and self._verb is not None:
            question = _QUESTIONS[self._verb].format(
                crate=item.crate_name, version=item.target.version, before=item.before.version if item.before else ""
            )
            words = Markup('<p role="alert"><b>{}</b></p>').format(question)
        show(self.question, words)

    def _confirmed(self, _: Any) -> None:
        if self._item is None or self._asked is not None or self._verb is None:
            return
        counter = self._stand.counter
        ask = counter.cancel if self._verb == "cancel" else counter.roll_back
        try:
            self._asked = ask(self._item, *self._stand.credentials)
        except WorkbenchError as error:
            show(self.answer, answer_markup(error, "Nothing was done: "))
            return
        self._show()
        self._asked.add_done_callback(lambda done: self._stand.session.call(partial(self._answered, done)))

    def _answered(self, done: "Future[Deployment]") -> None:
        self._asked, self._verb = None, None
        error = done.exception()
        show(
            self.answer,
            answer_markup("It is on its way.") if error is None else answer_markup(told(error), "Not done: "),
        )
        self._show()
