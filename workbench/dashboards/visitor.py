"""Who has something changed at a page: the person who signed in, or the token that somebody entered.

A token is kept for one session, and in memory only.
"""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

import panel as pn

from workbench.dashboards.page_caller import AskCaller, nobody
from workbench.dashboards.panes import action, column, control, html_pane, reveal, show
from workbench.dashboards.sentences import answer_markup
from workbench.dashboards.session import Session, served_document
from workbench.desks.assignments import Assignment, AssignmentRequest
from workbench.desks.counter import Counter
from workbench.desks.port_counter import PortCounter
from workbench.errors import Unauthorized, WorkbenchError
from workbench.security.access import Caller

C = TypeVar("C", bound=Counter)


class Stand(Generic[C]):
    """One session's stand at a counter. `caller` says, whenever something is asked for, who has signed in."""

    def __init__(self, counter: C, caller: AskCaller = nobody) -> None:
        self.counter = counter
        self._caller = caller
        self._opened_by = caller()
        self.session = Session()
        self._secret = ""
        self.name = self._name()
        """As whom it acts; empty if nobody may act yet."""
        self._told: list[Callable[[], None]] = []
        self.session.on_end(self.forget)

    @property
    def must_present(self) -> bool:
        """Whether a token is asked for and none was accepted yet."""
        return self.counter.asks_for_token and not self.name

    @property
    def has_token(self) -> bool:
        """Whether a token was taken up."""
        return bool(self._secret)

    def present(self, secret: str) -> None:
        """Take up a token. Raises Unauthorized or Forbidden, and then keeps nothing."""
        self._secret = ""
        self.name = self._name()
        try:
            self.name = self.counter.caller(secret).name
            self._secret = secret
        finally:
            self._tell()

    def forget(self) -> None:
        """Forget the token."""
        self._secret = ""
        self.name = self._name()
        self._tell()

    def on_change(self, function: Callable[[], None]) -> None:
        """Have a function called when a token is taken up or forgotten."""
        self._told.append(function)

    @property
    def credentials(self) -> tuple[str, Caller]:
        """The token and who signed in, to be handed over with what is asked for.

        A notebook's page acts for the owner of its process; served to browsers, it would act for anyone. Raises
        Unauthorized then, and for a page whose sign-in is over, whatever token was entered there.
        """
        if not self.counter.asks_for_token and served_document() is not None:
            raise Unauthorized("this page was made for a notebook and has no tokens to check; use `workbench serve`")
        caller = self._caller()
        if self._opened_by.means == "sign-in" and not caller.is_known:
            self.counter.turn_away(self._opened_by)
        return self._secret, caller

    def _name(self) -> str:
        """Return as whom somebody acts without a token."""
        caller = self._caller()
        if not self.counter.asks_for_token or not caller.is_known:
            return ""
        try:
            return self.counter.caller(signed_in=caller).name
        except WorkbenchError:
            return ""

    def _tell(self) -> None:
        for function in self._told:
            function()


class Visitor(Stand[PortCounter]):
    """One session's stand at the counter for ports."""

    def assign(self, request: AssignmentRequest, *, is_new: bool = False) -> "Future[Assignment]":
        """Ask for a port; see `PortCounter.assign`."""
        return self.counter.assign(request, *self.credentials, is_new=is_new)

    def release(self, held: Assignment) -> "Future[Assignment]":
        """Give a port back; see `PortCounter.release`."""
        return self.counter.release(held, *self.credentials)


class TokenEntry:
    """The field in which a visitor presents a token; what was typed is taken out of it at once."""

    def __init__(self, visitor: Stand[Any], label: str = "Token") -> None:
        self._visitor = visitor
        self.field = control(pn.widgets.PasswordInput, label, placeholder="paste it, then Enter", width=220)
        self.field.param.watch(lambda event: self._entered(event.new), "value")
        self.leave = action("Forget the token", lambda _: visitor.forget(), width=150)
        self._state = html_pane(sizing_mode=None)
        self.view = column("filters", self.field, self._state, self.leave)
        visitor.on_change(self._show)
        self._show()

    def _entered(self, secret: str | None) -> None:
        if not secret:
            return
        self.field.value = self.field.value_input = ""
        try:
            self._visitor.present(secret.strip())
        except WorkbenchError as error:
            show(self._state, answer_markup(error))

    def _show(self) -> None:
        name = self._visitor.name
        self.field.visible = self._visitor.must_present
        self.leave.visible = self._visitor.has_token
        reveal(self.view, self._visitor.counter.asks_for_token)
        show(self._state, answer_markup(f"You act as {name}.") if name else answer_markup(""))
