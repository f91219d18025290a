"""Everything known of one port, and the sister calculator's answer, as markup."""

from typing import Any

from markupsafe import Markup

from workbench.dashboards.finding_markup import facts, finding_list, quiet
from workbench.dashboards.links import Links
from workbench.dashboards.port_observed import observed_markup
from workbench.desks.assignments import Assignment
from workbench.fleet.plan import PortPlan
from workbench.fleet.values import MAX_PORT


def port_details(model: dict[str, Any], links: Links, held: Assignment | None = None) -> Markup:
    """Return the details of a port, from `Workbench.port`, and the assignment that holds it."""
    tags = [
        ("decoy", model["decoy"], "warning"),
        ("reserved", model["reserved"], "warning"),
        ("in the ephemeral range", model["ephemeral"], "warning"),
        ("privileged", model["privileged"], "warning"),
    ]
    chips = Markup().join(
        Markup('<span class="chip {}">{}</span>').format(tone, text) for text, is_so, tone in tags if is_so
    )
    sister = model["sister_port"]
    return Markup(
        '<section class="card" aria-label="Details"><h2>Port <span class="port">{}</span></h2>'
        '<div class="chips">{}</div>{}'
        "{}<h3>Claims · {}</h3>{}<h3>Findings · {}</h3>{}</section>"
    ).format(
        model["port"], chips,
        facts([
            ("Block", model["block"] or quiet("outside every block")),
            ("Sister port", links.port(sister) if sister else quiet(f"none: above {MAX_PORT}")),
            *([("Reserved for", model["reserved_for"] or quiet("nobody"))] if model["reserved"] else []),
            *([("Assigned to", f'{held.crate_name} as "{held.label}"')] if held else []),
            *([("Mirrored on", Markup(" ").join(map(links.port, model["mirrors"])))] if model["mirrors"] else []),
        ]),
        observed_markup(model, links),
        len(model["claims"]), _claims(model["claims"], links),
        len(model["findings"]), finding_list(model["findings"], links),
    )  # fmt: skip


def _claims(claims: list[dict[str, Any]], links: Links) -> Markup:
    if not claims:
        return Markup('<p class="quiet">No crate speaks of this port.</p>')
    return Markup('<ul class="list">{}</ul>').format(Markup().join(_claim(claim, links) for claim in claims))


def _claim(claim: dict[str, Any], links: Links) -> Markup:
    whose = ""
    if claim["role"] == "reference":
        whose = Markup(" of {}").format(links.crate(claim["of"]) if claim["resolved"] else claim["of"])
    derived = " (computed, stands in no manifest)" if claim["derived"] else ""
    return Markup(
        '<li><span class="chip {}">{}</span> {} as <code>{}</code>{}'
        '<span class="why">{}{} · rule {}, confidence {:.0%}</span>'
        '<span class="place">{}:{} · {}</span></li>'
    ).format(
        "accent" if claim["role"] == "owner" else "", claim["role"], links.crate(claim["crate"]), claim["label"], whose,
        claim["reason"], derived, claim["rule"], claim["confidence"], claim["path"], claim["line"], claim["key"],
    )  # fmt: skip


def ports_overview() -> Markup:
    """Return what the details say while no port is selected."""
    return Markup(
        '<section class="card" aria-label="Details"><h2>No port is selected</h2>'
        '<p class="quiet">Select a cell of the map, a finding, or type a port: its claims, '
        "the rule and reason behind each, and its findings appear here.</p></section>"
    )


def sister_markup(port: int | None, plan: PortPlan, links: Links) -> Markup:
    """Return the sister of a port with the sum that gives it, or why there is none."""
    if port is None:
        return Markup('<p class="quiet">Type a port from 1 to {:d}.</p>').format(MAX_PORT)
    total = port + plan.sister_offset
    sister = plan.sister(port)
    if sister is None:
        return Markup(
            '<p><b class="bad">No sister port.</b> {} + {} = {}, which is above {}, the highest port there is. '
            "It is never wrapped around; a primary port must be {} or lower to have a sister.</p>"
        ).format(port, plan.sister_offset, total, MAX_PORT, MAX_PORT - plan.sister_offset)
    note = (
        " It lies in the range from which the system serves outgoing connections." if plan.is_ephemeral(sister) else ""
    )
    return Markup('<p><span class="mono">{} + {} = </span>{}<span class="quiet">{}</span></p>').format(
        port, plan.sister_offset, links.port(sister), note
    )
