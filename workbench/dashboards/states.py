"""What a page shows when there is no fleet to show: the first scan, an empty fleet, a filter without a result."""

from typing import Any, Final

from markupsafe import Markup

from workbench.fleet.snapshot import Snapshot

PREPARING: Final = Markup(
    '<section class="state" role="status"><h2>Preparing this page</h2><p>A large fleet takes a moment when a revision '
    'is looked at first.</p><progress aria-label="Progress"></progress></section>'
)
"""What to show while a worker derives what a page shows."""


def is_scanning(status: dict[str, Any]) -> bool:
    """Return whether the first scan is still going on."""
    return bool(status["status"] == "scanning" and status["scan"]["phase"] != "done")


def blank_state(status: dict[str, Any], snapshot: Snapshot) -> Markup | None:
    """Return what to show instead of a fleet; None if there is one."""
    if is_scanning(status):
        return scanning_state(status)
    if not snapshot.records:
        return empty_state(status)
    return None


def scanning_state(status: dict[str, Any]) -> Markup:
    """Return the progress of the first scan."""
    scan = status["scan"]
    if scan["phase"] == "reading" and scan["found"]:
        bar = Markup('<progress value="{}" max="{}" aria-label="Progress"></progress>').format(
            scan["read"], scan["found"]
        )
        words = f"{scan['read']:,} of {scan['found']:,} manifests read"
    else:
        bar = Markup('<progress aria-label="Progress"></progress>')
        words = f"{scan['directories']:,} directories searched, {scan['found']:,} manifests found"
    return Markup(
        '<section class="state" role="status"><h2>Reading the fleet for the first time</h2><p>{}</p>{}{}</section>'
    ).format(words, bar, _roots(status))


def empty_state(status: dict[str, Any]) -> Markup:
    """Return how to add crates where there are none."""
    return Markup(
        '<section class="state"><h2>There is no crate here yet</h2>'
        "<p>No <code>smart-crate.toml</code> or <code>*.smartcrate.toml</code> was found below:</p>{}"
        "<p>Put a manifest into one of these folders and it appears here by itself, or start the workbench "
        "with the folders that hold your crates:</p><pre>workbench serve ~/src/crates</pre></section>"
    ).format(_roots(status))


def no_match_state(words: str, title: str = "Nothing matches") -> Markup:
    """Return what to show when filters leave nothing, or when there is nothing to filter."""
    return Markup('<section class="state small" role="status"><h2>{}</h2><p>{}</p></section>').format(title, words)


def _roots(status: dict[str, Any]) -> Markup:
    lines = Markup("\n").join(status["roots"])
    return Markup("<pre>{}</pre>").format(lines) if status["roots"] else Markup("<p>No folder was given.</p>")
