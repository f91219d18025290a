"""The events that tell what else is observed between two revisions."""

from collections.abc import Iterator
from typing import Any

from workbench.events import COALESCE_ABOVE, Draft
from workbench.fleet.model import fold
from workbench.fleet.observed import Registration, changed_ports
from workbench.fleet.snapshot import Snapshot
from workbench.live.models import listener_model, probe_model, registration_facts

_VERBS = {"live": "changed", "stale": "stale", "gone": "gone"}


def observed_drafts(older: Snapshot, newer: Snapshot) -> list[Draft]:
    """Return an event for each service and port that differs, or one for many."""
    ports = changed_ports(older.observed, newer.observed)
    services = list(_services(older, newer))
    told = [Draft(f"service.{verb}", "ports", {"service": registration_facts(item, newer)}) for verb, item in services]
    seen = [Draft("port.observed", "ports", _seen(port, newer)) for port in ports[: COALESCE_ABOVE + 1]]
    return [
        *_few(told, "services.changed", [item.service_name for _, item in services]),
        *_few(seen, "ports.observed", ports),
    ]


def _seen(port: int, snapshot: Snapshot) -> dict[str, Any]:
    observed = snapshot.observed
    return {
        "port": port,
        "listeners": [listener_model(item, snapshot) for item in observed.listeners_at.get(port, ())],
        "probes": [probe_model(item) for item in observed.probes_at.get(port, ())],
    }


def _few(drafts: list[Draft], many: str, names: list[str] | list[int]) -> list[Draft]:
    if len(drafts) <= COALESCE_ABOVE:
        return drafts
    return [Draft(many, "ports", {"count": len(names), "first": names[:COALESCE_ABOVE]})]


def _services(older: Snapshot, newer: Snapshot) -> Iterator[tuple[str, Registration]]:
    if older.observed.registrations == newer.observed.registrations:
        return
    was, now = older.observed.services, newer.observed.services
    for item in newer.observed.registrations:
        known = was.get(fold(item.service_name))
        if known is None or (known != item and known.registered_at != item.registered_at):
            yield "registered", item
        elif known != item:
            yield _VERBS[item.state], item
    for key in was.keys() - now.keys():
        yield "forgotten", was[key]
