"""What is observed on a port, as markup: always with its source and its age."""

from typing import Any

from markupsafe import Markup

from workbench.dashboards.links import Links
from workbench.fleet.snapshot import Snapshot

_TONES = {"owner": "accent", "stranger": "warning", "undeclared": "warning", "live": "accent", "stale": "warning"}
_FIRST = 20


def use_of(port: int, snapshot: Snapshot) -> str:
    """Return who uses a port that nobody declares, in a few words."""
    observed = snapshot.observed
    listeners = [f"{item.name} listens" for item in observed.listeners_at.get(port, ())]
    services = [f"{item.service_name} registered" for item in observed.registrations_at.get(port, ())]
    return ", ".join([*listeners, *services])


def observed_markup(model: dict[str, Any], links: Links) -> Markup:
    """Return what is observed, from `Workbench.port`; empty if nothing is looked at."""
    host = model["observation"]["host"]
    rows = [
        *(_service(item, links) for item in model["registered"]),
        *(_listener(item, links) for item in model["observed"]),
        *(_probe(item) for item in model["probes"][:_FIRST]),
    ]
    if not rows and not host["enabled"]:
        return Markup()
    nothing = Markup('<p class="quiet">Nobody listens here{}.</p>').format(_seen(host["looked_at"]))
    listed = Markup('<ul class="list">{}</ul>').format(Markup().join(rows)) if rows else nothing
    partial = Markup('<p class="warn">Seen in part: {}.</p>').format(host["error"]) if host["error"] else ""
    return Markup("<h3>Observed · {}</h3>{}{}").format(len(rows), listed, partial)


def _service(item: dict[str, Any], links: Links) -> Markup:
    crate = links.crate(item["crate"]) if item["crate"] else item["service_name"]
    status = f", says {item['status']}" if item["status"] else ""
    return Markup(
        '<li><span class="chip {}">{}</span> {} registered{}'
        '<span class="why">source: its own registration{}</span></li>'
    ).format(_TONES.get(item["state"], ""), item["state"], crate, status, _seen(item["seen_at"]))


def _listener(item: dict[str, Any], links: Links) -> Markup:
    who = f"{item['process'] or 'a process'} (pid {item['pid']})" if item["pid"] else "a process that cannot be seen"
    crate = Markup(" of {}").format(links.crate(item["crate"])) if item["crate"] else ""
    return Markup(
        '<li><span class="chip {}">{}</span> {}{} on <code>{}</code>'
        '<span class="why">{} · rule {} · source: this host{}</span></li>'
    ).format(
        _TONES.get(item["relation"], ""), item["relation"], who, crate, f"{item['port']}/{item['transport']}",
        item["reason"], item["rule"], _seen(item["seen_at"]),
    )  # fmt: skip


def _probe(item: dict[str, Any]) -> Markup:
    return Markup('<li>{} on {}<span class="why">source: probe{}</span></li>').format(
        item["result"], item["host"], _seen(item["seen_at"])
    )


def _seen(moment: str | None) -> str:
    """Return when something was seen; a page that stays open would make a lie of how long ago that is."""
    return ", not looked at yet" if moment is None else f", seen at {moment[11:19]} UTC"
