"""The SQL page: a question to the fleet, its answer as a table and as a chart."""

import io
from typing import Any, ClassVar, Final

import panel as pn
from markupsafe import Markup
from panel.viewable import Viewable

from workbench.dashboards.address import LONGEST_PASSAGE
from workbench.dashboards.figure_pane import FigurePane
from workbench.dashboards.links import Links
from workbench.dashboards.live_table import LiveTable
from workbench.dashboards.page import Page
from workbench.dashboards.panes import action, column, control, html_pane, reveal, show
from workbench.dashboards.query_run import Outcome, QueryRun
from workbench.dashboards.result_chart import KINDS, result_chart
from workbench.dashboards.result_table import Result, result_table
from workbench.dashboards.sql_examples import EXAMPLES, example_list, table_list
from workbench.dashboards.sql_markup import ASKING, NO_ANSWER, error_markup, result_markup
from workbench.dashboards.table_view import AS_USUAL, TableView
from workbench.errors import WorkbenchError
from workbench.fleet.snapshot import Snapshot
from workbench.tables.files import FORMATS

NO_CHART: Final = "no chart"


class SqlPage(Page):
    """An editor, the tables, and the answer; `SqlPage(wb)` shows itself in a notebook."""

    title: ClassVar[str] = "SQL"

    def build(self) -> Viewable:
        self.links = Links(self.is_linked)
        self.result: Result | None = None
        self._asked = ""
        self._view: TableView = AS_USUAL
        self._listing: LiveTable | None = None
        self.editor = control(
            pn.widgets.TextAreaInput, "Query: one SELECT (Ctrl+Enter runs it)", value=EXAMPLES[0].sql,
            rows=8, max_length=LONGEST_PASSAGE, sizing_mode="stretch_width", css_classes=["wb-code"],
        )  # fmt: skip
        self.run_button = action("Run", lambda _: self.run(), "primary")
        self.cancel_button = action("Cancel", lambda _: self.query.cancel(), disabled=True)
        self.query = QueryRun(self.wb, self._answered)
        self._said = html_pane(NO_ANSWER)
        self._table = column("answer")
        self._build_chart_controls()
        self._downloads = [self._download(ending) for ending in ("csv", "parquet")]
        self._answer_bar = column("filters", self.kind, self.across, self.up, *self._downloads)
        for part in (self._answer_bar, self._chart, self._table):
            reveal(part, False)
        editor = column("card", self.editor, column("filters", self.run_button, self.cancel_button))
        answer = column("card", self._said, self._answer_bar, self._chart, self._table)
        return column("page", column("split", column("page", editor, answer), column("side", html_pane(self._help()))))

    def _build_chart_controls(self) -> None:
        self._wanted_axes = "", ""
        self.kind = control(pn.widgets.Select, "Chart", options=[NO_CHART, *KINDS], width=130)
        self.across = control(pn.widgets.Select, "Of", options={}, width=190)
        self.up = control(pn.widgets.Select, "Value", options={}, width=190)
        self._chart = column("scroll")
        self.on_change(self._redrawn, self.kind, self.across, self.up)

    def _download(self, ending: str) -> Any:
        def content() -> io.BytesIO:
            assert self.result is not None
            return io.BytesIO(FORMATS[ending][1](self.result.table))

        label = {"csv": "CSV", "parquet": "Parquet"}[ending]
        return control(
            pn.widgets.FileDownload, f"Download {label}", callback=content, filename=f"answer.{ending}", width=170,
            css_classes=["wb-download"],
        )  # fmt: skip

    def _help(self) -> Markup:
        return Markup(
            '<section class="card" aria-label="Examples"><h2>Examples</h2>{}</section>'
            '<section class="card" aria-label="Saved queries" data-saved-queries hidden><h2>Saved in this browser</h2>'
            "</section>"
            '<section class="card" aria-label="Tables"><h2>Tables</h2>{}'
            '<p class="quiet">Read-only. The same from programs: <code>wb.sql(…)</code> and '
            "<code>POST /api/query</code>.</p></section>"
        ).format(example_list(self.links), table_list())

    def read_address(self) -> None:
        address = self.address
        self._wanted_axes = address.text("x"), address.text("y")
        self.kind.value = address.choice("chart", KINDS, NO_CHART)
        asked_for = address.passage("sql")
        self.editor.value = asked_for or EXAMPLES[0].sql
        self._view = TableView.at(address)
        if asked_for and asked_for != self._asked:
            self._asked = asked_for
            self.run()
        elif self.result is not None and self._listing is not None:
            self._listing.look(self._view)
            self._listing.fill(self.result.frame)
            self._offer_axes(self.result)
            self._place_parts(self._drawn())

    def show_fleet(self, snapshot: Snapshot) -> None:
        if self.result is not None and not self.query.is_running:
            show(self._said, result_markup(self.result, snapshot.revision))

    def run(self) -> None:
        """Ask what stands in the editor; the answer comes by itself. That of the same query is looked at as before."""
        asked = (self.editor.value or "").strip()
        if asked != self._asked:
            self._asked, self._view = asked, AS_USUAL
        self._write_address()
        show(self._said, ASKING)
        self.run_button.disabled, self.cancel_button.disabled = True, False
        try:
            self.query.start(self.editor.value or "")
        except WorkbenchError as error:
            self._answered(error)

    def _answered(self, outcome: Outcome) -> None:
        if isinstance(outcome, WorkbenchError):
            self.result = None
            self._place_parts(chart=[], table=[])
            show(self._said, error_markup(outcome, self.editor.value or ""))
        else:
            self.result = outcome
            show(self._said, result_markup(outcome, self.snapshot.revision))
            self._offer_axes(outcome)
            self._listing = result_table(outcome, self._view, self._looked)
            self._place_parts(chart=self._drawn(), table=[self._listing.widget])
        reveal(self._answer_bar, self.result is not None)
        self.run_button.disabled, self.cancel_button.disabled = False, True

    def _offer_axes(self, result: Result) -> None:
        """Offer the columns of an answer as axes: those that were chosen if it has them, else the likeliest."""
        wanted_x, wanted_y = self._wanted_axes
        names = [name if result.names.count(name) == 1 else f"{name} ({n + 1})" for n, name in enumerate(result.names)]
        values = {names[n]: n for n in result.numeric}
        self._is_offering = True
        try:
            self.up.options = values
            self.up.value = values.get(wanted_y, next(reversed(values.values()), None))
            places = {name: n for n, name in enumerate(names)}
            self.across.options = places
            first = next((n for n in places.values() if n != self.up.value), None)
            self.across.value = places.get(wanted_x, first)
        finally:
            self._is_offering = False

    _is_offering = False

    def _redrawn(self, _: Any) -> None:
        if self._is_offering:
            return
        self._wanted_axes = self._axis(self.across), self._axis(self.up)
        self._place_parts(self._drawn())
        self._write_address()

    def _axis(self, select: Any) -> str:
        return next((name for name, n in select.options.items() if n == select.value), "")

    def _drawn(self) -> list[Viewable]:
        """Return the chart that is asked for, or why there is none; nothing if none is asked for."""
        is_wanted = self.kind.value != NO_CHART
        self.across.disabled = self.up.disabled = not is_wanted
        result, across, up = self.result, self.across.value, self.up.value
        if not is_wanted or result is None:
            return []
        if up is None or across is None or result.frame.empty:
            return [html_pane(Markup('<p class="quiet">A chart needs a row and two columns, one of numbers.</p>'))]
        chart = result_chart(result, self.kind.value, across, up)
        return [FigurePane(chart)]

    def _place_parts(self, chart: list[Viewable], table: list[Viewable] | None = None) -> None:
        self._chart[:] = chart
        reveal(self._chart, bool(chart))
        if table is not None:
            self._table[:] = table
            reveal(self._table, bool(table))

    def _looked(self) -> None:
        if self._listing is not None:
            self._view = self._listing.view
        self._write_address()

    def _write_address(self) -> None:
        is_drawn = self.kind.value != NO_CHART
        x, y = self._wanted_axes
        self.address.write(
            sql=self.editor.value or "",
            chart=self.kind.value if is_drawn else "",
            x=x if is_drawn else "",
            y=y if is_drawn else "",
            **self._view.words(),
        )
