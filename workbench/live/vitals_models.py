"""The Mux and the health of crates as JSON: never without source and age."""

import math
import time
from collections.abc import Callable
from typing import Any, Final

from workbench.errors import MuxAway, MuxNotConfigured
from workbench.fleet.health import STATES, Evidence, Health, Turn
from workbench.fleet.merged import STANDINGS, Merged, match
from workbench.fleet.mux import MuxLink, MuxResult, MuxService
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.wire import iso
from workbench.live.layer import age_of
from workbench.live.vitals import Vitals
from workbench.mux.view import MuxView

Json = dict[str, Any]

DEFAULT_MOST: Final = 2_000
DAY: Final = 86_400.0


def current_result(vitals: Vitals) -> tuple[MuxView | None, MuxResult | None]:
    """Return what is known of the Mux; raises MuxNotConfigured where there is none."""
    if vitals.mux_url is None:
        raise MuxNotConfigured('no Neural Mux is configured; set mux.url in workbench.toml, or start with "--mux URL"')
    view = vitals.mux_view
    return view, view.result if view else None


def away(vitals: Vitals, view: MuxView | None, last_known: Json | None) -> MuxAway:
    """Return the refusal that says since when the Mux is away, why, and what it told last."""
    reason = (view.error if view else None) or "it has not answered yet"
    wait = view.next_try_at - time.time() if view and view.next_try_at else 1.0
    return MuxAway(
        f"the Neural Mux at {vitals.mux_url} does not answer: {reason}",
        reason=reason,
        since=iso(view.since) if view else None,
        retry_after=max(1, math.ceil(wait)),
        last_known=last_known,
    )


def mux_status_model(vitals: Vitals, snapshot: Snapshot) -> Json:
    """Return the status of the Mux; raises MuxAway with the last known one, or MuxNotConfigured."""
    return _live(vitals, snapshot, status_model)


def _live(vitals: Vitals, snapshot: Snapshot, model_of: Callable[[Vitals, MuxResult, Snapshot], Json]) -> Json:
    view, result = current_result(vitals)
    model = model_of(vitals, result, snapshot) if result else None
    if view is None or not view.is_live or model is None:
        raise away(vitals, view, model)
    return model


def status_model(vitals: Vitals, result: MuxResult, snapshot: Snapshot) -> Json:
    """Return a result as JSON. Totals are counted here; what the Mux reported stands beside them."""
    return {
        "status": result.status,
        **_provenance(vitals, result),
        "said": result.said,
        "total_services": len(result.services),
        "healthy_services": result.counts["healthy"],
        "degraded_services": result.counts["degraded"],
        "unhealthy_services": result.counts["unhealthy"],
        "unknown_services": result.counts["unknown"],
        "reported": {"total_services": result.reported_total, "healthy_services": result.reported_healthy},
        "services": [service_model(item, snapshot) for item in result.services],
    }


def _provenance(vitals: Vitals, result: MuxResult) -> Json:
    view = vitals.mux_view
    return {
        "url": vitals.mux_url,
        "source": result.source,
        "fetched_at": iso(result.fetched_at),
        "age_seconds": age_of(result.fetched_at),
        "error": view.error if view else None,
        "is_mock": bool(result.mock),
        "mock_reasons": list(result.mock),
        "notes": list(result.notes),
    }


def service_model(item: MuxService, snapshot: Snapshot) -> Json:
    """Return a service of the Mux, with the crate that it is and by what it was known."""
    found = match(item, snapshot)
    return {
        "id": item.id,
        "name": item.name,
        "port": item.port,
        "health": item.health,
        "said": item.said,
        "endpoint": item.endpoint,
        "service_type": item.kind,
        "last_health_check": iso(item.checked_at),
        "check_age_seconds": age_of(item.checked_at),
        "capabilities": list(item.capabilities),
        "failure_count": item.failures,
        "crate": found.name if found else None,
        "matched_by": found.rule if found else None,
    }


def mux_topology_model(vitals: Vitals, snapshot: Snapshot) -> Json:
    """Return the topology as the Mux tells it; raises MuxAway with the last known one, or MuxNotConfigured."""
    return _live(vitals, snapshot, _topology)


def _topology(vitals: Vitals, result: MuxResult, snapshot: Snapshot) -> Json:
    topology = result.topology
    return {
        **_provenance(vitals, result),
        "source": topology.source if topology.source != "services" else result.source,
        "is_derived": topology.source == "services",
        "nodes": [service_model(item, snapshot) for item in topology.nodes],
        "edges": [_link(item) for item in topology.links],
    }


def _link(item: MuxLink) -> Json:
    return {"source": item.source, "target": item.target, "type": item.kind or None, "required": item.required}


def merged_topology_model(vitals: Vitals, snapshot: Snapshot, most: int = DEFAULT_MOST) -> Json:
    """Return the Mux's topology laid over the slot graph; raises MuxAway with the last known one, or MuxNotConfigured.

    At most `most` nodes and as many edges are shown, what is seen first, of `nodes_total` and `edges_total`.
    """
    view, result = current_result(vitals)
    model = _merged(vitals, result, snapshot, most) if result else None
    if view is None or not view.is_live or model is None:
        raise away(vitals, view, model)
    return model


def _merged(vitals: Vitals, result: MuxResult, snapshot: Snapshot, most: int) -> Json:
    merged = vitals.merged(snapshot, result)
    return {
        **_provenance(vitals, result),
        "revision": snapshot.revision,
        **merged_counts(merged),
        "nodes_total": len(merged.nodes),
        "edges_total": len(merged.links),
        "nodes": [{**item._asdict(), "services": list(item.services)} for item in merged.nodes[:most]],
        "edges": [
            {"source": item.source, "target": item.target, "standing": item.standing, "type": item.kind or None}
            for item in merged.links[:most]
        ],
    }


def merged_counts(merged: Merged) -> Json:
    """Return how many nodes and links there are of each standing."""
    return {
        "node_counts": {standing: sum(item.standing == standing for item in merged.nodes) for standing in STANDINGS},
        "edge_counts": {standing: sum(item.standing == standing for item in merged.links) for standing in STANDINGS},
    }


def health_model(item: Health) -> Json:
    """Return the verdict on a crate, with its source and age."""
    return {
        "crate": item.crate,
        "state": item.state,
        "since": iso(item.since),
        "source": item.source,
        "seen_at": iso(item.at),
        "age_seconds": age_of(item.at),
        "detail": item.detail,
    }


def unseen_model(crate: str) -> Json:
    """Return the verdict on a crate of which nothing was ever seen."""
    nothing = dict.fromkeys(("since", "source", "seen_at", "age_seconds"))
    return {"crate": crate, "state": "unknown", **nothing, "detail": "nothing was seen of it"}


def fleet_health_model(vitals: Vitals) -> Json:
    """Return the verdicts on all crates of which anything was seen, by name, counted by state."""
    board = vitals.health.board
    return {
        "crates": [health_model(board[name]) for name in sorted(board)],
        "counts": {state: sum(item.state == state for item in board.values()) for state in STATES},
        "observation": vitals.status(),
    }


def crate_health_model(vitals: Vitals, crate: str, window: float = DAY) -> Json:
    """Return the verdict on a crate with all evidence, the turns of its health, and its availability in a window."""
    health, now = vitals.health_of(crate), time.time()
    times = vitals.health.record.availability(crate, now - window, now)
    return {
        **(health_model(health) if health else unseen_model(crate)),
        "evidence": [_evidence(item, now) for item in (health.evidence if health else ())],
        "history": [_turn(item) for item in reversed(vitals.health.record.turns(crate))],
        "availability": {
            "window_seconds": window,
            "known_seconds": round(times.known_seconds, 1),
            "seconds": {state: round(value, 1) for state, value in times.seconds.items()},
            "share": None if times.share is None else round(times.share, 6),
        },
    }


def _evidence(item: Evidence, now: float) -> Json:
    return {
        "source": item.source,
        "state": item.state,
        "seen_at": iso(item.at) if item.at else None,
        "age_seconds": age_of(item.at) if item.at else None,
        "is_fresh": item.is_fresh(now),
        "detail": item.detail,
    }


def _turn(item: Turn) -> Json:
    return {"at": iso(item.at), "state": item.state, "source": item.source, "detail": item.detail}
