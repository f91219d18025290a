"""The Mux and the health of crates as markup: always with source and age, designed for when it is away too."""

from collections.abc import Mapping
from typing import Any, Final

from markupsafe import Markup

from workbench.dashboards.finding_markup import facts, quiet
from workbench.dashboards.links import Links
from workbench.events import Event
from workbench.fleet.merged import Match
from workbench.fleet.mux import MuxResult, MuxService
from workbench.fleet.wire import iso
from workbench.mux.view import MuxView

TONES: Final[Mapping[str | None, str]] = {
    "healthy": "good", "up": "good", "degraded": "warning", "unhealthy": "error", "silent": "quiet", "unknown": "quiet",
}  # fmt: skip
_FIGURES: Final = {"healthy": "accent", "degraded": "warn", "unhealthy": "bad"}
_PHASES: Final = {
    "live": ("good", "live"), "away": ("bad", "away"), "connecting": ("warn", "connecting"),
}  # fmt: skip


def ago(moment: float | None) -> Markup:
    """Return how long ago a moment was (seconds since the epoch), as text that goes on counting in the browser."""
    if moment is None:
        return quiet("never")
    return Markup('<span data-since="{:.1f}" data-exact title="{}">at {} UTC</span>').format(
        moment, iso(moment), (iso(moment) or "")[11:19]
    )


def not_configured() -> Markup:
    """Return what to show where no Mux is configured."""
    return Markup(
        '<section class="state"><h2>No Neural Mux is configured</h2>'
        "<p>With one, this page shows which services run, how they fare, and how that compares with the manifests. "
        "Put its address into <code>workbench.toml</code>, or start with it:</p>"
        '<pre>[mux]\nurl = "http://localhost:18100"</pre><br>'
        "<pre>workbench serve --mux http://localhost:18100</pre></section>"
    )


def waiting(view: MuxView) -> Markup:
    """Return what to show while a Mux was never heard."""
    title = "The Neural Mux does not answer" if view.phase == "away" else "Asking the Neural Mux for the first time"
    reason = Markup('<p class="warning">{}</p>').format(view.error) if view.error else ""
    return Markup('<section class="state" role="status"><h2>{}</h2><p>{}</p>{}<p>{}</p></section>').format(
        title, view.url, reason, _next_try()
    )


def status_markup(view: MuxView, result: MuxResult, link: Mapping[str, Any]) -> Markup:
    """Return the head of the page: a warning where one is due, figures, and where they come from."""
    counts = result.counts
    color, word = _PHASES[view.phase]
    dimmed = "quiet" if view.phase == "away" else ""
    figures = (
        (_FIGURES.get(result.status, ""), result.status, "as a whole",
         f'it says "{result.said}"' if result.said else "by its services"),
        ("accent", f"{len(result.services):,}", "services", _reported("listed", result.reported_total)),
        ("accent", f"{counts['healthy']:,}", "healthy", _reported("counted", result.reported_healthy)),
        ("warn" if counts["degraded"] else "", f"{counts['degraded']:,}", "degraded", "answer with trouble"),
        ("bad" if counts["unhealthy"] else "", f"{counts['unhealthy']:,}", "unhealthy", "down or failing"),
        ("", f"{counts['unknown']:,}", "unknown", "nothing is said of them"),
    )  # fmt: skip
    cards = Markup().join(
        Markup('<div class="figure {}"><b>{}</b><span>{}</span><small>{}</small></div>').format(
            tone if view.phase == "live" and not result.mock else "", *card
        )
        for tone, *card in figures
    )
    line = Markup(
        '<div class="pulse {}"><span class="dot {}">{}</span><span>fetched {}</span>'
        "<span>from <code>{}{}</code></span><span>updates {}</span>{}</div>"
    ).format(dimmed, color, word, ago(result.fetched_at), view.url, result.source, _socket(link), _slow(view))
    return Markup('{}{}{}<div class="figures">{}</div>').format(_away(view, result), _mock(result), line, cards)


def _reported(word: str, number: int | None) -> str:
    return word if number is None else f"{word}; it reports {number:,}"


def _socket(link: Mapping[str, Any]) -> str:
    every = f"every {link['interval_seconds']:g} s"
    return f"by its socket and {every}" if link["socket"] == "subscribed" else every


def _slow(view: MuxView) -> Markup:
    if view.phase == "live" and view.error:
        return Markup('<span class="warning">the newest try failed: {}</span>').format(view.error)
    return Markup()


def _away(view: MuxView, result: MuxResult) -> Markup:
    if view.phase != "away":
        return Markup()
    return Markup(
        '<section class="card notice" role="status"><h2 class="bad">The Neural Mux is away</h2>'
        "<p>It last answered {}. Now: {}</p>"
        '<p class="quiet">{} What is shown below is what it told last.</p></section>'
    ).format(ago(result.fetched_at), view.error, _next_try())


def _next_try() -> str:
    return "It is asked again by itself, ever less often up to once a minute."


def _mock(result: MuxResult) -> Markup:
    if not result.mock:
        return Markup()
    return Markup(
        '<section class="card notice" role="status"><h2 class="warning">This looks like sample data</h2>'
        "<p>{}. It is shown, and counts as no evidence of anybody's health.</p></section>"
    ).format("; ".join(result.mock))


def service_details(item: MuxService, found: Match | None, links: Links) -> Markup:
    """Return everything that the Mux says of one service."""
    crate = (
        Markup('{} <span class="quiet">(known by its {})</span>').format(links.crate(found.name), found.rule)
        if found
        else Markup('<span class="warning">no crate of this fleet declares it</span>')
    )
    chip = Markup('<span class="chip {}">{}</span>').format(TONES[item.health], item.health)
    return Markup('<section class="card" aria-label="Details"><h2>{} {}</h2>{}</section>').format(
        item.name, chip,
        facts([
            ("Id", Markup("<code>{}</code>").format(item.id)),
            ("Crate", crate),
            ("Port", links.port(item.port) if item.port else quiet("not told")),
            ("It says", item.said or quiet("nothing")),
            ("Checked", ago(item.checked_at) if item.checked_at else quiet("not told when")),
            ("Endpoint", item.endpoint or quiet("not told")),
            ("Kind", item.kind or quiet("not told")),
            ("Failures", quiet("not told") if item.failures is None else item.failures),
            ("Capabilities", ", ".join(item.capabilities) or quiet("none named")),
        ]),
    )  # fmt: skip


def no_service() -> Markup:
    """Return what to show while no service is selected."""
    return Markup(
        '<section class="card" aria-label="Details"><h2>No service is selected</h2>'
        '<p class="quiet">Choose a row to see all that the Mux says of a service.</p></section>'
    )


def log_markup(events: list[tuple[Event, str]]) -> Markup:
    """Return the newest events of the Mux and of health, newest first."""
    items = Markup().join(
        Markup('<li><span class="quiet">{}</span> <code>{}</code><span class="why">{}</span></li>').format(
            ago(event.ts), event.type, words
        )
        for event, words in events
    )
    listed = Markup('<ul class="list">{}</ul>').format(items) if items else quiet("Nothing has happened yet.")
    return Markup('<section class="card" aria-label="Event log"><h2>Event log</h2>{}</section>').format(listed)


def health_markup(model: Mapping[str, Any]) -> Markup:
    """Return the health of a crate from `VitalsView.crate`: the verdict, who says so and when, and its availability."""
    if not model["evidence"] and not model["history"]:
        return quiet("nothing was seen of it")
    share = model["availability"]["share"]
    known = "" if share is None else f"there for {share:.1%} of the last day, as far as known"
    sources = Markup().join(
        Markup('<li>{}: <span class="{}">{}</span>{}<span class="why">{}</span></li>').format(
            item["source"], TONES[item["state"]], item["state"],
            "" if item["is_fresh"] else Markup(' <span class="chip">too old to count</span>'), item["detail"],
        )
        for item in model["evidence"]
    )  # fmt: skip
    return Markup(
        '<p><span class="chip {}">{}</span> {}</p><p class="quiet">{}</p><ul class="list">{}</ul>'
        '<p class="quiet">{}</p>'
    ).format(
        TONES[model["state"]], model["state"], f"by {model['source']}" if model["source"] else "",
        Markup("since {} · seen at {}").format(_clock(model["since"]), _clock(model["seen_at"])), sources, known,
    )  # fmt: skip


def _clock(text: str | None) -> str:
    return "never" if text is None else f"{text[:10]} {text[11:19]} UTC"
