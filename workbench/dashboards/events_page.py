"""The events page: what happened, newest first, as it happens."""

from typing import Any, ClassVar, Final

import orjson
import panel as pn
from markupsafe import Markup
from panel.viewable import Viewable

from workbench.dashboards.address import Address
from workbench.dashboards.event_rows import EventRows, EventsFilter, clock, event_words, matching_events
from workbench.dashboards.finding_markup import facts
from workbench.dashboards.links import Links
from workbench.dashboards.live import Feed
from workbench.dashboards.live_table import LiveTable, TableColumn
from workbench.dashboards.page import Page
from workbench.dashboards.panes import check_box, column, control, html_pane, search_box, show, type_in
from workbench.dashboards.states import no_match_state
from workbench.dashboards.table_view import TableView
from workbench.events import TOPICS, Event
from workbench.fleet.snapshot import Snapshot
from workbench.workbench import Workbench

ALL_TOPICS: Final = "all topics"

_COLUMNS: Final = (
    TableColumn("time", "Time (UTC)", 168, '<span class="mono quiet"><%- value %></span>'),
    TableColumn("topic", "Topic", 112),
    TableColumn("type", "Event", 168, '<span class="mono"><%- value %></span>', has_filter=True),
    TableColumn("words", "What happened", None, has_filter=True, min_width=340),
)


class EventsPage(Page):
    """The live log with filters; `EventsPage(wb)` shows itself in a notebook."""

    title: ClassVar[str] = "Events"

    def __init__(
        self, wb: Workbench, feed: Feed | None = None, address: Address | None = None, rows: EventRows | None = None
    ) -> None:
        self._rows = rows or EventRows(wb)
        super().__init__(wb, feed, address)

    def build(self) -> Viewable:
        self.links = Links(self.is_linked)
        self.selected: int | None = None
        self._details = html_pane()
        self._nothing = html_pane(visible=False)
        self._count = html_pane(sizing_mode=None)
        self._shown_to = 0
        self.search = search_box("Search", "crate, port, message", 280)
        self.topic = control(pn.widgets.Select, "Topic", options=[ALL_TOPICS, *TOPICS], width=170)
        self.is_paused = check_box("hold still", width=110)
        view = TableView.at(self.address)
        self.table = LiveTable(_COLUMNS, self.select, page_size=20, view=view, on_look=self._write_address)
        self.on_change(self._filtered, self.search, of="value_input")
        self.on_change(self._write_address, self.search)
        self.on_change(self._filtered, self.topic)
        self.on_change(lambda _: self._follow(), self.is_paused)
        filters = column("filters", self.search, self.topic, self.is_paused, self._count)
        listing = column("card", filters, self._nothing, self.table.widget)
        return column("page", column("split", listing, column("side", self._details)))

    def read_address(self) -> None:
        address = self.address
        type_in(self.search, address.text("q"))
        self.topic.value = address.choice("topic", TOPICS, ALL_TOPICS)
        self.table.look(TableView.at(address))
        self.selected = address.number("seq", 1, 10**15)

    def show_fleet(self, snapshot: Snapshot) -> None:
        self._follow()
        self._show_details()

    @property
    def filter(self) -> EventsFilter:
        """Which events are asked for."""
        topic = self.topic.value
        return EventsFilter((self.search.value_input or "").strip(), "" if topic == ALL_TOPICS else topic)

    def select(self, seq: int | None) -> None:
        """Show an event in full; None for none."""
        self.selected = None if seq is None else int(seq)
        self._show_details()
        self._write_address()

    def _follow(self) -> None:
        """Show what is new, unless the reader asked for the list to hold still; then say how much there is."""
        frame = self._rows.frame()
        if not self.is_paused.value:
            self._shown_to = int(frame.index[0]) if len(frame) else 0
        self._fill()

    def _fill(self) -> None:
        frame = self._rows.frame()
        everything = frame[frame.index <= self._shown_to]
        rows = matching_events(everything, self.filter)
        self.table.fill(rows, self.selected)
        newer = len(frame) - len(everything)
        held = Markup(' · <span class="warning">{:,} newer</span>').format(newer) if newer else ""
        show(
            self._count,
            Markup('<p class="quiet count">{:,} of {:,} shown{}</p>').format(len(rows), len(everything), held),
        )
        show(self._nothing, no_match_state("No event matches. Clear the search, or choose all topics."))
        self._nothing.visible = rows.empty

    def _filtered(self, event: Any) -> None:
        self._fill()
        if event.name != "value_input":
            self._write_address()

    def _show_details(self) -> None:
        event = self._rows.event(self.selected) if self.selected is not None else None
        show(self._details, event_details(event, self.links) if event else events_overview(self.selected is not None))

    def _write_address(self, *_: Any) -> None:
        wanted = self.filter
        self.address.write(q=wanted.text, topic=wanted.topic, seq=self.selected, **self.table.view.words())


def event_details(event: Event, links: Links) -> Markup:
    """Return an event in full: when, in which revision, and its data."""
    data = orjson.dumps(event.data, option=orjson.OPT_INDENT_2, default=str).decode()
    name, port = event.data.get("name") or event.data.get("crate_name"), event.data.get("port")
    pairs: list[tuple[str, object]] = [
        ("Time", f"{clock(event.ts)} UTC"),
        ("Number", f"{event.seq:,}"),
        ("Revision", f"{event.revision:,}"),
        ("Topic", event.topic),
    ]
    if isinstance(name, str):
        pairs.append(("Crate", links.crate(name)))
    if isinstance(port, int):
        pairs.append(("Port", links.port(port)))
    return Markup(
        '<section class="card" aria-label="Details"><h2>{}</h2><p>{}</p>{}<h3>Data</h3>'
        '<pre class="snippet" tabindex="0">{}</pre></section>'
    ).format(event.type, event_words(event), facts(pairs), data)


def events_overview(is_gone: bool) -> Markup:
    """Return what to show when no event is selected, or one that is no longer kept."""
    title = "No longer kept" if is_gone else "No event is selected"
    words = (
        "The event that this link points to is older than what is kept."
        if is_gone
        else "Choose a row to see an event in full. New ones appear at the top by themselves."
    )
    return Markup(
        '<section class="card" aria-label="Details"><h2>{}</h2><p class="quiet">{}</p>'
        '<p class="quiet">Programs read the same from <code>/ws</code> and <code>/api/events</code>.</p></section>'
    ).format(title, words)
