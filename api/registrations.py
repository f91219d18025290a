"""/api/ports/register and heartbeat: running services tell of themselves; /api/ports/registrations lists them."""

import asyncio
from typing import Annotated, Any, Final
from weakref import WeakKeyDictionary

from pydantic import ConfigDict, Field, JsonValue

from api.base import ApiHandler
from api.bodies import Name, PortNumber, RequestBody, parse_body
from api.encoded import SnapshotHandler
from api.models import live as models
from api.operation import Answer, operation
from api.peer_rate import PeerRate
from api.queries import PageQuery, page_of
from workbench.errors import InvalidPort, TooManyRequests, TooManyServices, Unavailable, UnknownService
from workbench.fleet.model import fold
from workbench.fleet.observed import Registration
from workbench.fleet.wire import finding_model
from workbench.hub import Hub
from workbench.live.models import registration_model

_SECONDS: Final = 30.0
_RATES: Final[WeakKeyDictionary[Hub, PeerRate]] = WeakKeyDictionary()

Endpoint = Annotated[str, Field(max_length=500)]


class ServiceBody(RequestBody):
    """What services send. Fields that are not known are passed over: clients of other port managers send more."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    service_name: Name
    """Its name; that of its crate, as far as there is one."""


class RegisterBody(ServiceBody):
    """A service, its port, and where it can be asked how it fares."""

    port: PortNumber
    """The port that it listens on."""
    protocol: Annotated[str, Field(min_length=1, max_length=40)] = "tcp"
    """What it speaks there."""
    health_endpoint: Endpoint | None = None
    """Where it says how it fares."""
    metrics_endpoint: Endpoint | None = None
    """Where it gives its figures."""
    role: Annotated[str, Field(max_length=200)] | None = None
    """What it is for."""
    pid: Annotated[int, Field(ge=1)] | None = None
    """Its process on this host, which tells it from a stranger on its port."""


class HeartbeatBody(ServiceBody):
    """A sign of life."""

    status: Annotated[str, Field(max_length=200)] = ""
    """How it fares."""
    metrics: Annotated[dict[str, JsonValue], Field(max_length=200)] | None = None
    """Its figures."""


class RegistrationHandler(ApiHandler):
    """Base of what services call: programs of this host need no token, all others do, and nobody may ask too often."""

    is_open_to_host = True

    @property
    def peer(self) -> str:
        """The address that calls; empty for this host."""
        return "" if self.is_exempt else self.request.remote_ip or "unknown"

    def spend(self) -> None:
        """Count the request; raises TooManyRequests."""
        rate = _RATES.get(self.hub)
        if rate is None:
            rate = _RATES[self.hub] = PeerRate(self.hub.options.live.rate)
        rate.spend(self.request.remote_ip or "unknown")

    def model(self, service_name: str) -> dict[str, Any]:
        """Return a registration with what was found about it."""
        snapshot = self.hub.snapshot
        item, pulse = self.hub.live.desk.find(service_name)
        groups = snapshot.finding_groups()
        found = (*groups.get(("service", fold(service_name)), ()), *groups.get(("shared", item.port), ()))
        return {
            **registration_model(item, pulse, snapshot),
            "durable": self.hub.is_journalled,
            "findings": [finding_model(finding) for finding in found],
        }


class RegisterHandler(RegistrationHandler):
    """POST: register a running service, or replace what was registered under its name."""

    access = "ports:write"
    action = "service.register"

    @operation(
        "Ports",
        "Register a running service",
        answers={
            201: Answer("Registered", models.Registered, ("Location",)),
            200: Answer("Registered before; replaced", models.Registered, ("Location",)),
        },
        detail="Programs of this host need no token.",
        body=RegisterBody,
        errors=(InvalidPort, TooManyRequests, TooManyServices, Unavailable),
    )
    async def post(self) -> None:
        self.spend()
        body = parse_body(RegisterBody, self.request)
        asked = self.hub.register(Registration(**body.model_dump(), host=self.peer))
        try:
            is_new = await asyncio.wait_for(asyncio.wrap_future(asked), _SECONDS)
        except TimeoutError:
            raise Unavailable("the hub is busy; register again") from None
        self.set_location("/api/ports/registrations")
        self.finish_json(self.model(body.service_name), 201 if is_new else 200)


class HeartbeatHandler(RegistrationHandler):
    """POST: a sign of life of a registered service."""

    access = "ports:write"
    action = "service.heartbeat"

    @operation(
        "Ports",
        "Give a sign of life",
        models.Registered,
        detail="Programs of this host need no token.",
        body=HeartbeatBody,
        errors=(UnknownService, TooManyRequests),
    )
    def post(self) -> None:
        self.spend()
        body = parse_body(HeartbeatBody, self.request)
        self.hub.heartbeat(body.service_name, body.status, body.metrics or {})
        self.finish_json(self.model(body.service_name))


class RegistrationsHandler(SnapshotHandler):
    """GET: a bare array of the services that registered, by name, each with its state and age."""

    access = "read"

    @operation(
        "Ports",
        "List the registered services",
        answers={200: Answer("Services, by name", list[models.Registration], ("X-Total-Count", "Link"))},
        query=PageQuery,
    )
    def get(self) -> None:
        query = self.query(PageQuery)
        snapshot = self.hub.snapshot
        known = page_of(self, self.hub.live.desk.known(), query)
        self.finish_json([registration_model(item, pulse, snapshot) for item, pulse in known])
