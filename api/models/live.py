"""What runs: services that registered, processes of this host that listen, ports of other hosts that answer."""

from typing import Annotated, Any, Literal

from pydantic import Field

from api.models.base import Count, Model, Moment, Port
from api.models.findings import Finding
from workbench.fleet.identity import Relation
from workbench.fleet.observed import ProbeResult, ServiceState, Transport

Seconds = Annotated[float, Field(ge=0)]


class RegistrationFacts(Model):
    """What a service said of itself."""

    service_name: str
    port: Port
    protocol: str
    health_endpoint: str | None
    metrics_endpoint: str | None
    role: str | None
    pid: int | None
    host: str | None
    """The address that it called from; null for this host."""
    registered_at: Moment
    state: ServiceState
    status: str
    """What it last said of itself."""
    crate: str | None
    """The crate that its name means."""
    source: Literal["registration"]


class Registration(RegistrationFacts):
    """A service that registered, with its newest sign of life."""

    seen_at: Moment
    age_seconds: Seconds | None
    metrics: dict[str, Any]


class Registered(Registration):
    """A registration as its service is answered."""

    durable: bool
    """Whether it survives a restart."""
    findings: list[Finding]


class ListenerFacts(Model):
    """A process that listens on a port, and how that stands to the manifests."""

    port: Port
    transport: Transport
    addresses: list[str]
    pid: int | None
    """Null where the system does not tell whose socket it is."""
    process: str | None
    relation: Relation
    crate: str | None
    expected: list[str]
    """The crates that own the port."""
    rule: str
    reason: str
    confidence: float
    since: Moment
    source: Literal["this host"]


class Listener(ListenerFacts):
    """A process that listens, and how long ago it was seen."""

    seen_at: Moment | None
    age_seconds: Seconds | None


class ProbeFacts(Model):
    """What a connection to a port of another host came to."""

    host: str
    port: Port
    result: ProbeResult
    since: Moment
    source: Literal["probe"]


class Probe(ProbeFacts):
    """What a connection came to, and how long ago."""

    seen_at: Moment | None
    age_seconds: Seconds | None


class HostObservation(Model):
    """How the observation of this host fares."""

    enabled: bool
    looked_at: Moment | None
    age_seconds: Seconds | None
    listeners: Count
    is_complete: bool
    """Whether every listening port was seen, with its process."""
    hidden: Count
    """How many sockets the system does not tell the process of."""
    error: str | None
    cost_seconds: Seconds | None


class ProbedHost(Model):
    """When another host was probed."""

    host: str
    probed_at: Moment | None
    age_seconds: Seconds | None


class ServiceCounts(Model):
    """How many services registered, by state."""

    live: Count
    stale: Count
    gone: Count


class Observation(Model):
    """How the observation fares."""

    host: HostObservation
    probes: list[ProbedHost]
    registrations: ServiceCounts


class ServiceEventData(Model):
    """A service registered, changed, fell silent, or was forgotten."""

    service: RegistrationFacts


class ObservedEventData(Model):
    """What is observed of a port differs; this is all of it now."""

    port: Port
    listeners: list[ListenerFacts]
    probes: list[ProbeFacts]
