"""/health, /ready, /status, /services and /agents/list: what front ends and load balancers ask first."""

import time
from typing import Any

from api.base import ApiHandler
from api.models.system import Health, Readiness, Services, Status
from api.operation import Answer, operation
from workbench.fleet.graph import crate_node
from workbench.fleet.snapshot import Snapshot
from workbench.hub import Hub
from workbench.live.layer import age_of

Json = dict[str, Any]


def services_of(snapshot: Snapshot) -> list[Json]:
    """Return the fleet's services, the crates that own a port: {id, name, port, ports, classification, health}.

    `health` is "unknown" here: manifests tell what should run, not what does.
    """
    return snapshot.derive(("api", "services"), _services)


def _services(snapshot: Snapshot) -> list[Json]:
    names = snapshot.names
    services = []
    for crate in snapshot.crates:
        ports = {c.label: c.port for c in snapshot.records[crate.path].claims if c.role == "owner"}
        if ports:
            services.append(
                {
                    "id": crate_node(crate, names).removeprefix("crate:"),
                    "name": crate.name,
                    "port": next(iter(ports.values())),
                    "ports": ports,
                    "classification": crate.classification or "unclassified",
                    "health": "unknown",
                }
            )
    return services


def services_model(hub: Hub) -> Json:
    """Return the services with their totals; only a service that was found healthy counts as that.

    `unknown_services` are those of which nothing is known but, at most, that they are there.
    """
    services = [_with_health(service, hub) for service in services_of(hub.snapshot)]
    return {
        "status": hub.phase,
        "total_services": len(services),
        "healthy_services": sum(service["health"] == "healthy" for service in services),
        "unknown_services": sum(service["health"] in ("unknown", "up") for service in services),
        "services": services,
    }


def _with_health(service: Json, hub: Hub) -> Json:
    """Return a service with the verdict on its health, if there is one, its source and its age."""
    health = hub.vitals.health_of(service["name"])
    if health is None:
        return {**service, "health_source": None, "health_age_seconds": None}
    return {**service, "health": health.state, "health_source": health.source, "health_age_seconds": age_of(health.at)}


class HealthHandler(ApiHandler):
    """GET: 200 while the process answers."""

    access = "public"

    @operation("System", "Ask whether the process answers", Health)
    def get(self) -> None:
        uptime = round(time.time() - self.hub.started_at, 3)
        self.finish_json({"status": "ok", "revision": self.hub.snapshot.revision, "uptime_seconds": uptime})


class ReadyHandler(ApiHandler):
    """GET: 200 once the first scan is done, 503 before."""

    access = "public"

    @operation(
        "System",
        "Ask whether the first scan is done",
        answers={200: Answer("It is done.", Readiness), 503: Answer("It is not.", Readiness)},
    )
    def get(self) -> None:
        hub = self.hub
        self.finish_json({"status": hub.phase, "revision": hub.snapshot.revision}, 200 if hub.is_ready else 503)


class StatusHandler(ApiHandler):
    """GET: how the server fares, with the services."""

    access = "read"

    @operation("System", "Ask how the server fares", Status)
    def get(self) -> None:
        self.finish_json({**self.hub.status(), **services_model(self.hub)})


class ServicesHandler(ApiHandler):
    """GET: the services."""

    access = "read"

    @operation("System", "List the services", Services, detail="The crates that own a port.")
    def get(self) -> None:
        self.finish_json(services_model(self.hub))


class AgentsHandler(ApiHandler):
    """GET: a bare array of agents; the workbench has none."""

    access = "read"

    @operation("System", "List the agents", tuple[()], detail="There are none.")
    def get(self) -> None:
        self.finish_json([])
