"""What the events of the Mux and of the crates' health tell, in one line."""

from collections.abc import Mapping
from typing import Any


def vital_words(data: Mapping[str, Any]) -> str | None:
    """Return what an event's data tell; None for data of another shape."""
    match data:
        case {"phase": phase, "status": status, "total_services": total, "healthy_services": healthy, "error": error}:
            return f"the Mux is {phase}: {error}" if error else f"{phase}, {status}: {healthy:,} of {total:,} healthy"
        case {"id": service, "health": health, "was": was}:
            return f"{service}: {was or 'new'} → {health or 'no longer listed'}"
        case {"links": links, "appeared": appeared, "vanished": vanished}:
            return f"{links:,} links: {appeared:,} new, {vanished:,} gone"
        case {"changes": [{"crate": crate, "was": was, "state": state, "detail": detail}]}:
            return f"{crate}: {was} → {state}: {detail}"
        case {"changes": [*changes]}:
            first = ", ".join(f"{item['crate']} {item['state']}" for item in changes[:5])
            return f"{len(changes):,} crates: {first}{' …' if len(changes) > 5 else ''}"
    return None
