"""The frame around every page: navigation, the fleet's pulse, and what is said when the connection is lost."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import panel as pn
from bokeh.events import ConnectionLost
from bokeh.models import CustomJS
from markupsafe import Markup

from workbench.dashboards.links import PINNABLE, Links
from workbench.dashboards.live import Feed
from workbench.dashboards.page import Page
from workbench.dashboards.page_caller import signed_in
from workbench.dashboards.panes import html_pane, show
from workbench.dashboards.pinned import PinnedPage, pinned_pulse
from workbench.dashboards.theme import sheet
from workbench.workbench import Workbench

PAGES: Final = (
    ("fleet", "Fleet"),
    ("ports", "Ports"),
    ("topology", "Topology"),
    ("mux", "Mux"),
    ("deployments", "Deployments"),
    ("findings", "Findings"),
    ("events", "Events"),
    ("sql", "SQL"),
    ("history", "History"),
    ("audit", "Audit"),
)

_PIN: Final = Markup(
    '<button type="button" class="pin" data-pin="{0}" title="Copy a link to what you see, as it is in revision {0}">'
    "Copy link</button>"
)
_FOLDER: Final = Path(__file__).parent


@cache
def _text(name: str) -> str:
    return (_FOLDER / name).read_text("utf-8")


class _Frame(pn.Template):
    def __repr__(self) -> str:
        """Say no more than what it is: Panel asks with each part that is added, and tables would tell of all rows."""
        return type(self).__name__


def framed(name: str, wb: Workbench, page: Page | PinnedPage, feed: Feed, notices: Sequence[str] = ()) -> pn.Template:
    """Return a page in the frame, for a new session of a server; `notices` are said above it."""
    pinned = page.revision if isinstance(page, PinnedPage) else None
    pulse = html_pane(css_classes=["wb-pulse-pane"])
    template = _Frame(_text("frame.html"), location=True)
    template.add_panel("pulse", pulse)
    template.add_panel("main", page)
    for variable, value in {
        "pages": [(word, title, _pinned_query(word, pinned)) for word, title in PAGES],
        "page_name": name,
        "page_title": dict(PAGES)[name],
        "person": signed_in(),
        "notices": notices,
        "frame_css": sheet("frame"),
        "frame_js": _text("frame.js"),
        "search_js": _text("search.js"),
        "page_js": _text("queries.js") if name == "sql" else "",
        "theme_js": _text("theme.js"),
    }.items():
        template.add_variable(variable, value)

    def beat() -> None:
        show(pulse, pulse_markup(wb, is_pinnable=name in PINNABLE) if pinned is None else pinned_pulse(pinned))

    beat()
    if pinned is None:
        page.followers.append(feed.follow(beat))
    if pn.state.curdoc is not None:
        lost = CustomJS(code='document.dispatchEvent(new CustomEvent("wb-connection-lost", {detail: cb_data}))')
        pn.state.curdoc.js_on_event(ConnectionLost, lost)
    return template


def _pinned_query(page: str, revision: int | None) -> str:
    return f"?revision={revision}" if revision is not None and page in PINNABLE else ""


def pulse_markup(wb: Workbench, *, is_pinnable: bool = False) -> Markup:
    """Return how the fleet fares in one line: whether it is followed, revision and its age, errors, warnings.

    Pages that can show a kept revision offer a link to what is seen now.
    """
    status = wb.status()
    figures = wb.summary()
    color, word, meaning = _following(status)
    return Markup(
        '<div class="pulse"><span class="dot {}" title="{}">{}</span>'
        '<span>revision <b>{}</b> · <span data-since="{}" title="since this revision was made">…</span></span>{}'
        '<span class="counts">{}{}</span></div>'
    ).format(
        color, meaning, word, wb.revision, f"{wb.taken_at:.1f}", _PIN.format(wb.revision) if is_pinnable else "",
        _count(figures["errors"], "error"), _count(figures["warnings"], "warning"),
    )  # fmt: skip


def _count(number: int, severity: str) -> Markup:
    words = Markup("<b>{:,}</b> {}").format(number, severity if number == 1 else f"{severity}s")
    return Links().severity(severity, words, severity if number else "")


def _following(status: dict[str, Any]) -> tuple[str, str, str]:
    """Return (colour, word, meaning) of how the disk is followed."""
    watch = status["watch"]
    if status["journal"]["error"]:
        return "bad", "not recorded", f"The state file cannot be written: {status['journal']['error']}"
    if status["status"] == "scanning" and status["scan"]["phase"] != "done":
        return "warn", "scanning", "The first scan is in progress"
    if status["status"] == "last-known":
        return "warn", "last known", "The fleet as it was when the workbench last ran; the disk is being read"
    if watch["mode"] == "events":
        return "good", "live", f"{watch['directories']} directories are watched"
    if watch["mode"] == "polling":
        return "warn", "polling", f"Watching failed ({watch['error']}); checked every {watch['beat_seconds']:g} s"
    return "quiet", "not followed", "This workbench was scanned once and does not follow the disk"
