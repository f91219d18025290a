"""Crates as the contract tells of them."""

from typing import Literal

from api.models.base import Line, Model, Moment, Port, Table
from api.models.findings import Finding
from workbench.fleet.model import DependencyKind, Role


class QaMetrics(Model):
    """The thresholds that a crate sets itself; never measurements. Null where the manifest says nothing."""

    phd_suite_enabled: bool | None
    minimum_score: float | None
    automated_testing: bool | None
    continuous_validation: bool | None
    code_coverage_minimum: float | None
    complexity_threshold: float | None
    maintainability_index_minimum: float | None
    technical_debt_ratio_maximum: float | None


class SmartCrate(Model):
    """One crate, in whichever dialect its manifest is written."""

    name: str
    version: str
    """`unknown` where the manifest does not say."""
    classification: str
    """`unclassified` where the manifest does not say."""
    tesla_grade: bool
    ports: dict[str, Port]
    """The ports that the crate owns, by label."""
    references: dict[str, Port]
    """Ports of others that the crate names, by label."""
    qa_metrics: QaMetrics
    path: str
    description: str | None
    foundation: str | None
    aliases: list[str]
    """Former names."""
    retrofit_at: Moment | None
    slsa_level: int | None
    hash_algorithms: list[str]
    certification: str | None
    capabilities: list[str]
    dialect: str
    """How the manifest spells its header."""
    stale: bool
    """Whether the manifest is broken now and this is its last good version."""


class Claim(Model):
    """What a crate has to do with a port, and the rule that decided so."""

    crate: str
    label: str
    port: Port
    protocol: str | None
    role: Role
    of: str
    """Whose port it is: a crate, or an outside service."""
    resolved: bool
    """Whether `of` is a crate of this fleet."""
    derived: bool
    """Whether the port was computed and stands in no manifest."""
    primary: Port | None
    """For sisters and mirrors: the port that they accompany."""
    rule: str
    reason: str
    confidence: float
    path: str
    line: Line
    key: str


class Dependency(Model):
    """A dependency as declared."""

    alias: str
    target: str
    kind: DependencyKind
    requirement: str | None
    resolved: str | None
    """The crate that it means; null if there is none."""
    line: Line


class ManifestText(Model):
    """The file that a crate was read from."""

    path: str
    digest: str
    text: str


class CrateDetail(SmartCrate):
    """Everything known of one crate."""

    claims: list[Claim]
    findings: list[Finding]
    diagnostics: list[Finding]
    dependencies: list[Dependency]
    dependents: list[str]
    endpoints: dict[str, str]
    features: dict[str, Literal["on", "off", "required", "optional"]]
    deployment: Table
    manifest: ManifestText
    duplicates: list[str]
    """Other manifests that bear the same name."""


class CrateChange(Model):
    """A crate that comes, goes or differs."""

    action: Literal["added", "changed", "removed"]
    name: str
    path: str
    crate: SmartCrate


class PortChange(Model):
    """A port whose claims differ, with all of the new ones."""

    port: Port
    claims: list[Claim]


class FleetChanges(Model):
    """What differs between two states of a fleet."""

    crates: list[CrateChange]
    ports: list[PortChange]
    appeared: list[Finding]
    vanished: list[Finding]


class Trial(Model):
    """What a manifest is worth, and what it would change."""

    revision: int
    path: str
    replaces: bool
    valid: bool
    template: bool
    crate: SmartCrate | None
    diagnostics: list[Finding]
    changes: FleetChanges
