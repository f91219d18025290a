"""What the Neural Mux tells, and how crates fare."""

from typing import Literal

from api.models.base import Count, Model, Moment, Port
from workbench.fleet.health import Source, State
from workbench.fleet.merged import MatchRule, Standing
from workbench.fleet.mux import ServiceHealth
from workbench.mux.circuit import CircuitState
from workbench.mux.view import Phase, SocketState


class MuxService(Model):
    """A service as the Mux describes it, and the crate that it is."""

    id: str
    name: str
    port: Port | None
    health: ServiceHealth
    said: str
    """The Mux's own word for the health."""
    endpoint: str | None
    service_type: str | None
    last_health_check: Moment | None
    """When the Mux says that it looked; null where it does not say."""
    check_age_seconds: float | None
    capabilities: list[str]
    failure_count: Count | None
    crate: str | None
    matched_by: MatchRule | None
    """By what the service was known to be the crate."""


class Provenance(Model):
    """Where an answer of the Mux comes from, and how old it is."""

    url: str
    source: str
    """The endpoint of the Mux that told of it."""
    fetched_at: Moment
    age_seconds: float
    error: str | None
    """Why the newest try failed; null if it did not."""
    is_mock: bool
    """Whether the answer looks like sample data."""
    mock_reasons: list[str]
    notes: list[str]
    """What was left out or could not be read."""


class Reported(Model):
    """Totals as the Mux reports them."""

    total_services: Count | None
    healthy_services: Count | None


class MuxStatus(Provenance):
    """The services and their health; the totals are counted, not believed."""

    status: ServiceHealth
    said: str
    total_services: Count
    healthy_services: Count
    degraded_services: Count
    unhealthy_services: Count
    unknown_services: Count
    reported: Reported
    services: list[MuxService]


class MuxEdge(Model):
    """One service leans on another, as the Mux sees it."""

    source: str
    target: str
    type: str | None
    required: bool | None


class MuxTopology(Provenance):
    """Nodes and edges as the Mux tells them."""

    is_derived: bool
    """Whether no endpoint told of a topology, so that it was derived from the services."""
    nodes: list[MuxService]
    edges: list[MuxEdge]


class MergedNode(Model):
    """A service of the Mux, a crate that owns a port, or both."""

    id: str
    standing: Standing
    crate: str | None
    services: list[str]
    """The ids under which the Mux knows it."""
    port: Port | None
    health: ServiceHealth | None
    matched_by: MatchRule | None


class MergedEdge(Model):
    """One node leans on another, as declared, as seen, or both."""

    source: str
    target: str
    standing: Standing
    type: str | None


class MergedTopology(Provenance):
    """What the Mux sees, laid over what is declared."""

    revision: Count
    node_counts: dict[Standing, Count]
    edge_counts: dict[Standing, Count]
    nodes_total: Count
    edges_total: Count
    nodes: list[MergedNode]
    edges: list[MergedEdge]


class CrateVerdict(Model):
    """How a crate fares, by whom that is known, and when it was seen."""

    crate: str
    state: State
    """`up`: it is there, and nothing says how it fares; `silent`: nobody answers, and nothing says that one should."""
    since: Moment | None
    source: Source | None
    seen_at: Moment | None
    age_seconds: float | None
    detail: str


class Evidence(Model):
    """What one source says of a crate."""

    source: Source
    state: State
    seen_at: Moment | None
    age_seconds: float | None
    is_fresh: bool
    """Whether it still counts."""
    detail: str


class Turn(Model):
    """A change of a crate's health."""

    at: Moment
    state: State
    source: Source | None
    detail: str


class Availability(Model):
    """How long a crate was in which state."""

    window_seconds: float
    known_seconds: float
    """For how much of the window anything was known."""
    seconds: dict[State, float]
    share: float | None
    """Of the known time, that in which it was there: healthy, degraded or up."""


class CrateHealth(CrateVerdict):
    """The verdict on a crate with its evidence, its history and its availability."""

    evidence: list[Evidence]
    history: list[Turn]
    """Newest first."""
    availability: Availability


class MuxLinkStatus(Model):
    """How the connection to the Mux fares."""

    url: str | None
    phase: Literal["off"] | Phase
    error: str | None = None
    failures: Count = 0
    circuit: CircuitState = "closed"
    next_try_at: Moment | None = None
    polls: Count = 0
    interval_seconds: float = 0.0
    socket: SocketState = "off"
    socket_error: str | None = None
    socket_messages: Count = 0


class HealthStatus(Model):
    """How far health is judged."""

    crates: Count
    probed_hosts: Count


class Vitals(Model):
    """How the following of the Mux and of health fares."""

    mux: MuxLinkStatus
    health: HealthStatus


class FleetHealth(Model):
    """The verdicts on all crates of which anything was seen."""

    crates: list[CrateVerdict]
    counts: dict[State, Count]
    observation: Vitals


class MuxStatusEventData(Model):
    """The connection to the Mux, or the health of the whole, is another."""

    phase: Phase
    status: ServiceHealth
    total_services: Count
    healthy_services: Count
    source: str | None
    mock: bool
    error: str | None


class MuxServiceEventData(Model):
    """A service fares otherwise, is new (`was` is null), or is no longer listed (`health` is null)."""

    id: str
    name: str
    port: Port | None
    health: ServiceHealth | None
    was: ServiceHealth | None


class MuxTopologyEventData(Model):
    """Other links are seen."""

    links: Count
    appeared: Count
    vanished: Count


class HealthChange(Model):
    """A crate's health is another."""

    crate: str
    state: State
    was: State
    source: Source | None
    at: float
    """In seconds since the epoch."""
    detail: str


class HealthEventData(Model):
    """Every change of one judgement; many of them are told in several events."""

    changes: list[HealthChange]
