"""The history page: the kept revisions, and what changed between any two."""

from concurrent.futures import Future
from typing import Any, ClassVar, Final, TypeVar

import pandas as pd
import panel as pn
from markupsafe import Markup
from panel.viewable import Viewable

from workbench.dashboards.address import Address
from workbench.dashboards.archive import Archive, when_done
from workbench.dashboards.figure_pane import FigurePane
from workbench.dashboards.history_chart import HistoryChart
from workbench.dashboards.history_markup import COMPARING, change_markup, gone_markup, single_markup
from workbench.dashboards.links import HIGHEST_REVISION, Links
from workbench.dashboards.live import Feed
from workbench.dashboards.live_table import LiveTable, TableColumn
from workbench.dashboards.page import Page
from workbench.dashboards.panes import action, column, control, html_pane, show
from workbench.dashboards.table_view import TableView
from workbench.fleet.snapshot import Snapshot
from workbench.workbench import Workbench

T = TypeVar("T")

_COLUMNS: Final = (
    TableColumn("revision", "Revision", 92, '<span class="port"><%- value %></span>', align="right"),
    TableColumn("taken_at", "Time (UTC)", None, '<span class="mono quiet"><%- value %></span>', min_width=160),
    TableColumn("changed", "Changed", 92, align="right"),
    TableColumn("crates", "Crates", 84, align="right"),
    TableColumn(
        "errors", "Errors", 84, '<span class="<%- value ? "error" : "quiet" %>"><%- value %></span>', align="right"
    ),
    TableColumn(
        "warnings",
        "Warnings",
        96,
        '<span class="<%- value ? "warning" : "quiet" %>"><%- value %></span>',
        align="right",
    ),
)


class HistoryPage(Page):
    """The timeline of revisions and their differences; `HistoryPage(wb)` shows itself in a notebook."""

    title: ClassVar[str] = "History"

    def __init__(
        self, wb: Workbench, feed: Feed | None = None, address: Address | None = None, archive: Archive | None = None
    ) -> None:
        self._archive = archive or Archive(wb)
        super().__init__(wb, feed, address)

    def build(self) -> Viewable:
        self.links = Links(self.is_linked)
        self.revisions = pd.DataFrame()
        self.chosen: tuple[int, int | None] | None = None
        """The revisions to compare, the second None for the newest; None for the newest two."""
        self._details = html_pane(COMPARING)
        self._count = html_pane(sizing_mode=None)
        self.older, self.newer = (
            control(pn.widgets.IntInput, label, value=None, start=0, end=HIGHEST_REVISION, width=110)
            for label in ("From", "To")
        )
        self.older.param.watch(self._typed, "value")
        self.newer.param.watch(self._typed, "value")
        self.latest = action("Newest two", lambda _: self.compare(None))
        self.chart = HistoryChart()
        view = TableView.at(self.address)
        self.table = LiveTable(_COLUMNS, self._selected, page_size=15, view=view, on_look=self._write_address)
        legend = html_pane(Markup(
            '<p class="legend"><span class="error">errors</span><span class="warning">warnings</span>'
            "from revision to revision</p>"
        ))  # fmt: skip
        chart = column("card", legend, FigurePane(self.chart.plot))
        listing = column("card", column("filters", self.older, self.newer, self.latest, self._count), self.table.widget)
        return column("page", column("split", column("page", chart, listing), column("side", self._details)))

    def read_address(self) -> None:
        older, newer = (self.address.number(end, 0, HIGHEST_REVISION) for end in ("from", "to"))
        self.chosen = None if older is None else (older, newer)
        self.table.look(TableView.at(self.address))

    def show_fleet(self, snapshot: Snapshot) -> None:
        self._when_done(self._archive.revisions(), self._listed)

    def compare(self, chosen: tuple[int, int | None] | None) -> None:
        """Compare two revisions, the second None for the newest; None for the newest two, also when others come."""
        self.chosen = chosen
        self._compare()

    def _when_done(self, answer: "Future[T]", tell: Any) -> None:
        session = self._session
        when_done(answer, lambda said: session.call(lambda: tell(said)))

    def _listed(self, revisions: pd.DataFrame | Exception) -> None:
        if isinstance(revisions, Exception):
            show(self._details, gone_markup(revisions))
            return
        self.revisions = revisions
        self.chart.draw(revisions)
        # Arrow gives seconds their fraction, which nobody reads here.
        rows = revisions[::-1].assign(taken_at=revisions["taken_at"].dt.strftime("%Y-%m-%d %H:%M:%S").str[:19])
        self._rows = rows.set_index(pd.Index(rows["revision"].tolist()))
        show(self._count, Markup('<p class="quiet count">{:,} kept</p>').format(len(rows)))
        self._compare()

    def _ends(self) -> tuple[int, int] | None:
        """Return the revisions to compare; None if there is but one."""
        kept = [int(number) for number in self.revisions["revision"]]
        if self.chosen is not None:
            older, newer = self.chosen
            return older, kept[-1] if newer is None else newer
        return (kept[-2], kept[-1]) if len(kept) > 1 else None

    def _compare(self) -> None:
        ends = self._ends()
        self._is_telling = True
        try:
            self.older.value, self.newer.value = ends or (None, None)
            self.table.fill(self._rows, ends[1] if ends else None)
        finally:
            self._is_telling = False
        self._write_address()
        if ends is None:
            show(self._details, single_markup(self.wb.status()["journal"]["enabled"]))
            return
        self._when_done(self._archive.change(*ends), lambda change: self._compared(ends, change))

    _is_telling = False

    def _compared(self, ends: tuple[int, int], change: dict[str, Any] | Exception) -> None:
        if ends != self._ends():
            return
        if isinstance(change, Exception):
            show(self._details, gone_markup(change))
        else:
            show(self._details, change_markup(change, self.links))

    def _selected(self, revision: int | None) -> None:
        """Show what a revision changed: compare it with the one that is kept before it."""
        kept = [int(number) for number in self.revisions["revision"]]
        if revision is None or revision not in kept:
            self.compare(None)
            return
        place = kept.index(int(revision))
        self.compare((kept[max(place - 1, 0)], int(revision)))

    def _typed(self, _: Any) -> None:
        if not self._is_telling and self.older.value is not None:
            self.compare((self.older.value, self.newer.value))

    def _write_address(self) -> None:
        older, newer = self.chosen or (None, None)
        self.address.write(**{"from": older, "to": newer}, **self.table.view.words())
