"""The form that deploys a crate, and shows beforehand what would be done."""

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, Final

import panel as pn
from markupsafe import Markup

from workbench.dashboards.deployment_markup import plan_markup
from workbench.dashboards.panes import action, column, control, html_pane, show
from workbench.dashboards.sentences import answer_markup
from workbench.dashboards.visitor import Stand, TokenEntry
from workbench.deploy.model import STRATEGIES, Deployment
from workbench.deploy.target import DeployRequest
from workbench.desks.deploy_counter import DeployCounter
from workbench.errors import InvalidRequest, Unavailable, WorkbenchError
from workbench.fleet.snapshot import Snapshot

AS_DECLARED: Final = "as the manifest says"
_LONGEST: Final = 200


class DeployForm:
    """Asks the counter for a deployment; `on_asked` is called with what was begun."""

    def __init__(self, stand: Stand[DeployCounter], on_asked: Callable[[Deployment], None], crate: str = "") -> None:
        self._stand = stand
        self._on_asked = on_asked
        self._asked: Future[Deployment] | None = None
        self.crate = control(
            pn.widgets.AutocompleteInput, "Crate", options=[], restrict=False, case_sensitive=False, min_characters=1,
            search_strategy="includes", placeholder="begin to type a name", width=260, value=crate,
        )  # fmt: skip
        self.version = control(
            pn.widgets.TextInput, "Version", placeholder="that of the manifest", max_length=64, width=170
        )
        self.strategy = control(pn.widgets.Select, "Strategy", options=[AS_DECLARED, *STRATEGIES], width=190)
        self.parameters = control(
            pn.widgets.TextInput, "Parameters", placeholder="name=value …", max_length=_LONGEST, width=300
        )
        self.button = action("Deploy", self._clicked, "primary", width=110)
        self.fields = (self.crate, self.version, self.strategy, self.parameters)
        for field in self.fields:
            field.param.watch(self._changed, "value")
        self.preview, self.answer, self._hint = html_pane(), html_pane(), html_pane()
        self._token = TokenEntry(stand)
        stand.on_change(self._show_plan)
        heading = html_pane(Markup("<h2>Deploy a crate</h2>"))
        fields = column("filters", *self.fields, self.button)
        self.view = column("card", heading, self._token.view, fields, self._hint, self.answer, self.preview)

    def refresh(self, snapshot: Snapshot) -> None:
        """Take up the crates of a fleet, and plan anew."""
        names = sorted({crate.name for crate in snapshot.crates})
        if self.crate.options != names:
            self.crate.options = names
        taken = self._stand.counter.parameters
        words = "; ".join(f"{name}: {pattern}" for name, pattern in sorted(taken.items()))
        show(
            self._hint,
            Markup('<p class="quiet">Parameters that may be given: {}</p>').format(words) if words else Markup(),
        )
        self._show_plan()

    @property
    def request(self) -> DeployRequest:
        """What the fields ask for. Raises InvalidRequest."""
        strategy = None if self.strategy.value == AS_DECLARED else self.strategy.value
        return DeployRequest((self.version.value or "").strip() or None, strategy, _pairs(self.parameters.value or ""))

    @property
    def crate_name(self) -> str:
        """The crate that was named."""
        return (self.crate.value or "").strip()

    def _changed(self, _: Any) -> None:
        show(self.answer, Markup())
        self._show_plan()

    def _show_plan(self) -> None:
        closed = self._stand.counter.closed
        is_sound = False
        if closed is not None:
            words = Markup('<p class="warn" role="status">{}</p>').format(closed)
        elif not self.crate_name:
            words = Markup('<p class="quiet">Name a crate to see what would be done.</p>')
        else:
            words, is_sound = self._planned()
        for field in self.fields:
            field.disabled = closed is not None
        show(self.preview, words)
        self.button.disabled = not is_sound or self._asked is not None or self._stand.must_present

    def _planned(self) -> tuple[Markup, bool]:
        try:
            plan = plan_markup(
                self._stand.counter.plan(self.crate_name, self.request), with_commands=not self._stand.must_present
            )
        except WorkbenchError as error:
            return answer_markup(error, "No plan: "), False
        token = (
            Markup('<p class="quiet">Enter the token to deploy, and to see the commands.</p>')
            if self._stand.must_present
            else Markup()
        )
        return token + plan, True

    def _clicked(self, _: Any) -> None:
        if self._asked is not None or not self.crate_name:
            return
        try:
            self._asked = self._stand.counter.deploy(self.crate_name, self.request, *self._stand.credentials)
        except WorkbenchError as error:
            show(self.answer, answer_markup(error, "Nothing is deployed: "))
            return
        show(self.answer, Markup('<p class="quiet" role="status">Asking …</p>'))
        self._show_plan()
        self._asked.add_done_callback(lambda done: self._stand.session.call(partial(self._answered, done)))

    def _answered(self, done: "Future[Deployment]") -> None:
        self._asked = None
        error = done.exception()
        if error is None:
            made = done.result()
            waits = " waits for its turn" if made.state == "queued" else " is at work"
            show(self.answer, answer_markup(f"{made.crate_name} {made.target.version}{waits}."))
            self._on_asked(made)
        else:
            show(self.answer, answer_markup(told(error), "Nothing is deployed: "))
        self._show_plan()


def told(error: BaseException) -> WorkbenchError:
    """Return what to tell people of an error."""
    return error if isinstance(error, WorkbenchError) else Unavailable("the hub failed; its log says why")


def _pairs(text: str) -> dict[str, str]:
    found = {}
    for word in text.replace(",", " ").split():
        name, sign, value = word.partition("=")
        if not sign or not name:
            raise InvalidRequest(f'parameters: expected name=value, found "{word[:40]}"', parameter="parameters")
        found[name] = value
    return found
