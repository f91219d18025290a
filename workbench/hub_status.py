"""How a hub fares, as `/status` and the pages tell it."""

import time
from typing import TYPE_CHECKING, Any

from workbench.fleet.wire import iso, summary_model

if TYPE_CHECKING:
    from workbench.hub import Hub


def status_of(hub: "Hub") -> dict[str, Any]:
    """Return how a hub fares: roots, revision, scan progress, watching, journal."""
    progress, snapshot = hub.progress, hub.snapshot
    return {
        "status": hub.phase,
        "instance": hub.instance,
        "revision": snapshot.revision,
        "taken_at": iso(snapshot.taken_at),
        "reconciled_at": iso(hub.reconciled_at),
        "uptime_seconds": round(time.time() - hub.started_at, 3),
        "roots": [str(root) for root in hub.discovery.roots],
        "scan": {
            "phase": progress.phase,
            "directories": progress.directories,
            "found": progress.found,
            "read": progress.read,
            "seconds": round(progress.seconds, 4),
        },
        "watch": _watch_status(hub),
        "observation": hub.live.status(snapshot),
        "vitals": hub.vitals.status(),
        "journal": {"enabled": hub.journal is not None, "error": hub.guard.error},
        "events": {"last_seq": hub.log.last_seq, "subscribers": hub.log.listeners},
        "fleet": snapshot.derive("summary", summary_model),
    }


def _watch_status(hub: "Hub") -> dict[str, Any]:
    watcher = hub.watcher
    return {
        "mode": "off" if watcher is None else "polling" if watcher.error else "events",
        "directories": watcher.watched if watcher else 0,
        "error": watcher.error if watcher else None,
        "beat_seconds": hub.options.beat,
    }
