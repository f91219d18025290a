"""A manifest's text with line numbers, and what was found at its lines."""

from collections.abc import Iterable
from typing import Final

from markupsafe import Markup

from workbench.fleet.model import Finding, Site

_MOST_LINES: Final = 800
_LONGEST_LINE: Final = 400
_GRAVEST: Final = ("error", "warning", "hint")


def source_listing(text: str, path: str, findings: Iterable[Finding]) -> Markup:
    """Return the text of the manifest at `path`, the lines of findings marked with the gravest and all messages."""
    marks = line_marks(path, findings)
    lines = text.splitlines()
    items = Markup().join(_line(line[:_LONGEST_LINE], marks.get(n)) for n, line in enumerate(lines[:_MOST_LINES], 1))
    rest = len(lines) - _MOST_LINES
    more = Markup('<p class="quiet">{:,} more lines are not shown.</p>').format(rest) if rest > 0 else ""
    # A scrollable region must be reachable by keyboard.
    return Markup('<ol class="source" tabindex="0" aria-label="Manifest source">{}</ol>{}').format(items, more)


def source_excerpt(site: Site, severity: str, around: int = 2) -> Markup:
    """Return the line of a place with a few around it, the line itself marked by a severity."""
    lines = site.source.text.splitlines()
    first = max(site.line - around, 1)
    shown = lines[first - 1 : site.line + around]
    items = Markup().join(
        _line(line[:_LONGEST_LINE], (severity, "") if n == site.line else None) for n, line in enumerate(shown, first)
    )
    listing = Markup(
        '<ol class="source" style="counter-reset: line {}" tabindex="0" aria-label="Manifest source">{}</ol>'
    )
    return listing.format(first - 1, items) if shown else Markup()


def line_marks(path: str, findings: Iterable[Finding]) -> dict[int, tuple[str, str]]:
    """Return (gravest severity, messages) for each line of a manifest at which something was found."""
    found: dict[int, list[Finding]] = {}
    for item in findings:
        for site in item.sites:
            if site.path == path and item not in found.setdefault(site.line, []):
                found[site.line].append(item)
    return {
        line: (min((item.severity for item in items), key=_GRAVEST.index), " · ".join(item.message for item in items))
        for line, items in found.items()
    }


def _line(text: str, mark: tuple[str, str] | None) -> Markup:
    if mark is None:
        return Markup("<li>{}</li>").format(text or " ")
    severity, message = mark
    return Markup('<li class="{}"><span>{}</span><i>{}</i></li>').format(severity, text or " ", message)
