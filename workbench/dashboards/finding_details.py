"""One finding with every place that takes part in it, and what can be done about it."""

import json
from collections.abc import Mapping
from typing import Final

from markupsafe import Markup

from workbench.dashboards.links import Links
from workbench.dashboards.source_listing import source_excerpt
from workbench.fleet.model import Finding
from workbench.fleet.rules import RULES, SEVERITIES

_MOST_PLACES: Final = 12


def finding_details(item: Finding, links: Links) -> Markup:
    """Return what was found, why it matters, how to repair or accept it, and the lines concerned."""
    muted = Markup("<h3>Accepted because</h3><p>{}</p>").format(item.muted) if item.muted else ""
    fix = Markup("<h3>What to do</h3><p>{}</p>").format(item.fix) if item.fix else ""
    accept = "" if item.muted else Markup("<h3>To accept it instead</h3>{}").format(_mute(item))
    return Markup(
        '<section class="card" aria-label="Details"><h2>{}</h2><div class="chips"><span class="chip {}">{}</span>'
        '<span class="chip">{}</span>{}</div><p>{}</p><p class="quiet">{}</p>{}{}{}<h3>Where</h3>{}{}</section>'
    ).format(
        item.rule.title, item.severity, item.severity, item.code, links.kind(item.kind, "chip"), item.message,
        item.explanation, muted, fix, _concerned(item, links), _places(item), accept,
    )  # fmt: skip


def _concerned(item: Finding, links: Links) -> Markup:
    crates = Markup("").join(links.crate(name) for name in item.crates)
    ports = Markup("").join(links.port(port) for port in item.ports)
    return (
        Markup('<h3>Concerns</h3><div class="wrap">{}{}</div>').format(crates, ports) if crates or ports else Markup()
    )


def _places(item: Finding) -> Markup:
    parts = Markup().join(
        Markup('<p class="place">{}:{}{}</p>{}').format(
            site.path, site.line, f" · {site.key}" if site.key else "", source_excerpt(site, item.severity)
        )
        for site in item.sites[:_MOST_PLACES]
    )
    rest = len(item.sites) - _MOST_PLACES
    return parts + (Markup('<p class="quiet">and {:,} more places</p>').format(rest) if rest > 0 else Markup())


def _mute(item: Finding) -> Markup:
    """Return the entry of the settings that would accept exactly this finding."""
    lines = ["[[ports.mute]]", f"kind = {_quoted(item.code)}"]
    if item.crates:
        lines.append(f"crate = {_quoted(item.crates[0])}")
    if item.ports:
        lines.append(f"port = {item.ports[0]}")
    lines.append('reason = "…"')
    return Markup(
        '<p class="quiet">Put this into <code>workbench.toml</code>:</p><pre class="snippet">{}</pre>'
    ).format("\n".join(lines))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def findings_overview(counts: Mapping[tuple[str, str], int], links: Links) -> Markup:
    """Return how many findings there are of each (severity, kind), gravest first, and what each kind means."""
    if not counts:
        return Markup(
            '<section class="card" aria-label="Details"><h2>Nothing was found</h2>'
            '<p class="quiet">Every manifest is sound and no ports are in each other\'s way.</p></section>'
        )
    rows = Markup().join(
        Markup(
            '<li class="finding"><span class="chip {severity}">{severity}</span> {kind} <b>{count:,}</b>'
            '<span class="why">{title}</span></li>'
        ).format(severity=severity, kind=links.kind(kind), count=count, title=_titles(kind))
        for (severity, kind), count in sorted(
            counts.items(), key=lambda pair: (SEVERITIES.index(pair[0][0]), -pair[1], pair[0][1])
        )
    )
    return Markup(
        '<section class="card" aria-label="Details"><h2>By kind</h2>'
        '<p class="quiet">Choose a row of the table to see the lines concerned.</p><ul class="list">{}</ul></section>'
    ).format(rows)


def _titles(kind: str) -> str:
    return "; ".join(rule.title for rule in RULES.values() if rule.kind == kind)


def unknown_finding() -> Markup:
    """Return what to show for a link to a finding that is no more."""
    return Markup(
        '<section class="card" aria-label="Details"><h2>No longer found</h2>'
        "<p>What this link pointed to was repaired, accepted, or changed its words.</p></section>"
    )
