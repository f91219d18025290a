"""Every route of the API and the handler that answers it."""

import re
from collections.abc import Iterator
from typing import Any, Final

from tornado.web import RequestHandler

from api.assignments import AssignHandler, AssignmentsHandler, ReleaseHandler
from api.asyncapi import asyncapi_document
from api.audit import AuditHandler
from api.base import NotFoundHandler, Route, check_access
from api.crates import CrateHandler, CratesHandler
from api.cypher import PatternHandler
from api.deployments import (
    CancelHandler,
    DeployHandler,
    DeploymentHandler,
    DeploymentLogHandler,
    DeploymentsHandler,
    RollbackHandler,
)
from api.documents import AsyncApiHandler, DocsFileHandler, DocsHandler, Document, OpenApiHandler, viewer_files
from api.encoded import json_bytes
from api.events import (
    DeploymentSocket,
    EventSocket,
    EventStreamHandler,
    HealthSocket,
    RecentEventsHandler,
    SystemSocket,
)
from api.findings import FindingsHandler
from api.graph import BlastRadiusHandler, CyclesHandler, GraphHandler, NodeHandler, PathHandler
from api.health import CrateHealthHandler, FleetHealthHandler
from api.history import DiffHandler, HistoryHandler
from api.measures import measures_of
from api.metrics import MetricsHandler, PlainMetricsHandler
from api.mux import MuxStatusHandler, MuxTopologyHandler
from api.mux_gateway import GatewayHealthHandler, GatewayServiceHandler, GatewayStatusHandler
from api.openapi import openapi_document, path_of, verbs_of
from api.plan import PlanHandler
from api.ports import ConflictsHandler, PortHandler, PortsHandler
from api.query import QueryHandler
from api.registrations import HeartbeatHandler, RegisterHandler, RegistrationsHandler
from api.search import SearchHandler
from api.snapshots import SnapshotHeadHandler, SnapshotTableHandler
from api.system import AgentsHandler, HealthHandler, ReadyHandler, ServicesHandler, StatusHandler
from api.validation import ValidateHandler
from workbench.hub import Hub

Group = tuple[str, list[Route]]

_GROUP: Final = re.compile(r"(?:/api/[a-z]+|/(?!api\b)[a-z]+)(?=/|$)")
"""What the patterns of one resource begin with."""


def routes(hub: Hub, mount: str = "") -> list[Route]:
    """Return the routes, to be mounted in a Tornado application or given to Panel as `extra_patterns`.

    They stand below the path `mount`, such as `/jupyter/workbench`. The application's settings may hold `api_origins`
    (an OriginPolicy), `api_access` (AccessRules), `event_limits` (EventLimits), `query_limits` (QueryLimits), and for
    routes below a path `api_mount` and `api_gatekeeper` (see `api.admission`).
    """
    mounted = {"hub": hub}
    table: list[Route] = []
    openapi = {"hub": hub, "document": Document(lambda: json_bytes(openapi_document(table, mount)))}
    asyncapi = {"hub": hub, "document": Document(lambda: json_bytes(asyncapi_document(mount)))}
    viewer = {"hub": hub, "files": viewer_files()}
    table += check_access(
        [
            (r"/health", HealthHandler, mounted),
            (r"/ready", ReadyHandler, mounted),
            (r"/status", StatusHandler, mounted),
            (r"/services", ServicesHandler, mounted),
            (r"/agents/list", AgentsHandler, mounted),
            (r"/graph/query", PatternHandler, mounted),
            (r"/metrics", PlainMetricsHandler, mounted),
            (r"/api/metrics", MetricsHandler, mounted),
            (r"/api/crates", CratesHandler, mounted),
            (r"/api/crates/validate", ValidateHandler, mounted),
            (r"/api/crates/([^/]+)", CrateHandler, mounted),
            (r"/api/crates/([^/]+)/health", CrateHealthHandler, mounted),
            (r"/api/health", FleetHealthHandler, mounted),
            (r"/api/mux/status", MuxStatusHandler, mounted),
            (r"/api/mux/topology", MuxTopologyHandler, mounted),
            (r"/api/crates/([^/]+)/deploy", DeployHandler, mounted),
            (r"/api/deployments", DeploymentsHandler, mounted),
            (r"/api/deployments/([^/]+)", DeploymentHandler, mounted),
            (r"/api/deployments/([^/]+)/log", DeploymentLogHandler, mounted),
            (r"/api/deployments/([^/]+)/cancel", CancelHandler, mounted),
            (r"/api/deployments/([^/]+)/rollback", RollbackHandler, mounted),
            (r"/api/ports", PortsHandler, mounted),
            (r"/api/ports/conflicts", ConflictsHandler, mounted),
            (r"/api/ports/plan", PlanHandler, mounted),
            (r"/api/ports/assign", AssignHandler, mounted),
            (r"/api/ports/assignments", AssignmentsHandler, mounted),
            (r"/api/ports/register", RegisterHandler, mounted),
            (r"/api/ports/heartbeat", HeartbeatHandler, mounted),
            (r"/api/ports/registrations", RegistrationsHandler, mounted),
            (r"/api/ports/([^/]+)/release", ReleaseHandler, mounted),
            (r"/api/ports/([^/]+)", PortHandler, mounted),
            (r"/api/findings", FindingsHandler, mounted),
            (r"/api/search", SearchHandler, mounted),
            (r"/api/graph", GraphHandler, mounted),
            (r"/api/graph/cycles", CyclesHandler, mounted),
            (r"/api/graph/path", PathHandler, mounted),
            (r"/api/graph/blast-radius/([^/]+)", BlastRadiusHandler, mounted),
            (r"/api/graph/(.+)", NodeHandler, mounted),
            (r"/api/history", HistoryHandler, mounted),
            (r"/api/diff", DiffHandler, mounted),
            (r"/api/query", QueryHandler, mounted),
            (r"/api/snapshot", SnapshotHeadHandler, mounted),
            (r"/api/snapshot/([^/]*)", SnapshotTableHandler, mounted),
            (r"/api/audit", AuditHandler, mounted),
            (r"/api/events", EventStreamHandler, mounted),
            (r"/api/events/recent", RecentEventsHandler, mounted),
            (r"/ws", EventSocket, mounted),
            (r"/api/openapi\.json", OpenApiHandler, openapi),
            (r"/api/asyncapi\.json", AsyncApiHandler, asyncapi),
            (r"/api/docs", DocsHandler, viewer),
            (r"/api/docs/([^/]+)", DocsFileHandler, viewer),
            *narrow_sockets(mounted),
            (r"/api(?:/.*)?", NotFoundHandler, mounted),
        ]
    )
    measures_of(hub).name_routes(_paths(table))
    return [(re.escape(mount) + pattern, handler, given) for pattern, handler, given in table]


def _paths(table: list[Route]) -> Iterator[tuple[type[RequestHandler], str]]:
    """Return how the routes with a verb are called in the documents, and in what is measured."""
    for pattern, handler, _ in table:
        for _, verb in verbs_of(handler):
            yield handler, path_of(pattern, verb)


def grouped(table: list[Route]) -> list[Group | Route]:
    """Return the same routes, those of one resource below one pattern; Tornado tries patterns one by one."""
    groups: dict[str, list[Route]] = {}
    for route in table:
        found = _GROUP.match(route[0])
        groups.setdefault(f"{found[0]}(?:/.*)?" if found else route[0], []).append(route)
    return [members[0] if pattern == members[0][0] else (pattern, members) for pattern, members in groups.items()]


def socket_routes(hub: Hub) -> list[Route]:
    """Return the routes of the port that is the WebSocket's own."""
    mounted = {"hub": hub}
    return check_access(
        [(r"/(?:ws)?", EventSocket, mounted), *narrow_sockets(mounted), (r"/.*", NotFoundHandler, mounted)]
    )


def gateway_routes(hub: Hub) -> list[Route]:
    """Return the routes of the port on which the server answers as a Neural Mux would."""
    mounted = {"hub": hub}
    table = check_access(
        [
            (r"/health", GatewayHealthHandler, mounted),
            (r"/status", GatewayStatusHandler, mounted),
            (r"/services", GatewayStatusHandler, mounted),
            (r"/services/([^/]+)", GatewayServiceHandler, mounted),
            (r"/.*", NotFoundHandler, mounted),
        ]
    )
    measures_of(hub).name_routes((handler, f"mux:{path}") for handler, path in _paths(table))
    return table


def narrow_sockets(mounted: dict[str, Any]) -> list[Route]:
    """Return the sockets that begin with some topics only."""
    return [
        (r"/ws/system", SystemSocket, mounted),
        (r"/ws/deployments", DeploymentSocket, mounted),
        (r"/ws/health", HealthSocket, mounted),
    ]
