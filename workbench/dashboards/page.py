"""What all pages have in common: they show one snapshot at a time, and the next one when it comes."""

import threading
from collections.abc import Callable
from typing import Any, ClassVar, Final

import panel as pn
from panel.viewable import Viewable, Viewer

from workbench.dashboards.address import Address
from workbench.dashboards.live import Feed, Follower, Prepare
from workbench.dashboards.notebook_theme import InNotebookTheme
from workbench.dashboards.panes import column, html_pane, show
from workbench.dashboards.session import Session
from workbench.dashboards.states import PREPARING, blank_state, is_scanning
from workbench.fleet.snapshot import Snapshot
from workbench.workbench import Workbench

_POLL_MS: Final = 400
_QUICKLY_PREPARED: Final = 1_000
"""Of so many manifests a page is prepared at once: a worker would take longer to begin."""
_PREPARING: Final = threading.Lock()


class Page(InNotebookTheme, Viewer):
    """A view of the fleet that follows it. Subclasses build their parts once and fill them in `show_fleet`."""

    title: ClassVar[str]

    def __init__(self, wb: Workbench, feed: Feed | None = None, address: Address | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.wb = wb
        self.feed = feed or Feed(wb)
        self.address = address or Address()
        self.pinned = self.address.pinned
        """The revision that is shown for ever; None for a page that follows the fleet."""
        self.is_linked = address is not None
        """Whether the page stands in the server's frame, where links to other pages lead somewhere."""
        self.snapshot: Snapshot = wb.snapshot
        self.followers: list[Follower] = []
        self._state = html_pane()
        self._content: Viewable | None = None
        self._is_reading = False
        self._session = Session()
        self._body = column("page")
        if not self.is_linked:
            self._body.css_classes = [*self._body.css_classes, "wb-inline"]
        self.refresh()
        self.followers.append(self.feed.follow(self.refresh, self.preparation))
        self.address.on_move(self.restore)
        self._poll_while_scanning()

    def build(self) -> Viewable:
        """Return the page's content, with its parts still empty. Called once, when there is a fleet to show."""
        raise NotImplementedError

    def read_address(self) -> None:
        """Set the controls and the selection to what the address says; `show_fleet` follows."""

    def show_fleet(self, snapshot: Snapshot) -> None:
        """Fill the parts from a snapshot."""
        raise NotImplementedError

    @classmethod
    def prepare(cls, snapshot: Snapshot) -> object:
        """Derive what is slow to derive of what the page shows, for all sessions; called beside the event loop."""
        return None

    @classmethod
    def prepared(cls, snapshot: Snapshot) -> None:
        """Prepare the page for a snapshot, unless that was done; when several ask at once, the others wait for one."""
        with _PREPARING:
            snapshot.derive(cls._key(), cls.prepare)

    @property
    def preparation(self) -> Prepare:
        """What is to be derived of a new revision before the page is told of it; it knows nothing of the page."""
        return type(self).prepared

    @classmethod
    def _key(cls) -> object:
        return "page", cls.__name__

    def refresh(self) -> None:
        """Show the newest revision, or why there is nothing to show."""
        snapshot = self.snapshot = self.wb.snapshot
        blank = blank_state(self.wb.status(), snapshot)
        if blank is not None:
            show(self._state, blank)
            self._place(self._state)
        elif len(snapshot.records) <= _QUICKLY_PREPARED or snapshot.has_derived(self._key()):
            self._show(snapshot)
        else:
            if self._content is None:
                show(self._state, PREPARING)
                self._place(self._state)
            self._session.compute(lambda: self.prepared(snapshot), lambda _: self._show(snapshot))

    def _show(self, snapshot: Snapshot) -> None:
        if snapshot is not self.snapshot:
            return  # A later revision is on its way.
        if self._content is None:
            self._content = self.build()
            self._take_address()
        self.show_fleet(snapshot)
        self._place(self._content)

    def restore(self) -> None:
        """Show what the address says now: the browser went back or forward, or along a link to this very page."""
        if self._content is not None:
            self._take_address()
            self.show_fleet(self.snapshot)

    def on_change(self, react: Callable[[Any], None], *widgets: Any, of: str = "value") -> None:
        """Have `react` called when somebody changes widgets, and not when they are set to what the address says."""

        def heard(event: Any) -> None:
            if not self._is_reading:
                react(event)

        for widget in widgets:
            widget.param.watch(heard, of)

    def _take_address(self) -> None:
        self._is_reading = True
        try:
            self.read_address()
        finally:
            self._is_reading = False

    def _place(self, part: Viewable) -> None:
        if list(self._body) != [part]:
            self._body[:] = [part]

    def _poll_while_scanning(self) -> None:
        """Follow the first scan, which tells of no revision until it is done (and of none if it finds nothing)."""
        if not is_scanning(self.wb.status()) or pn.state.curdoc is None:
            return
        document = pn.state.curdoc

        def poll() -> None:
            self.refresh()
            if not is_scanning(self.wb.status()):
                document.remove_periodic_callback(callback)

        callback: Any = document.add_periodic_callback(poll, _POLL_MS)

    def __panel__(self) -> Viewable:
        return self._body
