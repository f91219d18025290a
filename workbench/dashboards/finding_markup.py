"""Findings, places and ports as markup that every page shares."""

from collections.abc import Iterable
from typing import Any

from markupsafe import Markup

from workbench.dashboards.links import Links


def finding_list(findings: Iterable[dict[str, Any]], links: Links) -> Markup:
    """Return findings (as `finding_model` gives them) as a list: severity, kind, message, places, fix."""
    items = Markup().join(_finding(item, links) for item in findings)
    return Markup('<ul class="list">{}</ul>').format(items) if items else Markup('<p class="quiet">None.</p>')


def _finding(item: dict[str, Any], links: Links) -> Markup:
    places = Markup().join(
        Markup('<li class="place">{}{}</li>').format(
            f"{site['path']}:{site['line']}", f" · {site['key']}" if site["key"] else ""
        )
        for site in item["sites"]
    )
    fix = Markup('<span class="fix">{}</span>').format(item["fix"]) if item["fix"] else ""
    crates = Markup(" ").join(links.crate(name) for name in item["crates"])
    return Markup(
        '<li class="finding"><span class="chip {severity}">{severity}</span> <code>{code}</code> {kind}'
        '<span class="message">{message}</span>{fix}<span class="wrap">{crates}</span><ul>{places}</ul></li>'
    ).format(
        severity=item["severity"], code=item["code"], kind=item["kind"], message=item["message"],
        fix=fix, crates=crates if len(item["crates"]) > 1 else "", places=places,
    )  # fmt: skip


def facts(pairs: Iterable[tuple[str, object]]) -> Markup:
    """Return names and values as a definition list."""
    rows = Markup().join(Markup("<dt>{}</dt><dd>{}</dd>").format(name, value) for name, value in pairs)
    return Markup("<dl>{}</dl>").format(rows)


def quiet(text: object) -> Markup:
    """Return a text that says that there is nothing."""
    return Markup('<span class="quiet">{}</span>').format(text)
