"""Ports: who claims them, the plan that judges, and who was assigned which."""

from typing import Literal

from api.models.base import Count, Model, Moment, Port
from api.models.crates import Claim
from api.models.findings import Finding
from api.models.live import Listener, Observation, Probe, Registration


class Block(Model):
    """An inclusive range of ports with one purpose."""

    name: str
    first: Port
    last: Port


class Override(Model):
    """A decision of the settings about one label of one crate."""

    crate: str
    label: str
    role: Literal["owner", "reference"]
    reason: str
    of: str


class Mute(Model):
    """Findings that the settings accept."""

    kind: str
    """A kind, a code, or the beginning of a code."""
    reason: str
    crate: str
    """Empty for all crates."""
    port: Port | None


class PortAssignment(Model):
    """A port that was handed out."""

    id: str
    crate_name: str
    label: str
    port: Port
    sister_port: Port | None
    block: str | None
    assigned_at: Moment
    expires_at: Moment | None
    """When the lease ends; null if the port is held until it is released."""
    released_at: Moment | None
    actor: str
    """The name of the token that asked for it."""
    durable: bool
    """Whether it survives a restart."""


class PortRegistry(Model):
    """Every claim, the plan that they are judged by, and the assignments."""

    revision: int
    claims: list[Claim]
    blocks: list[Block]
    reserved: dict[str, str | None]
    """Ports that are kept free, and for whom."""
    decoys: list[Port]
    mirrors: dict[str, list[Port]]
    sister_offset: int
    ephemeral: list[Port]
    """The first and the last port of the system's own range."""
    overrides: list[Override]
    mutes: list[Mute]
    assigned: list[PortAssignment]
    registered: list[Registration]
    observed: list[Listener]
    probes: list[Probe]
    observation: Observation


class PortDetail(Model):
    """Everything known of one port."""

    port: Port
    block: str | None
    reserved: bool
    reserved_for: str | None
    decoy: bool
    mirrors: list[Port]
    sister_port: Port | None
    ephemeral: bool
    privileged: bool
    claims: list[Claim]
    findings: list[Finding]
    assigned: list[PortAssignment]
    registered: list[Registration]
    observed: list[Listener]
    probes: list[Probe]
    observation: Observation


class PlanResult(Model):
    """What changes would bring and take away."""

    revision: int
    appeared: list[Finding]
    vanished: list[Finding]
    collisions: Count
    """How many collisions of ports there would be."""
    patch: str
    """The changes to the manifests as a unified diff."""
