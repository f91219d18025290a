"""What a Neural Mux would answer, on a port of its own, from the fleet: for front ends that ask one where none runs.

A service counts as healthy only where somebody observed that it is. Shapes: the fields that clients of the Mux
read, every one of them in every answer.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from api.base import ApiHandler
from api.system import services_of
from workbench.errors import NotFound
from workbench.fleet.health import State
from workbench.fleet.wire import iso
from workbench.hub import Hub

Json = dict[str, Any]
Health = Literal["healthy", "degraded", "unhealthy", "unknown"]
Observed = Mapping[str, tuple[Health, float]]
"""What is known of services by their id: how they fare, and when that was seen, in seconds since the epoch."""

SOURCE: Final = "crate-workbench"
_AS_MUX: Final[Mapping[State, Health]] = {
    "healthy": "healthy", "degraded": "degraded", "unhealthy": "unhealthy", "up": "unknown", "silent": "unknown",
    "unknown": "unknown",
}  # fmt: skip


def observed_health(hub: Hub) -> Observed:
    """Return what was seen of the fleet's services by their id, as a Mux would say it; only what is known now."""
    board = hub.vitals.health.board
    return {
        service["id"]: (_AS_MUX[health.state], health.at)
        for service in (services_of(hub.snapshot) if board else ())
        if (health := board.get(service["name"])) is not None and health.at is not None
    }


def gateway_services(hub: Hub, observed: Observed) -> list[Json]:
    """Return every service as a Neural Mux describes it; `health` is "unknown" unless it was observed."""
    services = []
    for service in services_of(hub.snapshot):
        health, seen = observed.get(service["id"], ("unknown", None))
        services.append(
            {
                "id": service["id"],
                "name": service["name"],
                "port": service["port"],
                "endpoint": f"http://localhost:{service['port']}",
                "status": health,
                "health": health,
                "health_status": health,
                "last_health_check": iso(seen),
                "capabilities": service.get("capabilities", []),
                "service_type": service["classification"],
            }
        )
    return services


def gateway_status(services: list[Json]) -> Json:
    """Return the totals; the whole is "healthy" only if every service was seen to be."""
    seen = {health: sum(item["health"] == health for item in services) for health in ("healthy", "unknown")}
    bad = len(services) - sum(seen.values())
    status: Health = "degraded" if bad else "unknown" if seen["unknown"] or not services else "healthy"
    return {
        "status": status,
        "total_services": len(services),
        "healthy_services": seen["healthy"],
        "unknown_services": seen["unknown"],
        "services": services,
        "timestamp": iso(time.time()),
        "source": SOURCE,
    }


class GatewayHandler(ApiHandler):
    """Base of the gateway's answers; `observed` is where observations of services come from."""

    observed: Callable[[Hub], Observed] = staticmethod(observed_health)

    def services(self) -> list[Json]:
        """Return every service."""
        return gateway_services(self.hub, self.observed(self.hub))


class GatewayStatusHandler(GatewayHandler):
    """GET: the totals, and every service."""

    access = "read"

    def get(self) -> None:
        self.finish_json(gateway_status(self.services()))


class GatewayServiceHandler(GatewayHandler):
    """GET: one service."""

    access = "read"

    def get(self, service: str) -> None:
        found = next((item for item in self.services() if service in (item["id"], item["name"])), None)
        if found is None:
            raise NotFound(f'there is no service "{service}"', id=service)
        self.finish_json(found)


class GatewayHealthHandler(ApiHandler):
    """GET: the gateway itself answers; `source` says that it is no Mux."""

    access = "public"

    def get(self) -> None:
        self.finish_json({"status": "ok", "source": SOURCE, "timestamp": iso(time.time())})
