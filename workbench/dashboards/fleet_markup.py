"""The fleet's figures, and what to look at first, as markup."""

from collections.abc import Callable, Mapping
from functools import partial

from markupsafe import Markup

from workbench.dashboards.links import Links
from workbench.dashboards.registry import registry
from workbench.fleet.snapshot import Snapshot


def figures_markup(figures: Mapping[str, int], snapshot: Snapshot, links: Links) -> Markup:
    """Return the fleet's figures as a row of cards; those that tell of trouble lead to it."""
    libraries = snapshot.derive("libraries", _libraries)
    cards = (
        ("accent", figures["crates"], "crates", f"in {figures['manifests']:,} manifests"),
        ("", libraries, "libraries", "crates without ports"),
        ("accent", figures["ports_owned"], "owned ports", f"{len(snapshot.at_port):,} ports spoken of"),
        ("bad", figures["collisions"], "collisions", "ports that really clash"),
        ("bad", figures["errors"], "errors", "among all findings"),
        ("warn", figures["warnings"], "warnings", f"and {figures['hints']:,} hints"),
        ("bad", figures["broken"], "broken manifests", f"{figures['stale']:,} kept as they were"),
    )
    lead: Mapping[str, Callable[[Markup, str], Markup]] = {
        "collisions": links.clashes,
        "errors": partial(links.severity, "error"),
        "warnings": partial(links.severity, "warning"),
    }
    return Markup('<div class="figures">{}</div>').format(
        Markup().join(
            lead.get(name, _card)(
                Markup("<b>{:,}</b><span>{}</span><small>{}</small>").format(number, name, note),
                f"figure {tone if number else ''}",
            )
            for tone, number, name, note in cards
        )
    )


def _card(words: Markup, style: str) -> Markup:
    return Markup('<div class="{}">{}</div>').format(style, words)


def _libraries(snapshot: Snapshot) -> int:
    return sum(
        record.crate is not None and not any(claim.role == "owner" for claim in record.claims)
        for record in snapshot.records.values()
    )


def overview_markup(snapshot: Snapshot, links: Links) -> Markup:
    """Return what to look at first, shown while nothing is selected: broken manifests, crates with errors."""
    broken = [record.manifest for record in snapshot.records.values() if record.manifest.is_broken]
    ranked = registry(snapshot)
    worst = ranked[(ranked["errors"] > 0) & (ranked["state"] != "broken")].sort_values(
        ["errors", "warnings"], ascending=False, kind="stable"
    )
    items = Markup().join(
        Markup('<li>{} <span class="chip error">{}</span></li>').format(
            links.crate(row["name"]), f"{row['errors']} errors" if row["errors"] > 1 else "1 error"
        )
        for _, row in worst.head(8).iterrows()
    )
    files = Markup().join(
        Markup('<li>{}<span class="why error">{}</span></li>').format(
            links.manifest(
                item.path, f"{item.path}:{item.diagnostics[0].sites[0].line}" if item.diagnostics else item.path, "mono"
            ),
            item.diagnostics[0].message if item.diagnostics else "cannot be read",
        )
        for item in broken[:8]
    )
    return Markup(
        '<section class="card" aria-label="Details"><h2>Where to look first</h2>'
        '<p class="quiet">Select a row to see all that is known of a crate.</p>'
        "<h3>Crates with errors</h3>{}<h3>Broken manifests</h3>{}</section>"
    ).format(
        Markup('<ul class="list">{}</ul>').format(items) if items else Markup('<p class="good">None.</p>'),
        Markup('<ul class="list">{}</ul>').format(files) if files else Markup('<p class="good">None.</p>'),
    )  # fmt: skip
