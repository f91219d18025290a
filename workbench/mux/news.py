"""The events that tell what changed at the Mux between two views."""

from collections.abc import Iterator
from typing import Any

from workbench.events import COALESCE_ABOVE, Draft
from workbench.fleet.mux import MuxService
from workbench.mux.view import MuxView


def mux_drafts(older: MuxView, newer: MuxView) -> list[Draft]:
    """Return an event for a change of phase or of the whole's health, one for each service that fares otherwise (or one
    for many), and one for another topology. Equal facts give none, however often they were fetched.
    """
    was, now = older.result, newer.result
    drafts = [] if _standing(older) == _standing(newer) else [Draft("mux.status", "mux", _standing(newer))]
    if now is None or now is was or (was is not None and was.facts == now.facts):
        return drafts
    changes = list(_services({item.id: item for item in was.services} if was else {}, now.services))
    if len(changes) <= COALESCE_ABOVE:
        drafts += [Draft("mux.service", "mux", change) for change in changes]
    else:
        first = [change["id"] for change in changes[:COALESCE_ABOVE]]
        drafts.append(Draft("mux.services", "mux", {"count": len(changes), "first": first}))
    links, known = set(now.topology.links), set(was.topology.links) if was else set()
    if links != known:
        data = {"links": len(links), "appeared": len(links - known), "vanished": len(known - links)}
        drafts.append(Draft("mux.topology", "mux", data))
    return drafts


def _standing(view: MuxView) -> dict[str, Any]:
    result = view.result
    return {
        "phase": view.phase,
        "status": result.status if result else "unknown",
        "total_services": len(result.services) if result else 0,
        "healthy_services": result.counts["healthy"] if result else 0,
        "source": result.source if result else None,
        "mock": bool(result and result.mock),
        "error": view.error if view.phase == "away" else None,
    }


def _services(known: dict[str, MuxService], services: tuple[MuxService, ...]) -> Iterator[dict[str, Any]]:
    for item in services:
        before = known.pop(item.id, None)
        if before is None or (before.health, before.port) != (item.health, item.port):
            was = before.health if before else None
            yield {"id": item.id, "name": item.name, "port": item.port, "health": item.health, "was": was}
    for gone in known.values():
        yield {"id": gone.id, "name": gone.name, "port": gone.port, "health": None, "was": gone.health}
