"""The Mux page: which services run, how they fare, how that compares with the manifests, and what happened."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final

import pandas as pd
import panel as pn
from markupsafe import Markup
from panel.viewable import Viewable

from workbench.dashboards.event_rows import event_words
from workbench.dashboards.links import Links
from workbench.dashboards.live_table import LiveTable, TableColumn
from workbench.dashboards.merged_card import MergedCard
from workbench.dashboards.mux_markup import (
    log_markup,
    no_service,
    not_configured,
    service_details,
    status_markup,
    waiting,
)
from workbench.dashboards.page import Page
from workbench.dashboards.panes import column, control, html_pane, show
from workbench.dashboards.states import no_match_state
from workbench.dashboards.table_view import TableView
from workbench.fleet.merged import STANDINGS, match
from workbench.fleet.snapshot import Snapshot

EVERYTHING: Final = "everything"
NODES: Final = "services and crates"
LINKS: Final = "who leans on whom"

_BEAT_MS: Final = 2_000
_LOGGED: Final = 15
_SEARCHED: Final = 2_000
_HEALTH = (
    '<span class="<%- ({healthy: "good", degraded: "warning", unhealthy: "error"})[value] || "quiet" %>">'
    '<%- value || "·" %></span>'
)
_PORT = '<% if (value) { %><span class="port"><%- value %></span><% } else { %><span class="quiet">·</span><% } %>'
_CRATE = '<%- value %><% if (!value) { %><span class="warning">undeclared</span><% } %>'
_AGE = (
    '<% if (value) { %><span data-since="<%- value %>" data-exact>…</span>'
    '<% } else { %><span class="quiet">not told</span><% } %>'
)
_TONE = '({"seen-undeclared": "warning", "seen-declared": "good"})[value] || "quiet"'
_STANDING = f'<span class="<%- {_TONE} %>"><%- value %></span>'
_STANDING_MEANS: Final = "Whether the Mux sees it, and whether a manifest declares it"
_SERVICES: Final = (
    TableColumn("name", "Service", None, has_filter=True, min_width=160),
    TableColumn("health", "Health", 140, _HEALTH, has_filter=True),
    TableColumn("checked_at", "Checked", 120, _AGE),
    TableColumn("port", "Port", 84, _PORT, has_filter=True),
    TableColumn("crate", "Crate", 190, _CRATE, has_filter=True),
    TableColumn("said", "In its words", 150, has_filter=True),
)
_NODES: Final = (
    TableColumn("standing", "Standing", 160, _STANDING, meaning=_STANDING_MEANS),
    TableColumn("crate", "Crate", 200, has_filter=True),
    TableColumn("services", "Known to the Mux as", None, has_filter=True, min_width=180),
    TableColumn("port", "Port", 84, _PORT),
    TableColumn("health", "Health", 110, _HEALTH),
    TableColumn("matched_by", "Matched by", 110, meaning="What a service and a crate have in common: id, name or port"),
)
_LINKS: Final = (
    TableColumn("standing", "Standing", 160, _STANDING, meaning=_STANDING_MEANS),
    TableColumn("source", "From", None, has_filter=True, min_width=160),
    TableColumn("target", "To", 240, has_filter=True),
    TableColumn("kind", "Kind", 140),
)


class MuxPage(Page):
    """Status, services, merged topology and event log; `MuxPage(wb)` shows itself in a notebook."""

    title: ClassVar[str] = "Mux"

    def build(self) -> Viewable:
        self.links = Links(self.is_linked)
        self.selected: str | None = None
        self._blank = html_pane()
        self._status = html_pane()
        self._details = html_pane()
        self._log = html_pane()
        self._counts = html_pane(sizing_mode=None)
        self._unserved = html_pane(no_match_state("The Mux tells of no service.", "No services"), visible=False)
        self._unmatched = html_pane(no_match_state("Nothing has this standing. Choose everything."), visible=False)
        self.services = self._listing(_SERVICES, "", self.select)
        self.nodes = self._listing(_NODES, "nodes")
        self.edges = self._listing(_LINKS, "links")
        self.shown = control(pn.widgets.Select, "Show", options=[NODES, LINKS], width=200)
        self.standing = control(pn.widgets.Select, "Standing", options=[EVERYTHING, *STANDINGS], width=180)
        self.on_change(self._chosen, self.shown, self.standing)
        topology = column(
            "card", html_pane(Markup("<h2>Seen and declared</h2>")),
            column("filters", self.shown, self.standing, self._counts), self._unmatched,
            self.nodes.widget, self.edges.widget,
        )  # fmt: skip
        listing = column("card", html_pane(Markup("<h2>Services</h2>")), self._unserved, self.services.widget)
        self.map = MergedCard()
        self._known = column(
            "page", self._status,
            column("split", column("page", listing, self.map.view, topology), column("side", self._details, self._log)),
        )  # fmt: skip
        self._stage = column("page", self._blank)
        self._beat()
        return self._stage

    def _listing(
        self, columns: Sequence[TableColumn], word: str, on_select: Callable[[Any], None] = lambda _: None
    ) -> LiveTable:
        view = TableView.at(self.address, word)
        return LiveTable(columns, on_select, page_size=12, view=view, on_look=self._write_address)

    def read_address(self) -> None:
        address = self.address
        self.selected = address.text("service") or None
        self.shown.value = address.choice("show", (LINKS,), NODES)
        self.standing.value = address.choice("standing", STANDINGS, EVERYTHING)
        for word, table in self._tables():
            table.look(TableView.at(address, word))

    def _tables(self) -> tuple[tuple[str, LiveTable], ...]:
        return ("", self.services), ("nodes", self.nodes), ("links", self.edges)

    def show_fleet(self, snapshot: Snapshot) -> None:
        view = self.wb.vitals.mux
        if view is None or view.result is None:
            show(self._blank, not_configured() if view is None else waiting(view))
        else:
            self._show_status()
            self._fill_services()
            self._fill_topology()
            self.map.show(self.wb.vitals.merged())
            self._show_details()
            self._show_log()
        wanted = self._blank if view is None or view.result is None else self._known
        if list(self._stage) != [wanted]:
            self._stage[:] = [wanted]

    def select(self, service: str | None) -> None:
        """Show what the Mux says of a service, by its id; None for none."""
        self.selected = service
        self._show_details()
        self._write_address()

    def _show_status(self) -> None:
        view = self.wb.vitals.mux
        if view is not None and view.result is not None:
            show(self._status, status_markup(view, view.result, self.wb.vitals.link_status()))

    def _fill_services(self) -> None:
        frame = self.wb.vitals.services
        frame.index = pd.Index(frame["id"])
        rank = {"unhealthy": 0, "degraded": 1, "unknown": 2, "healthy": 3}
        frame = frame.sort_values("health", key=lambda states: states.map(rank), kind="stable")
        view = self.wb.vitals.mux
        if view is not None and view.phase == "away":
            # What it told last is no green of now.
            frame["health"] = "was " + frame["health"]
        elif view is not None and view.result is not None and view.result.mock:
            frame["health"] += " (sample)"
        self.services.fill(_plain(frame), self.selected)
        self._unserved.visible = frame.empty

    def _fill_topology(self) -> None:
        shows_links = self.shown.value == LINKS
        frame = self.wb.vitals.links if shows_links else self.wb.vitals.nodes
        counts = frame["standing"].value_counts()
        told = Markup(" · ").join(Markup("{:,} {}").format(int(counts.get(name, 0)), name) for name in STANDINGS)
        show(self._counts, Markup('<p class="quiet count">{}</p>').format(told))
        chosen = frame if self.standing.value == EVERYTHING else frame[frame["standing"] == self.standing.value]
        (self.edges if shows_links else self.nodes).fill(_plain(chosen.reset_index(drop=True)))
        self._unmatched.visible = chosen.empty
        self.edges.widget.visible, self.nodes.widget.visible = shows_links, not shows_links

    def _show_details(self) -> None:
        view = self.wb.vitals.mux
        services = view.result.services if view and view.result else ()
        item = next((item for item in services if item.id == self.selected), None)
        show(
            self._details,
            no_service() if item is None else service_details(item, match(item, self.snapshot), self.links),
        )

    def _show_log(self) -> None:
        events = [e for e in reversed(self.wb.newest_events(_SEARCHED)) if e.topic in ("mux", "health")]
        show(self._log, log_markup([(event, event_words(event)) for event in events[:_LOGGED]]))

    def _chosen(self, _: Any) -> None:
        self._fill_topology()
        self._write_address()

    def _write_address(self) -> None:
        views = {key: said for word, table in self._tables() for key, said in table.view.words(word).items()}
        self.address.write(
            service=self.selected,
            show=LINKS if self.shown.value == LINKS else None,
            standing=None if self.standing.value == EVERYTHING else self.standing.value,
            **views,
        )

    def _beat(self) -> None:
        """Follow the ages: an answer that brings no news makes no event, and is younger all the same."""
        document = pn.state.curdoc
        if document is not None and document.session_context is not None:
            document.add_periodic_callback(self._tick, _BEAT_MS)

    def _tick(self) -> None:
        view = self.wb.vitals.mux
        if view is None or view.result is None or list(self._stage) != [self._known]:
            self.refresh()
        else:
            self._show_status()
            self._fill_services()


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose missing values are empty texts, as the table shows them."""
    return frame.where(frame.notna(), "")
