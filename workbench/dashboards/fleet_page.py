"""The fleet page: the figures, the registry, and everything known of the crate that is selected."""

from typing import Any, ClassVar, Final

import panel as pn
from markupsafe import Markup
from panel.viewable import Viewable

from workbench.dashboards.crate_details import manifest_details
from workbench.dashboards.fleet_markup import figures_markup, overview_markup
from workbench.dashboards.links import Links
from workbench.dashboards.live_table import LiveTable, TableColumn
from workbench.dashboards.mux_markup import health_markup
from workbench.dashboards.page import Page
from workbench.dashboards.panes import check, check_box, column, control, html_pane, search_box, show, type_in
from workbench.dashboards.registry import RegistryFilter, classes, matching, registry
from workbench.dashboards.states import no_match_state
from workbench.dashboards.table_view import TableView
from workbench.fleet.snapshot import Snapshot

ALL_CLASSES: Final = "all classes"

_SEARCHED: Final = "name, port, class, path, description"
_COUNT = '<span class="<%- value ? "{0}" : "quiet" %>"><%- value || "·" %></span>'
_NAME = (
    '<% if (state == "broken") { %><%= broken %><% } else { %>'
    '<%= link %><% if (state == "stale") { %> <span class="warning">stale</span><% } %><% } %>'
)
_BROKEN = '<a data-row class="error" href="fleet?manifest=<%= encodeURIComponent(path) %>{}">broken: <%- value %></a>'
_LINK = '<a data-row href="fleet?crate=<%= encodeURIComponent(value) %>{}"><%- value %></a>'


def _columns(is_linked: bool, pinned: int | None) -> list[TableColumn]:
    pin = "" if pinned is None else f"&revision={pinned}"
    name = _NAME.replace("<%= link %>", _LINK.format(pin) if is_linked else "<%- value %>")
    name = name.replace(
        "<%= broken %>", _BROKEN.format(pin) if is_linked else '<span class="error">broken: <%- value %></span>'
    )
    return [
        TableColumn("name", "Name", 230, name, has_filter=True),
        TableColumn("version", "Version", 92, '<span class="mono"><%- value %></span>', has_filter=True),
        TableColumn("class", "Class", 128, has_filter=True),
        TableColumn("ports", "Ports", 168, _ports_template(), has_filter=True),
        TableColumn("errors", "Errors", 76, _COUNT.format("error"), align="right"),
        TableColumn("warnings", "Warnings", 92, _COUNT.format("warning"), align="right"),
        TableColumn("hints", "Hints", 72, _COUNT.format("hint"), align="right", meaning="Remarks that need no action"),
        TableColumn(
            "tesla",
            "Tesla",
            72,
            '<span class="<%- value == "yes" ? "good" : "quiet" %>"><%- value || "·" %></span>',
            align="center",
            meaning="Whether the manifest declares Tesla grade",
        ),
        TableColumn("foundation", "Foundation", 140, has_filter=True, meaning="The crate that it says it is built on"),
        TableColumn(
            "slsa", "SLSA", 68, '<%- value || "·" %>', meaning="Level of supply-chain security that it declares (SLSA)"
        ),
        TableColumn(
            "retrofit",
            "Retrofit",
            104,
            '<%- value || "·" %>',
            has_filter=True,
            meaning="When it was last brought up to the fleet's standard, as it says",
        ),
        TableColumn(
            "path", "Manifest", None, '<span class="mono quiet"><%- value %></span>', has_filter=True, min_width=340
        ),
        TableColumn("state", "State", 1),
    ]


def _ports_template() -> str:
    return (
        '<% if (value) { %><span class="port"><%- value %></span>'
        '<% } else { %><span class="quiet"><%- state == "broken" ? "unknown" : "no ports (library)" %></span><% } %>'
    )


class FleetPage(Page):
    """Figures, registry and details of a fleet; `FleetPage(wb)` shows itself in a notebook."""

    title: ClassVar[str] = "Fleet"

    @classmethod
    def prepare(cls, snapshot: Snapshot) -> object:
        return registry(snapshot)

    def build(self) -> Viewable:
        self.links = Links(self.is_linked, pinned=self.pinned)
        self._figures = html_pane()
        self._details = html_pane()
        self._nothing = html_pane(visible=False)
        self._count = html_pane(sizing_mode=None)
        self.search = search_box("Search", _SEARCHED, 300)
        options = [ALL_CLASSES, *classes(self.snapshot)]
        self.classification = control(pn.widgets.Select, "Class", options=options, width=180)
        self.only_findings = check_box("with findings only", width=170)
        columns, view = _columns(self.is_linked, self.pinned), TableView.at(self.address)
        self.table = LiveTable(columns, self.select, frozen=["name"], view=view, on_look=self._write_address)
        self.table.widget.hidden_columns = ["state"]
        self.selected: str | None = None
        self.on_change(self._filtered, self.search, of="value_input")
        self.on_change(self._write_address, self.search)
        self.on_change(self._filtered, self.classification, self.only_findings)
        filters = column("filters", self.search, self.classification, self.only_findings, self._count)
        listing = column("card", filters, self._nothing, self.table.widget)
        return column("page", self._figures, column("split", listing, column("side", self._details)))

    def read_address(self) -> None:
        address = self.address
        type_in(self.search, address.text("q"))
        self.classification.value = address.choice("class", self.classification.options, ALL_CLASSES)
        check(self.only_findings, address.flag("findings"))
        self.table.look(TableView.at(address))
        self.selected = self._addressed()

    def show_fleet(self, snapshot: Snapshot) -> None:
        show(self._figures, figures_markup(self.wb.summary(), snapshot, self.links))
        options = [ALL_CLASSES, *classes(snapshot)]
        if self.classification.options != options:
            self.classification.options = options
        self._fill()
        self._show_details()

    @property
    def filter(self) -> RegistryFilter:
        """What is asked for."""
        chosen = self.classification.value
        return RegistryFilter(
            (self.search.value_input or "").strip(),
            "" if chosen == ALL_CLASSES else chosen,
            bool(self.only_findings.value),
        )

    def select(self, path: str | None) -> None:
        """Show the details of the manifest at a path; None for no manifest."""
        self.selected = path
        self._show_details()
        self._write_address()

    def _fill(self) -> None:
        everything = registry(self.snapshot)
        rows = matching(everything, self.filter)
        self.table.fill(rows, self.selected)
        show(self._count, Markup('<p class="quiet count">{:,} of {:,} shown</p>').format(len(rows), len(everything)))
        show(self._nothing, no_match_state("No crate matches these filters. Clear the search or choose all classes."))
        self._nothing.visible = rows.empty

    def _filtered(self, event: Any) -> None:
        self._fill()
        if event.name != "value_input":
            self._write_address()

    def _show_details(self) -> None:
        if self.selected is None:
            show(self._details, overview_markup(self.snapshot, self.links))
        else:
            show(self._details, manifest_details(self.selected, self.snapshot, self.links, self._health()))

    def _health(self) -> Markup:
        record = self.snapshot.records.get(self.selected or "") if self.pinned is None else None
        return health_markup(self.wb.vitals.crate(record.crate.name)) if record and record.crate else Markup()

    def _addressed(self) -> str | None:
        """Return the path of the manifest that the address names, if there is one."""
        path = self.address.text("manifest")
        if path in self.snapshot.records:
            return path
        named = self.snapshot.records_named(self.address.text("crate")) if self.address.text("crate") else ()
        return named[0].manifest.path if named else None

    def _write_address(self, *_: Any) -> None:
        wanted = self.filter
        self.address.write(
            q=wanted.text,
            findings=wanted.only_findings,
            **{"class": wanted.classification},
            **self._selection(),
            **self.table.view.words(),
        )

    def _selection(self) -> dict[str, str]:
        record = self.snapshot.records.get(self.selected or "")
        if record is None:
            return {}
        if record.crate and self.snapshot.records_named(record.crate.name)[0] is record:
            return {"crate": record.crate.name}
        return {"manifest": record.manifest.path}
