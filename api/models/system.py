"""How the server fares."""

from typing import Literal

from api.models.base import Count, Model, Moment, Port
from api.models.findings import FleetFigures
from api.models.live import Observation
from api.models.mux import Vitals
from workbench.fleet.health import Source, State

Phase = Literal["scanning", "last-known", "ready"]


class Health(Model):
    """The process answers."""

    status: Literal["ok"]
    revision: Count
    uptime_seconds: float


class Readiness(Model):
    """Whether the first scan is done."""

    status: Phase
    revision: Count


class Service(Model):
    """A crate that owns a port. Manifests tell what should run, not what does."""

    id: str
    name: str
    port: Port
    ports: dict[str, Port]
    classification: str
    health: State
    """`unknown` unless somebody saw how it fares."""
    health_source: Source | None
    health_age_seconds: float | None


class Services(Model):
    """The services with their totals."""

    status: Phase
    total_services: Count
    healthy_services: Count
    unknown_services: Count
    """Those of which nothing is known but, at most, that they are there."""
    services: list[Service]


class Scan(Model):
    """How far the first scan is."""

    phase: str
    directories: Count
    found: Count
    read: Count
    seconds: float


class Watch(Model):
    """How the disk is followed."""

    mode: Literal["off", "polling", "events"]
    directories: Count
    error: str | None
    beat_seconds: float


class JournalStatus(Model):
    """Whether what happens is written down."""

    enabled: bool
    error: str | None


class EventsStatus(Model):
    """How far the event log is."""

    last_seq: Count
    subscribers: Count


class Status(Services):
    """How the server fares, with the services."""

    instance: str
    """Another one after each start."""
    revision: Count
    taken_at: Moment
    reconciled_at: Moment | None
    uptime_seconds: float
    roots: list[str]
    scan: Scan
    watch: Watch
    journal: JournalStatus
    events: EventsStatus
    fleet: FleetFigures
    observation: Observation
    vitals: Vitals


class SystemMetric(Model):
    """One figure, as the front end shows it."""

    id: str
    name: str
    value: float
    unit: str
    trend: Literal["up", "down", "stable"]
    """Against the revision before."""
    status: Literal["healthy", "warning", "critical"]
