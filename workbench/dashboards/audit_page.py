"""The audit page: who changed what, and what was refused, for those who may see it."""

from typing import Any, ClassVar, Final

import pandas as pd
import panel as pn
from markupsafe import Markup
from panel.viewable import Viewable

from workbench.dashboards.address import Address
from workbench.dashboards.live import Feed
from workbench.dashboards.live_table import LiveTable, TableColumn
from workbench.dashboards.page import Page
from workbench.dashboards.page_caller import page_caller
from workbench.dashboards.panes import column, control, html_pane, show
from workbench.dashboards.states import no_match_state
from workbench.dashboards.table_view import TableView
from workbench.desks.audit import OUTCOMES, AuditEntry, AuditQuery
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.wire import iso
from workbench.security.access import NOBODY, AccessRules, Caller
from workbench.workbench import Workbench

SHOWN: Final = 500
ALL_OUTCOMES: Final = "all outcomes"

_OUTCOME: Final = (
    '<span class="<%- {done: "good", refused: "warning", failed: "error"}[value] || "quiet" %>"><%- value %></span>'
)
_QUIET: Final = '<span class="quiet"><%- value %></span>'
_COLUMNS: Final = (
    TableColumn("at", "When (UTC)", 170, '<span class="mono"><%- value %></span>'),
    TableColumn("actor", "Who", 150, '<%- value || "not known" %>', has_filter=True),
    TableColumn("action", "What", 130, has_filter=True),
    TableColumn("subject", "With what", None, has_filter=True, min_width=220),
    TableColumn("outcome", "Outcome", 100, _OUTCOME),
    TableColumn("status", "Status", 78, align="right"),
    TableColumn("means", "By", 100, _QUIET),
    TableColumn("address", "From", 140, '<span class="mono quiet"><%- value %></span>', has_filter=True),
    TableColumn("origin", "Page", 220, _QUIET),
)


class AuditPage(Page):
    """The newest entries of the audit log, live; `AuditPage(wb)` shows itself in a notebook."""

    title: ClassVar[str] = "Audit"

    def __init__(
        self,
        wb: Workbench,
        feed: Feed | None = None,
        address: Address | None = None,
        rules: AccessRules | None = None,
    ) -> None:
        self._rules = rules
        self._ask = page_caller(rules)
        self._door = self._closed_door()
        super().__init__(wb, feed or Feed(wb, wb.audit.subscribe), address)

    def refresh(self) -> None:
        """Show the newest entries to who may see them, else what is needed to."""
        self.snapshot = self.wb.snapshot
        if "admin" not in self._ask().scopes:
            self._place(self._door)
            return
        if self._content is None:
            self._content = self.build()
            self._take_address()
        self._fill()
        self._place(self._content)

    def build(self) -> Viewable:
        self.outcome = control(pn.widgets.Select, "Outcome", options=[ALL_OUTCOMES, *OUTCOMES], width=160)
        self.on_change(self._filtered, self.outcome)
        self._count = html_pane(sizing_mode=None)
        self._nothing = html_pane(visible=False)
        self.table = LiveTable(
            _COLUMNS,
            lambda _: None,
            page_size=20,
            frozen=["at"],
            view=TableView.at(self.address),
            on_look=self._write_address,
        )
        self.table.widget.selectable = False
        return column("card", column("filters", self.outcome, self._count), self._nothing, self.table.widget)

    def read_address(self) -> None:
        self.outcome.value = self.address.choice("outcome", OUTCOMES, ALL_OUTCOMES)
        self.table.look(TableView.at(self.address))

    def show_fleet(self, snapshot: Snapshot) -> None:
        self._fill()

    def _fill(self) -> None:
        outcome = None if self.outcome.value == ALL_OUTCOMES else self.outcome.value
        entries = self.wb.audit.entries(AuditQuery(outcome=outcome, limit=SHOWN))
        self.table.fill(audit_frame(entries))
        words = f"the newest {SHOWN}" if len(entries) == SHOWN else f"{len(entries):,} in all"
        show(self._count, Markup('<p class="quiet count">{}</p>').format(words))
        show(
            self._nothing,
            no_match_state("Nobody has changed anything yet, and nobody was refused.", "Nothing here yet")
            if outcome is None
            else no_match_state(f"No entry says {outcome}. Choose all outcomes."),
        )
        self._nothing.visible = not entries

    def _filtered(self, _: Any) -> None:
        self._fill()
        self._write_address()

    def _write_address(self, *_: Any) -> None:
        outcome = "" if self.outcome.value == ALL_OUTCOMES else self.outcome.value
        self.address.write(outcome=outcome, **self.table.view.words())

    def _closed_door(self) -> Viewable:
        self._said = html_pane()
        self.token = control(pn.widgets.PasswordInput, "Token", placeholder="paste it, then Enter", width=320)
        self.token.param.watch(lambda event: self._present(event.new), "value")
        words = Markup(
            '<h2>The audit log is for administrators</h2><p class="quiet">Enter a token with the scope '
            "<code>admin</code>, such as the operator's: the server says at its start where it is kept. It stays in "
            "this session and is not written down.</p>"
        )
        return column("card", html_pane(words), column("filters", self.token), self._said)

    def _present(self, secret: str | None) -> None:
        """Take up a token; it is asked for anew at each refresh, so that a revoked one ends what is seen."""
        if not secret or self._rules is None:
            return
        rules, given = self._rules, secret.strip()
        self.token.value = self.token.value_input = ""
        caller = rules.bearer(given) or NOBODY
        is_allowed = "admin" in caller.scopes
        if is_allowed:
            self._ask = lambda: rules.bearer(given) or NOBODY
        said = "The token is not known here." if not caller.is_known else f"{caller.name} lacks the scope admin."
        show(self._said, Markup("") if is_allowed else Markup('<p role="alert" class="bad">{}</p>').format(said))
        if not is_allowed:
            self._tell(caller)
        self.refresh()

    def _tell(self, caller: Caller) -> None:
        status = 403 if caller.is_known else 401
        self.wb.audit.record(
            actor=caller.name, means=caller.means, action="audit.read", subject="the page Audit", outcome="refused",
            status=status, code="", address="", origin="", request_id="",
        )  # fmt: skip


def audit_frame(entries: list[AuditEntry]) -> pd.DataFrame:
    """Return entries as rows, indexed by their ids, newest first."""
    names = [column.name for column in _COLUMNS]
    rows = [[_moment(entry) if name == "at" else getattr(entry, name) for name in names] for entry in entries]
    return pd.DataFrame(rows, columns=names, index=[entry.id for entry in entries])


def _moment(entry: AuditEntry) -> str:
    return (iso(entry.at) or "")[:19].replace("T", " ")
