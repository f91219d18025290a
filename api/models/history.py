"""The past of a fleet, and what changed between two revisions."""

from typing import Any, Literal

from pydantic import Field

from api.models.base import Count, Model, Moment
from api.models.crates import Claim
from api.models.findings import Finding


class Revision(Model):
    """A revision that is kept."""

    revision: Count
    taken_at: Moment
    crates: Count
    manifests: Count
    findings: Count
    errors: Count
    warnings: Count
    changed: Count
    """How many manifests it changed."""


class FieldChange(Model):
    """A field of a crate that differs; null where there was, or is, no crate."""

    old: Any
    new: Any


class CrateChange(Model):
    """What became of a crate."""

    action: Literal["added", "changed", "removed"]
    name: str
    path: str
    fields: dict[str, FieldChange]


class PortChange(Model):
    """A port whose claims differ, with those of the later revision."""

    port: int
    claims: list[Claim]


class FleetDiff(Model):
    """What changed from one revision to another."""

    older: Count = Field(alias="from")
    newer: Count = Field(alias="to")
    crates: list[CrateChange]
    ports: list[PortChange]
    appeared: list[Finding]
    vanished: list[Finding]
