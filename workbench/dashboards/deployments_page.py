"""The deployments page: what is at work and waits, what came of the rest, and a form that deploys."""

from collections import deque
from typing import Any, ClassVar, Final

import panel as pn
from markupsafe import Markup
from panel.viewable import Viewable

from workbench.dashboards.address import Address
from workbench.dashboards.deploy_form import DeployForm
from workbench.dashboards.deployment_actions import DeploymentActions
from workbench.dashboards.deployment_markup import (
    deployment_details,
    figures_markup,
    history_markup,
    log_markup,
    nothing_selected,
)
from workbench.dashboards.deployment_rows import DeploymentFilter, deployments_frame
from workbench.dashboards.links import Links
from workbench.dashboards.live import Feed
from workbench.dashboards.live_table import LiveTable, TableColumn
from workbench.dashboards.page import Page
from workbench.dashboards.page_caller import AskCaller, nobody
from workbench.dashboards.panes import column, control, html_pane, search_box, show, type_in
from workbench.dashboards.states import no_match_state
from workbench.dashboards.table_view import TableView
from workbench.dashboards.visitor import Stand
from workbench.deploy.model import STATES, Deployment
from workbench.desks.deploy_counter import DeployCounter
from workbench.fleet.snapshot import Snapshot
from workbench.workbench import Workbench

ALL_STATES: Final = "all states"
LOG_LINES: Final = 300
_HISTORY: Final = 12

_COLUMNS: Final = (
    TableColumn("crate", "Crate", None, min_width=170),
    TableColumn("version", "Version", 110, '<span class="mono"><%- value %></span>'),
    TableColumn("state", "State", 104),
    TableColumn("progress", "Progress", 110, '<progress max="1" value="<%- value %>" style="width: 100%"></progress>'),
    TableColumn("step", "Step, or why not", None, '<span class="quiet"><%- value %></span>', min_width=260),
    TableColumn("strategy", "Strategy", 104),
    TableColumn("asked", "Asked for (UTC)", 168, '<span class="mono quiet"><%- value %></span>'),
    TableColumn("actor", "By", 110),
)


class DeploymentsPage(Page):
    """Queue, steps, live log, plan, history, and the forms that deploy, cancel and roll back.

    `DeploymentsPage(wb)` shows itself in a notebook and acts for the owner of its process; a `counter` with tokens
    asks for one, unless the `caller` who signed in may deploy.
    """

    title: ClassVar[str] = "Deployments"

    def __init__(
        self,
        wb: Workbench,
        feed: Feed | None = None,
        address: Address | None = None,
        counter: DeployCounter | None = None,
        caller: AskCaller = nobody,
    ) -> None:
        self.stand = Stand(counter or wb.deploy_counter(), caller)
        super().__init__(wb, feed, address)

    def build(self) -> Viewable:
        self.links = Links(self.is_linked)
        self.selected: str | None = None
        self._figures, self._details, self._log, self._history = html_pane(), html_pane(), html_pane(), html_pane()
        self._count, self._nothing = html_pane(sizing_mode=None), html_pane(visible=False)
        self._tail: deque[str] = deque(maxlen=LOG_LINES)
        self._read_to: tuple[str, int] = ("", 0)
        self.search = search_box("Search", "crate, version, who", 240)
        self.state = control(pn.widgets.Select, "State", options=[ALL_STATES, *STATES], width=160)
        self.on_change(self._filtered, self.search, of="value_input")
        self.on_change(self._write_address, self.search)
        self.on_change(self._filtered, self.state)
        view = TableView.at(self.address)
        self.table = LiveTable(_COLUMNS, self.select, page_size=12, view=view, on_look=self._write_address)
        self.form = DeployForm(self.stand, lambda made: self.select(made.id), self.address.text("crate"))
        self.actions = DeploymentActions(self.stand)
        filters = column("filters", self.search, self.state, self._count)
        listing = column("card", filters, self._nothing, self.table.widget)
        one = column("card", self._details, self.actions.view, self._log, self._history)
        main = column("page", self.form.view, listing)
        return column("page", self._figures, column("split", main, column("side", one)))

    def read_address(self) -> None:
        address = self.address
        type_in(self.search, address.text("q"))
        self.state.value = address.choice("state", STATES, ALL_STATES)
        self.table.look(TableView.at(address))
        self.selected = address.text("id") or None

    def show_fleet(self, snapshot: Snapshot) -> None:
        show(self._figures, figures_markup(self.wb.deployments, self.wb.serving))
        self.form.refresh(snapshot)
        self._fill()
        self._show_one()

    @property
    def filter(self) -> DeploymentFilter:
        """Which deployments are asked for."""
        state = self.state.value
        return DeploymentFilter((self.search.value_input or "").strip(), "" if state == ALL_STATES else state)

    def select(self, identity: str | None) -> None:
        """Show a deployment in full; None for none."""
        self.selected = identity
        self._fill()
        self._show_one()
        self._write_address()

    def _fill(self) -> None:
        everything = self.wb.deployments
        wanted = self.filter
        found = [item for item in everything if wanted.accepts(item)]
        self.table.fill(deployments_frame(found), self.selected)
        counted = Markup('<p class="quiet count">{:,} of {:,} shown</p>').format(len(found), len(everything))
        show(self._count, counted)
        show(
            self._nothing,
            no_match_state("No deployment matches. Clear the search, or choose all states.")
            if everything
            else no_match_state("Nothing was deployed from here yet.", "No deployments"),
        )
        self._nothing.visible = not found

    def _filtered(self, event: Any) -> None:
        self._fill()
        if event.name != "value_input":
            self._write_address()

    def _show_one(self) -> None:
        everything = self.wb.deployments
        item = next((item for item in everything if item.id == self.selected), None)
        if item is None:
            self.actions.look_at(None, is_newest=False)
            for pane, words in ((self._details, nothing_selected()), (self._log, Markup()), (self._history, Markup())):
                show(pane, words)
            return
        same = [other for other in everything if other.crate_name == item.crate_name]
        succeeded = [other for other in same if other.state == "succeeded"]
        self.actions.look_at(item, is_newest=succeeded[:1] == [item])
        show(self._details, deployment_details(item, self.links))
        show(self._history, history_markup(same[:_HISTORY], self.wb.serving.get(item.crate_name)))
        self._follow_log(item)

    def _follow_log(self, item: Deployment) -> None:
        """Read on in the log of a deployment, from where it was read to."""
        identity, since = self._read_to
        if identity != item.id:
            since = 0
            self._tail.clear()
        part = self.wb.deployment_log(item.id, since)
        self._read_to = (item.id, part.next)
        self._tail.extend(part.text.splitlines())
        show(self._log, log_markup(self._tail, is_cut=len(self._tail) == LOG_LINES))

    def _write_address(self, *_: Any) -> None:
        wanted = self.filter
        self.address.write(q=wanted.text, state=wanted.state, id=self.selected, **self.table.view.words())
