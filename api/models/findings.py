"""What was found, and where."""

from api.models.base import Count, Line, Model
from workbench.fleet.rules import Severity


class Site(Model):
    """A place in a manifest."""

    crate: str | None
    path: str
    line: Line
    column: Line
    key: str
    """The key, such as `service.ports[1]`; empty for the whole file."""


class Finding(Model):
    """Something that is wrong or worth knowing, with every place that takes part in it."""

    code: str
    kind: str
    severity: Severity
    crates: list[str]
    ports: list[int]
    sites: list[Site]
    message: str
    explanation: str
    fix: str
    muted: str | None
    """Why the settings accept it; null for a finding that counts."""


class FleetFigures(Model):
    """The figures of a fleet."""

    manifests: Count
    crates: Count
    templates: Count
    broken: Count
    stale: Count
    ports_owned: Count
    collisions: Count
    findings: Count
    errors: Count
    warnings: Count
    hints: Count
    muted: Count
