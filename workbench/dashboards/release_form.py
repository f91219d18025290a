"""The assignment of the selected port: whose it is, and a way to give it back."""

from concurrent.futures import Future
from functools import partial
from typing import Any

from markupsafe import Markup

from workbench.dashboards.panes import action, column, html_pane, reveal, show
from workbench.dashboards.sentences import answer_markup, clock
from workbench.dashboards.visitor import TokenEntry, Visitor
from workbench.desks.assignments import Assignment
from workbench.errors import Unavailable, WorkbenchError


class ReleaseForm:
    """Releases a port after a second thought."""

    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor
        self._held: Assignment | None = None
        self._port: int | None = None
        self._is_sure = False
        self.is_shown = False
        self._asked: Future[Assignment] | None = None
        self.whose = html_pane()
        self.question = html_pane()
        self.answer = html_pane()
        self.release = action("Release …", lambda _: self._ask(True), width=120)
        self.confirm = action("Yes, release it", self._confirmed, "danger", width=150)
        self.keep = action("Keep it", lambda _: self._ask(False), width=100)
        self._token = TokenEntry(visitor, "Token to release it")
        self._tokens = column("filters", self._token.view)
        buttons = column("filters", self.release, self.confirm, self.keep)
        self.view = column("card", self.whose, self.question, self._tokens, buttons, self.answer)
        visitor.on_change(self._show)
        self._show()

    def look_at(self, port: int | None, held: Assignment | None) -> None:
        """Show the assignment of a port; None where there is none."""
        if port != self._port:
            show(self.answer, Markup())
        if held is None or self._held is None or held.id != self._held.id:
            self._is_sure = False
        self._port, self._held = port, held
        self._show()

    def _ask(self, is_sure: bool) -> None:
        self._is_sure = is_sure
        show(self.answer, Markup())
        self._show()

    def _show(self) -> None:
        held, is_sure = self._held, self._is_sure
        self.is_shown = held is not None or bool(self.answer.object)
        reveal(self.view, self.is_shown)
        closed = self._visitor.counter.closed
        is_free_to_act = held is not None and closed is None
        self.release.visible = is_free_to_act and not is_sure
        self.confirm.visible = self.keep.visible = is_free_to_act and is_sure
        self.confirm.disabled = self._asked is not None or self._visitor.must_present
        reveal(self._tokens, is_free_to_act and is_sure and self._visitor.must_present)
        show(self.whose, whose_markup(held) if held else Markup("<h2>Assignment</h2>"))
        show(self.question, question_markup(held) if held and is_sure else Markup())
        if held is not None and closed is not None:
            show(self.question, Markup('<p class="warn">{}</p>').format(closed))

    def _confirmed(self, _: Any) -> None:
        if self._held is None or self._asked is not None or not self._is_sure:
            return
        try:
            self._asked = self._visitor.release(self._held)
        except WorkbenchError as error:
            show(self.answer, answer_markup(error, "Nothing was released: "))
            return
        self._show()
        self._asked.add_done_callback(lambda done: self._visitor.session.call(partial(self._answered, done)))

    def _answered(self, done: "Future[Assignment]") -> None:
        self._asked, self._is_sure = None, False
        error = done.exception()
        if error is None:
            ended = done.result()
            self._held = None if self._held is not None and self._held.id == ended.id else self._held
            show(self.answer, answer_markup(f"{ended.port} of {ended.crate_name} is released."))
        else:
            known = error if isinstance(error, WorkbenchError) else Unavailable("the hub failed; its log says why")
            show(self.answer, answer_markup(known, "Nothing was released: "))
        self._show()


def whose_markup(held: Assignment) -> Markup:
    """Return whose a port is, since when, by whom, and for how long."""
    until = f", until {clock(held.expires_at)}" if held.expires_at is not None else ""
    return Markup(
        '<h2>Assignment</h2><p><span class="port">{}</span> is assigned to {} as <code>{}</code> '
        '<span class="quiet">since {}{}{}</span></p>'
    ).format(
        held.port, held.crate_name, held.label, clock(held.assigned_at),
        f" by {held.actor}" if held.actor else "", until,
    )  # fmt: skip


def question_markup(held: Assignment) -> Markup:
    """Return the question that is asked before a port is released."""
    return Markup(
        '<p role="alert"><b>Release {} of {}?</b> Anybody may be given it at once; a service of {} that still listens '
        "there would meet the next holder.</p>"
    ).format(held.port, held.crate_name, held.crate_name)
