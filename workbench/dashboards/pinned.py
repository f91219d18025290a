"""A page that is pinned to a kept revision: it says so, follows nothing, and changes nothing."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from markupsafe import Markup
from panel.viewable import Viewable, Viewer

from workbench.dashboards.archive import Archive, Then, when_done
from workbench.dashboards.links import PINNABLE
from workbench.dashboards.live import Follower
from workbench.dashboards.page import Page
from workbench.dashboards.panes import column, html_pane, show
from workbench.dashboards.session import Session
from workbench.errors import RevisionGone, UnknownRevision, WorkbenchError
from workbench.fleet.wire import iso

PageMaker = Callable[[Then], Page]

_WITHOUT: Final = (
    "Health, assignments, what is observed and what runs belong to the present and are not shown; nothing can be "
    "changed here."
)


class PinnedPage(Viewer):
    """One of the pages of `PINNABLE` over a kept revision, which is read beside the event loop."""

    def __init__(self, name: str, revision: int, archive: Archive, make: PageMaker) -> None:
        assert name in PINNABLE
        super().__init__()  # type: ignore[no-untyped-call]
        self.revision = revision
        self.followers: list[Follower] = []
        self.page: Page | None = None
        self._name = name
        self._make = make
        self._banner = html_pane(banner_markup(name, revision))
        self._state = html_pane(reading_state(revision))
        self._body = column("page", self._banner, self._state)
        session = Session()
        # The archive keeps what it answers longer than sessions live.
        when_done(archive.at(revision), lambda then: session.call(lambda: self._put(then)))

    def _put(self, then: Then | Exception) -> None:
        if isinstance(then, Exception):
            show(self._state, gone_state(then, self._name, self.revision))
            self._body[:] = [self._state]
            return
        self.page = self._make(then)
        self.followers.extend(self.page.followers)
        show(self._banner, banner_markup(self._name, self.revision, then.wb.taken_at, then.wb.summary()))
        self._body[:] = [self._banner, self.page]

    def __panel__(self) -> Viewable:
        return self._body


def banner_markup(
    name: str, revision: int, taken_at: float | None = None, figures: Mapping[str, int] | None = None
) -> Markup:
    """Return what stands above a pinned page: which revision, of when, that it is not live, and the way back."""
    told = Markup()
    if taken_at is not None and figures is not None:
        told = Markup(' of <b>{}</b> (<span data-since="{:.1f}">…</span>), with {}').format(
            (iso(taken_at) or "")[:19].replace("T", " ") + " UTC", taken_at,
            f"{figures['crates']:,} crates, {figures['errors']:,} errors and {figures['warnings']:,} warnings",
        )  # fmt: skip
    return Markup(
        '<section class="pinned" aria-label="Revision"><p>Revision <b>{}</b>{}: <b>not live</b>. '
        '<a href="{}" data-now>Back to now</a></p><p class="quiet">{}</p></section>'
    ).format(f"{revision:,}", told, name, _WITHOUT)


def pinned_pulse(revision: int) -> Markup:
    """Return what stands in the frame where live pages tell how the fleet fares."""
    return Markup(
        '<div class="pulse"><span class="dot warn" title="What is shown is that of one revision">pinned</span>'
        "<span>revision <b>{}</b></span></div>"
    ).format(revision)


def reading_state(revision: int) -> Markup:
    """Return what to show while a revision is read."""
    return Markup(
        '<section class="state" role="status"><h2>Reading revision {:,}</h2>'
        '<progress aria-label="Progress"></progress></section>'
    ).format(revision)


def gone_state(error: Exception, name: str, revision: int) -> Markup:
    """Return why a revision cannot be shown, and where to go instead."""
    title, words = f"Revision {revision:,} cannot be read", "The log of the server says why."
    details: Mapping[str, Any] = error.details if isinstance(error, WorkbenchError) else {}
    if isinstance(error, RevisionGone):
        title, words = f"Revision {revision:,} is no longer kept", "Older revisions make room for newer ones."
    elif isinstance(error, UnknownRevision):
        title, words = f"There is no revision {revision:,} yet", "A revision gets its number when something changes."
    if details.get("oldest") is not None and details.get("newest") is not None:
        words += f" Kept are {details['oldest']:,} to {details['newest']:,}."
    return Markup(
        '<section class="state" role="status"><h2>{}</h2><p>{}</p>'
        '<p><a href="{}" data-now>Show the present</a> · <a href="history">Choose a kept revision</a></p></section>'
    ).format(title, words, name)
