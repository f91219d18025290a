"""Findings as a compiler would print them: the place, the source line, and a caret under the key."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from workbench.fleet.model import Finding, Site, locate_sites
from workbench.fleet.rules import SEVERITIES
from workbench.fleet.snapshot import Snapshot

Style = Callable[[str, str], str]
"""Takes a text and the role it plays (`error`, `warning`, `hint`, `dim`, `bold`); returns it decorated."""

_SITES_SHOWN: Final = 6
_WIDTH: Final = 160


def plain(text: str, role: str) -> str:
    """Leave a text as it is."""
    return text


def report_lines(findings: Iterable[Finding], style: Style = plain) -> Iterator[str]:
    """Yield the lines of a report on findings, a blank line after each."""
    findings = list(findings)
    locate_sites(site for item in findings for site in item.sites[:_SITES_SHOWN])
    for item in findings:
        yield f"{style(f'{item.severity}[{item.code}]', item.severity)}: {style(item.message, 'bold')}"
        for site in item.sites[:_SITES_SHOWN]:
            yield from _site_lines(site, item, style)
        if len(item.sites) > _SITES_SHOWN:
            yield style(f"  ... and {len(item.sites) - _SITES_SHOWN} more places", "dim")
        yield f"  {style('= fix:', 'dim')} {item.fix}"
        yield ""


def _site_lines(site: Site, item: Finding, style: Style) -> Iterator[str]:
    line, column = site.position
    yield f"  {style('-->', 'dim')} {site.path}:{line}:{column}"
    source = site.source.text.split("\n", line)[line - 1 : line]
    if not source or not source[0].strip():
        return
    text = source[0].rstrip("\r").replace("\t", " ")
    start = max(0, column - _WIDTH // 2)
    shown = text[start : start + _WIDTH]
    if not shown.isprintable():
        shown = "".join(c if c.isprintable() else "?" for c in shown)
    gutter = f"{line:>5} | "
    yield f"{style(gutter, 'dim')}{shown}"
    caret = "^" * max(1, min(_marked(text, column), _WIDTH - (column - 1 - start)))
    yield f"{style(' ' * 5 + ' | ', 'dim')}{' ' * (column - 1 - start)}{style(caret, item.severity)}"


def _marked(text: str, column: int) -> int:
    """Return how many characters of a line to mark, from a column on: the key, or the value up to a comma."""
    rest = text[column - 1 :]
    end = next((n for n, c in enumerate(rest) if c in "=,]}#"), len(rest)) if rest[:1] not in "[{" else len(rest)
    return len(rest[:end].rstrip())


def summary_line(snapshot: Snapshot, findings: Sequence[Finding] | None = None) -> str:
    """Return the closing line of a report on some findings of a fleet; None for all, which need not be put in order."""
    tally = snapshot.tally
    if findings is None:
        counts = Counter(error=tally.errors, warning=tally.warnings, hint=tally.hints)
    else:
        counts = Counter(item.severity for item in findings)
    counted = ", ".join(_plural(counts[severity], severity) for severity in SEVERITIES)
    hidden = tally.findings - counts.total()
    crates, manifests = _plural(tally.crates, "crate"), _plural(tally.manifests, "manifest")
    muted = f", {tally.muted} muted" if tally.muted else ""
    return f"{crates} in {manifests}: {counted}{muted}{f' ({hidden} more not shown)' if hidden else ''}"


def _plural(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
