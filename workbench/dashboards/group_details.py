"""A group of crates in the slot graph seen from afar, as markup."""

from collections import Counter
from typing import Final

from markupsafe import Markup

from workbench.dashboards.cartography import Chart
from workbench.dashboards.finding_markup import facts
from workbench.dashboards.graph_paint import known_of
from workbench.dashboards.links import Links

_MOST_LISTED: Final = 60


def group_details(node: str, chart: Chart, links: Links) -> Markup:
    """Return a group, the groups it is joined to, and the way to its members."""
    data = chart.slice.nodes[node]
    inside = {"class": {"class": data["label"]}, "directory": {"q": f"{data['label']}/"}}.get(data["by"], {})
    joined: Counter[tuple[str, str, str]] = Counter()
    for edge in chart.slice.edges:
        if edge.source == node:
            joined["→", edge.target, edge.type] += edge.count
        elif edge.target == node:
            joined["←", edge.source, edge.type] += edge.count
    items = Markup().join(
        Markup('<li>{} {} <span class="quiet">{:,} {}</span></li>').format(
            arrow, links.node(other, chart.slice.nodes[other]["label"]), count, kind
        )
        for (arrow, other, kind), count in joined.most_common(_MOST_LISTED)
    )
    return Markup(
        '<section class="card" aria-label="Details"><h2>{}</h2><div class="chips"><span class="chip accent">{}</span>'
        '</div>{}<p class="wrap actions">{}</p><h3>Edges to other groups</h3><ul class="list">{}</ul></section>'
    ).format(
        data["label"], data["by"], facts([("Known", known_of(data))]),
        links.graph("Show its crates", **inside) if inside and links.is_linked else "", items,
    )  # fmt: skip
