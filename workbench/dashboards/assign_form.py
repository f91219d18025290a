"""The form that asks for a port, and says beforehand which one it would be."""

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, Final

import panel as pn
from markupsafe import Markup

from workbench.dashboards.panes import action, check_box, column, control, html_pane, show
from workbench.dashboards.sentences import answer_markup, clock
from workbench.dashboards.visitor import TokenEntry, Visitor
from workbench.desks.assignments import DEFAULT_LABEL, Assignment, AssignmentRequest
from workbench.errors import InvalidRequest, Unavailable, WorkbenchError
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.values import MAX_PORT

OWN_BLOCK: Final = "the crate's own block"
NO_LEASE: Final = "until it is released"
_HOUR: Final = 3600.0
LEASES: Final = {NO_LEASE: None, "1 hour": _HOUR, "8 hours": 8 * _HOUR, "1 day": 24 * _HOUR, "30 days": 720 * _HOUR}
_LONGEST_NAME: Final = 200


class AssignForm:
    """Asks the counter for a port; `on_assigned` is called with what was handed out."""

    def __init__(self, visitor: Visitor, on_assigned: Callable[[Assignment], None]) -> None:
        self._visitor = visitor
        self._on_assigned = on_assigned
        self._asked: Future[Assignment] | None = None
        self._is_clearing = False
        self._make_fields()
        self.button = action("Assign", self._clicked, "primary", width=110)
        self.preview = html_pane()
        self.answer = html_pane()
        self._token = TokenEntry(visitor)
        visitor.on_change(self._show_preview)
        heading = html_pane(Markup("<h2>Assign a port</h2>"))
        fields = column("filters", *self.fields, self.button)
        self.view = column("card", heading, self._token.view, fields, self.preview, self.answer)

    def _make_fields(self) -> None:
        self.crate = control(
            pn.widgets.AutocompleteInput, "Crate", options=[], restrict=False, case_sensitive=False, min_characters=1,
            search_strategy="includes", placeholder="begin to type a name", width=260,
        )  # fmt: skip
        self.is_new = check_box("has no manifest yet", width=180)
        self.label = control(
            pn.widgets.TextInput, "Label", placeholder=DEFAULT_LABEL, max_length=_LONGEST_NAME, width=130
        )
        self.block = control(pn.widgets.Select, "Block", options=[OWN_BLOCK], width=220)
        self.preferred = control(
            pn.widgets.IntInput,
            "Preferred port",
            placeholder="any free one",
            value=None,
            start=1,
            end=MAX_PORT,
            width=140,
        )
        self.lease = control(pn.widgets.Select, "Kept", options=list(LEASES), width=170)
        self.fields = (self.crate, self.is_new, self.label, self.block, self.preferred, self.lease)
        for field in self.fields:
            field.param.watch(self._changed, "value")

    def refresh(self, snapshot: Snapshot) -> None:
        """Take up the crates and blocks of a fleet, and say anew which port would be given."""
        names = sorted({crate.name for crate in snapshot.crates})
        if self.crate.options != names:
            self.crate.options = names
        blocks = [OWN_BLOCK, *(block.name for block in snapshot.plan.blocks)]
        if self.block.options != blocks:
            self.block.options = blocks
        self._show_preview()

    @property
    def request(self) -> AssignmentRequest:
        """What the fields ask for. Raises InvalidRequest."""
        crate, label = _name("crate", self.crate.value), _name("label", self.label.value or DEFAULT_LABEL)
        block = None if self.block.value == OWN_BLOCK else self.block.value
        return AssignmentRequest(crate, label, block, self.preferred.value, LEASES[self.lease.value])

    @property
    def has_crate(self) -> bool:
        """Whether a crate was named."""
        return bool((self.crate.value or "").strip())

    def _changed(self, _: Any) -> None:
        if not self._is_clearing:
            show(self.answer, Markup())
            self._show_preview()

    def _show_preview(self) -> None:
        closed, is_asking = self._visitor.counter.closed, self._asked is not None
        for field in self.fields:
            field.disabled = closed is not None
        problem: WorkbenchError | None = None
        if closed is not None:
            words = Markup('<p class="warn" role="status">{}</p>').format(closed)
        elif not self.has_crate:
            words = Markup('<p class="quiet">Name a crate to see which port it would be given.</p>')
        else:
            words, problem = self._foreseen()
        show(self.preview, words)
        self.button.disabled = (
            closed is not None or problem is not None or is_asking or not self.has_crate or self._visitor.must_present
        )

    def _foreseen(self) -> tuple[Markup, WorkbenchError | None]:
        try:
            would = self._visitor.counter.preview(self.request, is_new=bool(self.is_new.value))
        except WorkbenchError as error:
            return answer_markup(error, "No port: "), error
        sister = f"its sister is {would.sister_port}" if would.sister_port else "it has no sister"
        kept = "" if self._visitor.counter.is_durable else " It is kept in memory only, until this process ends."
        token = " Enter the token to ask for it." if self._visitor.must_present else ""
        return Markup(
            '<p role="status"><b class="port">{}</b> would be given, from {}; {}.<span class="quiet">{}{}</span></p>'
        ).format(would.port, would.block or "outside every block", sister, kept, token), None

    def _clicked(self, _: Any) -> None:
        # A second click that was on its way finds the form asking, or cleared.
        if self._asked is not None or not self.has_crate:
            return
        try:
            self._asked = self._visitor.assign(self.request, is_new=bool(self.is_new.value))
        except WorkbenchError as error:
            show(self.answer, answer_markup(error, "Nothing was assigned: "))
            return
        show(self.answer, Markup('<p class="quiet" role="status">Asking …</p>'))
        self._show_preview()
        self._asked.add_done_callback(lambda done: self._visitor.session.call(partial(self._answered, done)))

    def _answered(self, done: "Future[Assignment]") -> None:
        self._asked = None
        error = done.exception()
        if error is None:
            self._clear()
            show(self.answer, answer_markup(assigned_sentence(done.result())))
        else:
            show(self.answer, answer_markup(_told(error), "Nothing was assigned: "))
        self._show_preview()
        if error is None:
            self._on_assigned(done.result())

    def _clear(self) -> None:
        self._is_clearing = True
        try:
            self.crate.value, self.label.value, self.preferred.value, self.is_new.value = "", "", None, []
        finally:
            self._is_clearing = False


def assigned_sentence(made: Assignment) -> str:
    """Return what was handed out, as a sentence."""
    until = f" until {clock(made.expires_at)}" if made.expires_at is not None else ""
    return f'{made.port} is assigned to {made.crate_name} as "{made.label}"{until}.'


def _told(error: BaseException) -> WorkbenchError:
    return error if isinstance(error, WorkbenchError) else Unavailable("the hub failed; its log says why")


def _name(field: str, given: str | None) -> str:
    name = (given or "").strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise InvalidRequest(f"{field}: 1 to {_LONGEST_NAME} printable characters", parameter=field)
    return name
