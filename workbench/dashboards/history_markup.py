"""What changed between two revisions, in words."""

from collections.abc import Sequence
from typing import Any, Final

import orjson
from markupsafe import Markup

from workbench.dashboards.finding_markup import finding_list, quiet
from workbench.dashboards.links import Links
from workbench.errors import WorkbenchError

SHOWN_CRATES: Final = 100
SHOWN_FINDINGS: Final = 60
_LONGEST_VALUE: Final = 300
_TONES: Final = {"added": "good", "changed": "accent", "removed": "error"}

COMPARING: Final = Markup(
    '<section class="card" aria-label="Changes"><p class="quiet" role="status">Comparing …</p></section>'
)


def change_markup(change: dict[str, Any], links: Links) -> Markup:
    """Return a difference (as `diff_model` gives it): crates with their fields, findings that came and went."""
    title = f"Revision {change['from']:,} to {change['to']:,}"
    if not any(change[part] for part in ("crates", "ports", "appeared", "vanished")):
        return card(title, Markup('<p class="quiet">Nothing differs between these two.</p>'))
    ports = Markup(" ").join(links.port(item["port"]) for item in change["ports"][:SHOWN_CRATES])
    parts = [
        _part(
            "Crates", change["crates"], Markup().join(_crate(item, links) for item in change["crates"][:SHOWN_CRATES])
        ),
        Markup('<h3>Ports whose claims differ ({:,})</h3><p class="wrap">{}</p>').format(
            len(change["ports"]), ports or quiet("none")
        ),
        _findings("Findings that appeared", change["appeared"], links),
        _findings("Findings that vanished", change["vanished"], links),
    ]
    return card(title, _then(change, links) + Markup().join(parts))


def _then(change: dict[str, Any], links: Links) -> Markup:
    """Return the ways to the fleet as it was at both ends."""
    if not links.is_linked:
        return Markup()
    ends = (links.then(change[end], f"The fleet at revision {change[end]:,}") for end in ("from", "to"))
    return Markup('<p class="wrap actions">{}</p>').format(Markup().join(ends))


def card(title: str, content: Markup) -> Markup:
    """Return the card of the differences."""
    return Markup('<section class="card" aria-label="Changes"><h2>{}</h2>{}</section>').format(title, content)


def _part(title: str, everything: Sequence[Any], items: Markup) -> Markup:
    shown = f", the first {SHOWN_CRATES:,} shown" if len(everything) > SHOWN_CRATES else ""
    return Markup('<h3>{} ({:,}{})</h3><ul class="list">{}</ul>').format(
        title, len(everything), shown, items or Markup("<li>{}</li>").format(quiet("none"))
    )


def _crate(item: dict[str, Any], links: Links) -> Markup:
    # A crate that went is on no page any more.
    name = item["name"] if item["action"] == "removed" else links.crate(item["name"])
    fields = item["fields"] if item["action"] == "changed" else {}
    rows = Markup().join(
        Markup("<dt>{}</dt><dd><del>{}</del> <ins>{}</ins></dd>").format(key, _value(pair["old"]), _value(pair["new"]))
        for key, pair in fields.items()
    )
    return Markup('<li><span class="chip {}">{}</span> {}<span class="place why">{}</span>{}</li>').format(
        _TONES[item["action"]], item["action"], name, item["path"],
        Markup('<dl class="change">{}</dl>').format(rows) if rows else "",
    )  # fmt: skip


def _value(value: Any) -> str:
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _findings(title: str, findings: Sequence[dict[str, Any]], links: Links) -> Markup:
    shown = f", the first {SHOWN_FINDINGS} shown" if len(findings) > SHOWN_FINDINGS else ""
    return Markup("<h3>{} ({:,}{})</h3>{}").format(
        title, len(findings), shown, finding_list(findings[:SHOWN_FINDINGS], links)
    )


def gone_markup(error: Exception) -> Markup:
    """Return why two revisions cannot be compared."""
    message = error.message if isinstance(error, WorkbenchError) else "the kept revisions cannot be read"
    details = error.details if isinstance(error, WorkbenchError) else {}
    hint = ""
    if details.get("oldest") is not None and details.get("newest") is not None:
        hint = f"Kept are revisions {details['oldest']:,} to {details['newest']:,}; choose two of the list."
    return card(
        "Cannot be compared",
        Markup('<p class="bad answer" role="alert">{}.</p><p class="quiet">{}</p>').format(
            f"{message[:1].upper()}{message[1:]}", hint
        ),
    )


def single_markup(is_kept: bool) -> Markup:
    """Return what to show where there is but one revision."""
    words = (
        "This is the first revision that is kept. The next one is compared with it by itself."
        if is_kept
        else "This workbench keeps no state file and knows the present alone; under workbench serve it keeps each."
    )
    return card("Only one revision is known", Markup('<p class="quiet">{}</p>').format(words))
