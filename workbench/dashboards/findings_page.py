"""The findings page: everything that was found in the fleet, by kind, with the lines concerned."""

from typing import Any, ClassVar, Final

import panel as pn
from markupsafe import Markup
from panel.viewable import Viewable

from workbench.dashboards.finding_details import finding_details, findings_overview, unknown_finding
from workbench.dashboards.finding_rows import FindingRows, FindingsFilter, counted_rows, matching_rows, muted_rows
from workbench.dashboards.links import Links
from workbench.dashboards.live_table import LiveTable, TableColumn
from workbench.dashboards.page import Page
from workbench.dashboards.panes import column, control, html_pane, search_box, show, type_in
from workbench.dashboards.states import no_match_state
from workbench.dashboards.table_view import TableView
from workbench.fleet.rules import SEVERITIES
from workbench.fleet.snapshot import Snapshot

ALL_SEVERITIES: Final = "all severities"
ALL_KINDS: Final = "all kinds"
COUNTED: Final = "that count"
MUTED: Final = "accepted (muted)"

_COLUMNS: Final = (
    TableColumn("severity", "Severity", 92, '<span class="<%- value %>"><%- value %></span>'),
    TableColumn("message", "What was found", None, has_filter=True, min_width=316),
    TableColumn("code", "Code", 76, '<span class="mono"><%- value %></span>', has_filter=True),
    TableColumn("kind", "Kind", 168),
    TableColumn("crates", "Crates", 176, has_filter=True),
    TableColumn("ports", "Ports", 92, '<span class="port"><%- value %></span>', has_filter=True),
    TableColumn("path", "Manifest", 300, '<span class="mono quiet"><%- value %></span>', has_filter=True),
)


class FindingsPage(Page):
    """All findings with filters and details; `FindingsPage(wb)` shows itself in a notebook."""

    title: ClassVar[str] = "Findings"

    @classmethod
    def prepare(cls, snapshot: Snapshot) -> object:
        return counted_rows(snapshot)

    def build(self) -> Viewable:
        self.links = Links(self.is_linked, pinned=self.pinned)
        self.selected: str | None = None
        self._details = html_pane()
        self._nothing = html_pane(visible=False)
        self._count = html_pane(sizing_mode=None)
        self.search = search_box("Search", "message, crate, port, path", 280)
        self.severity = self._choice("Severity", [ALL_SEVERITIES, *SEVERITIES], 150)
        self.state = self._choice("Findings", [COUNTED, MUTED], 170)
        self.kind = self._choice("Kind", self._kinds(), 210)
        view = TableView.at(self.address)
        self.table = LiveTable(_COLUMNS, self.select, page_size=20, view=view, on_look=self._write_address)
        self.on_change(self._filtered, self.search, of="value_input")
        self.on_change(self._write_address, self.search)
        self.on_change(self._filtered, self.severity, self.kind, self.state)
        filters = column("filters", self.search, self.severity, self.kind, self.state, self._count)
        listing = column("card", filters, self._nothing, self.table.widget)
        return column("page", column("split", listing, column("side", self._details)))

    def _choice(self, label: str, options: list[str], width: int) -> Any:
        return control(pn.widgets.Select, label, options=options, width=width)

    def read_address(self) -> None:
        address = self.address
        type_in(self.search, address.text("q"))
        self.severity.value = address.choice("severity", SEVERITIES, ALL_SEVERITIES)
        self.state.value = MUTED if address.flag("muted") else COUNTED
        kinds = self._kinds()
        self.kind.param.update(options=kinds, value=address.choice("kind", kinds, ALL_KINDS))
        self.table.look(TableView.at(address))
        self.selected = address.text("finding") or None

    def show_fleet(self, snapshot: Snapshot) -> None:
        kinds = self._kinds()
        if self.kind.options != kinds:
            self.kind.options = kinds
        self._fill()
        self._show_details()

    @property
    def filter(self) -> FindingsFilter:
        """Which findings are asked for."""
        severity, kind = self.severity.value, self.kind.value
        return FindingsFilter(
            (self.search.value_input or "").strip(),
            "" if severity == ALL_SEVERITIES else severity,
            "" if kind == ALL_KINDS else kind,
        )

    def select(self, key: str | None) -> None:
        """Show the details of the finding with a key; None for the overview by kind."""
        self.selected = key
        self._show_details()
        self._write_address()

    @property
    def _rows(self) -> FindingRows:
        return muted_rows(self.snapshot) if self.state.value == MUTED else counted_rows(self.snapshot)

    def _kinds(self) -> list[str]:
        found = {kind for _, kind in self._rows.counts}
        return [ALL_KINDS, *sorted(found | ({self.kind.value} - {ALL_KINDS} if hasattr(self, "kind") else set()))]

    def _fill(self) -> None:
        everything = self._rows.frame
        rows = matching_rows(everything, self.filter)
        self.table.fill(rows, self.selected)
        show(self._count, Markup('<p class="quiet count">{:,} of {:,} shown</p>').format(len(rows), len(everything)))
        show(self._nothing, self._nothing_words(is_filtered=len(everything) > 0))
        self._nothing.visible = rows.empty

    def _nothing_words(self, *, is_filtered: bool) -> Markup:
        if is_filtered:
            return no_match_state(
                "No finding matches these filters. Clear the search, or choose all severities and kinds."
            )
        if self.state.value == MUTED:
            return no_match_state("Findings that workbench.toml accepts stand here.", "No finding is muted")
        return no_match_state("Nothing was found wrong in this fleet.", "No findings")

    def _filtered(self, event: Any) -> None:
        if event.obj is self.state:
            self.kind.options = self._kinds()
        self._fill()
        if event.name != "value_input":
            self._write_address()

    def _show_details(self) -> None:
        rows = self._rows
        item = rows.by_key.get(self.selected) if self.selected else None
        if item is not None:
            show(self._details, finding_details(item, self.links))
        elif self.selected:
            show(self._details, unknown_finding())
        else:
            show(self._details, findings_overview(rows.counts, self.links))

    def _write_address(self, *_: Any) -> None:
        wanted = self.filter
        self.address.write(
            q=wanted.text,
            severity=wanted.severity,
            kind=wanted.kind,
            muted=self.state.value == MUTED,
            finding=self.selected,
            **self.table.view.words(),
        )
