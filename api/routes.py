"""Every route of the API and the handler that answers it."""

from api.assignments import AssignHandler, AssignmentsHandler, ReleaseHandler
from api.base import NotFoundHandler, Route, check_access
from api.crates import CrateHandler, CratesHandler
from api.events import EventSocket, EventStreamHandler, RecentEventsHandler
from api.findings import FindingsHandler
from api.graph import BlastRadiusHandler, CyclesHandler, GraphHandler, NodeHandler, PathHandler
from api.metrics import MetricsHandler, PlainMetricsHandler
from api.plan import PlanHandler
from api.ports import ConflictsHandler, PortHandler, PortsHandler
from api.registrations import HeartbeatHandler, RegisterHandler, RegistrationsHandler
from api.system import AgentsHandler, HealthHandler, ReadyHandler, ServicesHandler, StatusHandler
from api.validation import ValidateHandler
from workbench.hub import Hub


def routes(hub: Hub) -> list[Route]:
    """Return the routes, to be mounted in a Tornado application or given to Panel as `extra_patterns`.

    The application's settings may hold `api_origins` (an OriginPolicy), `api_tokens` (Tokens) and
    `event_limits` (EventLimits).
    """
    mounted = {"hub": hub}
    return check_access(
        [
            (r"/health", HealthHandler, mounted),
            (r"/ready", ReadyHandler, mounted),
            (r"/status", StatusHandler, mounted),
            (r"/services", ServicesHandler, mounted),
            (r"/agents/list", AgentsHandler, mounted),
            (r"/metrics", PlainMetricsHandler, mounted),
            (r"/api/metrics", MetricsHandler, mounted),
            (r"/api/crates", CratesHandler, mounted),
            (r"/api/crates/validate", ValidateHandler, mounted),
            (r"/api/crates/([^/]+)", CrateHandler, mounted),
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
            (r"/api/graph", GraphHandler, mounted),
            (r"/api/graph/cycles", CyclesHandler, mounted),
            (r"/api/graph/path", PathHandler, mounted),
            (r"/api/graph/blast-radius/([^/]+)", BlastRadiusHandler, mounted),
            (r"/api/graph/(.+)", NodeHandler, mounted),
            (r"/api/events", EventStreamHandler, mounted),
            (r"/api/events/recent", RecentEventsHandler, mounted),
            (r"/ws", EventSocket, mounted),
            (r"/api(?:/.*)?", NotFoundHandler, mounted),
        ]
    )


def socket_routes(hub: Hub) -> list[Route]:
    """Return the routes of the port that is the WebSocket's own."""
    mounted = {"hub": hub}
    return check_access([(r"/(?:ws)?", EventSocket, mounted), (r"/.*", NotFoundHandler, mounted)])
