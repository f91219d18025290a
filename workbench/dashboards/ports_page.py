"""The ports page: the port map, everything known of the port that is selected, findings, and the sister calculator."""

from collections import Counter
from typing import Any, ClassVar, Final

import panel as pn
from markupsafe import Markup
from panel.viewable import Viewable

from workbench.dashboards.address import Address
from workbench.dashboards.assign_form import AssignForm
from workbench.dashboards.figure_pane import FigurePane
from workbench.dashboards.findings_frame import (
    FindingFilter,
    finding_at,
    matching_findings,
    port_finding_kinds,
    port_findings,
)
from workbench.dashboards.fix_markup import fix_markup
from workbench.dashboards.links import Links
from workbench.dashboards.live import Feed
from workbench.dashboards.live_table import LiveTable, TableColumn
from workbench.dashboards.muted_findings import MutedFindings
from workbench.dashboards.page import Page
from workbench.dashboards.page_caller import AskCaller, nobody
from workbench.dashboards.panes import check, column, control, html_pane, show
from workbench.dashboards.port_details import port_details, ports_overview, sister_markup
from workbench.dashboards.port_figure import FILLS, MEANINGS, PortFigure
from workbench.dashboards.port_map import STATES, PortMap, port_map
from workbench.dashboards.release_form import ReleaseForm
from workbench.dashboards.states import no_match_state
from workbench.dashboards.table_view import TableView
from workbench.dashboards.visitor import Visitor
from workbench.desks.assignments import Assignment
from workbench.desks.port_counter import PortCounter
from workbench.fleet.model import Finding
from workbench.fleet.rules import SEVERITIES
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.values import MAX_PORT
from workbench.workbench import Workbench

ALL_SEVERITIES: Final = "all severities"
ALL_KINDS: Final = "all kinds"
_MUTED: Final = "muted"

_COLUMNS: Final = (
    TableColumn("severity", "Severity", 92, '<span class="<%- value %>"><%- value %></span>'),
    TableColumn("kind", "Kind", 160),
    TableColumn("ports", "Ports", 108, '<span class="port"><%- value %></span>', has_filter=True),
    TableColumn("crates", "Crates", 230, has_filter=True),
    TableColumn("message", "What was found", None, has_filter=True, min_width=320),
    TableColumn("fix", "Fix", None, '<span class="quiet"><%- value %></span>', min_width=300),
)


class PortsPage(Page):
    """Port map, details, findings, and, but for a kept revision, the forms that assign and release ports.

    `PortsPage(wb)` shows itself in a notebook and acts for the owner of its process; a `counter` with tokens asks
    for one.
    """

    title: ClassVar[str] = "Ports"

    def __init__(
        self,
        wb: Workbench,
        feed: Feed | None = None,
        address: Address | None = None,
        counter: PortCounter | None = None,
        caller: AskCaller = nobody,
    ) -> None:
        self.visitor = Visitor(counter or wb.counter(), caller)
        super().__init__(wb, feed, address)

    @classmethod
    def prepare(cls, snapshot: Snapshot) -> object:
        port_map(snapshot)
        return port_findings(snapshot), port_finding_kinds(snapshot)

    def build(self) -> Viewable:
        self.links = Links(self.is_linked, pinned=self.pinned)
        self.selected: int | None = None
        self.finding: str | None = None
        self.figure = PortFigure(self.select)
        self._legend = html_pane()
        self._details = html_pane()
        self._nothing = html_pane(visible=False)
        self._sister = html_pane()
        self.lookup = control(
            pn.widgets.IntInput,
            "Port",
            placeholder=f"1 to {MAX_PORT}",
            start=1,
            end=MAX_PORT,
            width=150,
        )
        self.on_change(lambda event: self.select(event.new), self.lookup)
        view = TableView.at(self.address)
        self.table = LiveTable(_COLUMNS, self._finding_selected, page_size=10, view=view, on_look=self._write_address)
        canvas = column("scroll", FigurePane(self.figure.plot))
        side = column("side", self._calculator(), self._details)
        board = column("card", self._legend, canvas)
        parts = [column("split", board, side), self._findings()]
        self.assign_form, self.release_form = AssignForm(self.visitor, self._assigned), ReleaseForm(self.visitor)
        if self.pinned is None:  # else no browser gets hold of them
            side.append(self.release_form.view)
            parts.insert(1, self.assign_form.view)
        return column("page", *parts)

    def _calculator(self) -> Viewable:
        heading = html_pane(Markup("<h2>Look up a port</h2>"))
        return column("card", heading, column("filters", self.lookup), self._sister)

    def _findings(self) -> Viewable:
        kinds = port_finding_kinds(self.snapshot)
        self.severity = control(pn.widgets.Select, "Severity", options=[ALL_SEVERITIES, *SEVERITIES], width=160)
        self.kind = control(pn.widgets.Select, "Kind", options=[ALL_KINDS, *kinds], width=200)
        self._count = html_pane(sizing_mode=None)
        self.muted = MutedFindings(self._muted_selected, TableView.at(self.address, _MUTED), self._write_address)
        self.on_change(self._filtered, self.severity, self.kind)
        self.on_change(lambda _: self._write_address(), self.muted.toggle)
        heading = html_pane(Markup("<h2>Findings about ports</h2>"))
        self._fix = html_pane()
        filters = column("filters", self.severity, self.kind, self.muted.toggle, self._count)
        return column("card", heading, filters, self._nothing, self.table.widget, self.muted.view, self._fix)

    def read_address(self) -> None:
        address = self.address
        self.severity.value = address.choice("severity", SEVERITIES, ALL_SEVERITIES)
        self.kind.value = address.choice("kind", self.kind.options, ALL_KINDS)
        check(self.muted.toggle, address.flag("muted"))
        self.table.look(TableView.at(address))
        self.muted.table.look(TableView.at(address, _MUTED))
        self.lookup.value = self.selected = address.number("port", 1, MAX_PORT)
        self.finding = address.text("finding") or None

    def show_fleet(self, snapshot: Snapshot) -> None:
        drawing = port_map(snapshot, frozenset((item.port, item.crate_name) for item in self.wb.assignments))
        self.figure.draw(drawing, snapshot)
        show(self._legend, legend_markup(drawing))
        kinds = [ALL_KINDS, *port_finding_kinds(snapshot)]
        if self.kind.options != kinds:
            self.kind.options = kinds
        self.muted.refresh(snapshot)
        self._fill()
        self._show_port()
        self.assign_form.refresh(snapshot)

    @property
    def filter(self) -> FindingFilter:
        """Which findings are asked for."""
        severity, kind = self.severity.value, self.kind.value
        return FindingFilter("" if severity == ALL_SEVERITIES else severity, "" if kind == ALL_KINDS else kind)

    def select(self, port: int | None) -> None:
        """Show the details of a port; None for no port."""
        if port == self.selected:
            return
        self.selected = port
        if self.lookup.value != port:
            self.lookup.value = port
        self._show_port()
        self._write_address()

    def _show_port(self) -> None:
        self.figure.mark(self.selected)
        show(self._sister, sister_markup(self.selected, self.snapshot.plan, self.links))
        held = next((item for item in self.wb.assignments if item.port == self.selected), None)
        self.release_form.look_at(self.selected, held)
        if self.selected is None:
            show(self._details, ports_overview())
        else:
            show(self._details, port_details(self.wb.port(self.selected), self.links, held))

    def _fill(self) -> None:
        everything = port_findings(self.snapshot)
        rows = matching_findings(everything, self.filter)
        self.table.fill(rows, self.finding)
        counted = Markup('<p class="quiet count">{:,} of {:,} shown{}</p>').format(
            len(rows), len(everything), f" · {self.muted.count:,} muted" if self.muted.count else ""
        )
        show(self._count, counted)
        show(
            self._nothing,
            no_match_state("No finding has this severity and kind.")
            if len(everything)
            else no_match_state("No port of this fleet gives rise to a finding.", "No findings"),
        )
        self._nothing.visible = rows.empty
        self._show_fix(self._finding(self.finding))

    def _filtered(self, _: Any) -> None:
        self._fill()
        self._write_address()

    def _finding_selected(self, key: str | None) -> None:
        self.finding = key
        item = self._finding(key)
        self._show_fix(item)
        if item is not None:
            self.select(item.ports[0])
        self._write_address()

    def _finding(self, key: str | None) -> Finding | None:
        return None if key is None else finding_at(self.snapshot, key)

    def _muted_selected(self, item: Finding) -> None:
        self.select(item.ports[0])
        self._show_fix(item)

    def _show_fix(self, item: Finding | None) -> None:
        show(
            self._fix,
            fix_markup(item, self.snapshot, frozenset(held.port for held in self.wb.assignments))
            if item is not None
            else Markup(),
        )

    def _assigned(self, made: Assignment) -> None:
        # The page hears of it as every other does; the selection may come before.
        self.select(made.port)

    def _write_address(self) -> None:
        wanted = self.filter
        self.address.write(
            port=self.selected,
            severity=wanted.severity,
            kind=wanted.kind,
            muted=self.muted.is_asked_for,
            finding=self.finding,
            **self.table.view.words(),
            **self.muted.table.view.words(_MUTED),
        )


def legend_markup(drawing: PortMap) -> Markup:
    """Return what the colours mean, and how many ports have each."""
    counts = Counter(cell.state for cell in drawing.cells)
    return Markup('<div class="legend" aria-label="Legend">{}</div>').format(
        Markup().join(
            Markup('<span><i class="swatch" style="background:{}"></i><b>{:,}</b> {}</span>').format(
                FILLS[state], counts[state], MEANINGS[state]
            )
            for state in STATES
        )
    )
