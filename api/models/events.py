"""The frames of the event streams: one model for each type of event, by its topic."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from api.models.base import Count, Model, Moment, Port
from api.models.crates import Claim, SmartCrate
from api.models.deployments import DeploymentEventData, DeploymentLogData
from api.models.findings import Finding, FleetFigures
from api.models.live import ObservedEventData, ServiceEventData
from api.models.mux import HealthEventData, MuxServiceEventData, MuxStatusEventData, MuxTopologyEventData
from api.models.ports import PortAssignment
from workbench.events import COALESCE_ABOVE, Topic


class Envelope(Model):
    """What every frame has."""

    type: str
    seq: Count
    """Rises by one with every event, also over restarts; marks such as `hello` repeat the newest."""
    revision: Count
    ts: Moment
    topic: Topic
    data: dict[str, Any]


class HelloData(Model):
    """The first frame of a connection."""

    instance: str
    """Another one after each start of the server."""
    topics: list[Topic]


class SubscribedData(Model):
    """The answer to `subscribe`."""

    topics: list[Topic]
    since: Count | None


class ResyncData(Model):
    """Some of what came after `since` is not sent: read the state anew."""

    since: Count
    reason: Literal["unknown", "expired", "too-many"]


class CrateEventData(Model):
    """A crate came, went, or is described differently."""

    name: str
    path: str
    crate: SmartCrate


class PortEventData(Model):
    """The claims on a port differ; these are all of the new ones."""

    port: Port
    claims: list[Claim]


class FindingEventData(Model):
    """A finding came or went."""

    finding: Finding


class ManyNamesData(Model):
    """Too many changes of one topic in one revision to tell them one by one."""

    count: Count
    first: Annotated[list[str], Field(max_length=COALESCE_ABOVE)]


class ManyPortsData(Model):
    """Too many ports changed in one revision to tell them one by one."""

    count: Count
    first: Annotated[list[Port], Field(max_length=COALESCE_ABOVE)]


class AssignmentEventData(Model):
    """A port was handed out, given back, or its lease ended."""

    assignment: PortAssignment
    by: str | None
    """The name of the token that did it; null for a lease that ended."""


EVENTS: Final[Mapping[str, tuple[Topic, type[Model]]]] = {
    "crate.added": ("crates", CrateEventData),
    "crate.changed": ("crates", CrateEventData),
    "crate.removed": ("crates", CrateEventData),
    "crates.changed": ("crates", ManyNamesData),
    "port.changed": ("ports", PortEventData),
    "ports.changed": ("ports", ManyPortsData),
    "port.observed": ("ports", ObservedEventData),
    "ports.observed": ("ports", ManyPortsData),
    "service.registered": ("ports", ServiceEventData),
    "service.changed": ("ports", ServiceEventData),
    "service.stale": ("ports", ServiceEventData),
    "service.gone": ("ports", ServiceEventData),
    "service.forgotten": ("ports", ServiceEventData),
    "services.changed": ("ports", ManyNamesData),
    "finding.appeared": ("findings", FindingEventData),
    "finding.vanished": ("findings", FindingEventData),
    "findings.changed": ("findings", ManyNamesData),
    "assignment.made": ("assignments", AssignmentEventData),
    "assignment.released": ("assignments", AssignmentEventData),
    "assignment.expired": ("assignments", AssignmentEventData),
    "mux.status": ("mux", MuxStatusEventData),
    "mux.service": ("mux", MuxServiceEventData),
    "mux.services": ("mux", ManyNamesData),
    "mux.topology": ("mux", MuxTopologyEventData),
    "health.changed": ("health", HealthEventData),
    "deployment.changed": ("deployments", DeploymentEventData),
    "deployment.log": ("deployments", DeploymentLogData),
    "fleet.revision": ("system", FleetFigures),
}
"""Every type of event that the log can hold, with its topic and the model of its data."""

MARKS: Final[Mapping[str, type[Model]]] = {
    "hello": HelloData,
    "subscribed": SubscribedData,
    "resync": ResyncData,
}
"""What is said to one client alone; it is in no log, and its `seq` is that of the newest event."""


class Subscribe(Model):
    """Choose topics; with `since`, get what came after that event."""

    type: Literal["subscribe"]
    topics: list[Topic] | None = None
    since: Count | None = None
