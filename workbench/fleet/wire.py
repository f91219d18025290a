"""The JSON of the contract: domain values as plain dicts, for the API, events, files and the command line."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from workbench.fleet.claims import Names
from workbench.fleet.model import Crate, Dependency, Finding, PortClaim, QaThresholds, Site, locate_sites
from workbench.fleet.plan import PortPlan
from workbench.fleet.snapshot import Record, Snapshot

Json = dict[str, Any]

UNKNOWN_VERSION: Final = "unknown"
UNCLASSIFIED: Final = "unclassified"
"""What is said of a crate that states no version or no class."""

_QA_FIELDS: Final = QaThresholds._fields


def iso(moment: datetime | float | None) -> str | None:
    """Return a moment (or seconds since the epoch) as ISO 8601 in UTC, to the millisecond."""
    if moment is None:
        return None
    if not isinstance(moment, datetime):
        moment = datetime.fromtimestamp(moment, UTC)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def site_model(site: Site) -> Json:
    """Return a place as {crate, path, line, column, key}."""
    line, column = site.position
    return {"crate": site.crate, "path": site.path, "line": line, "column": column, "key": site.key}


def finding_model(item: Finding) -> Json:
    """Return a finding as the contract describes it."""
    return {
        "code": item.code,
        "kind": item.kind,
        "severity": item.severity,
        "crates": list(item.crates),
        "ports": list(item.ports),
        "sites": [site_model(site) for site in item.sites],
        "message": item.message,
        "explanation": item.explanation,
        "fix": item.fix,
        "muted": item.muted,
    }


def finding_models(findings: Iterable[Finding]) -> list[Json]:
    """Return many findings, their places found together."""
    findings = list(findings)
    locate_sites(site for item in findings for site in item.sites)
    return [finding_model(item) for item in findings]


def claim_model(claim: PortClaim) -> Json:
    """Return a port claim with the rule and the reason that decided it."""
    return {
        "crate": claim.crate,
        "label": claim.label,
        "port": claim.port,
        "protocol": claim.protocol or None,
        "role": claim.role,
        "of": claim.of,
        "resolved": claim.resolved,
        "derived": claim.derived,
        "primary": claim.primary,
        "rule": claim.rule,
        "reason": claim.reason,
        "confidence": claim.confidence,
        "path": claim.site.path,
        "line": claim.site.line,
        "key": claim.site.key,
    }


def crate_model(record: Record) -> Json:
    """Return a SmartCrate: every field is always there, and only what the manifest states is filled in.

    `ports` are the ports that the crate owns; those of others that it names are in `references`.
    """
    crate = record.crate
    assert crate is not None
    return {
        "name": crate.name,
        "version": crate.version or UNKNOWN_VERSION,
        "classification": crate.classification or UNCLASSIFIED,
        "tesla_grade": bool(crate.tesla_grade),
        "ports": _by_label(record.claims, "owner"),
        "references": _by_label(record.claims, "reference"),
        "qa_metrics": {name: getattr(crate.qa, name, None) for name in _QA_FIELDS},
        "path": crate.path,
        "description": crate.description,
        "foundation": crate.foundation,
        "aliases": list(crate.aliases),
        "retrofit_at": iso(crate.retrofit_at),
        "slsa_level": crate.slsa_level,
        "hash_algorithms": list(crate.hash_algorithms),
        "certification": crate.certification,
        "capabilities": list(crate.capabilities),
        "dialect": crate.dialect,
        "stale": record.is_stale,
    }


def _by_label(claims: Iterable[PortClaim], role: str) -> dict[str, int]:
    return {claim.label: claim.port for claim in claims if claim.role == role}


def dependency_model(dependency: Dependency, crate: Crate, names: Names) -> Json:
    """Return a dependency with the crate that it resolves to (null if there is none)."""
    return {
        "alias": dependency.alias,
        "target": dependency.target,
        "kind": dependency.kind,
        "requirement": dependency.requirement or None,
        "resolved": names.resolve(dependency.target),
        "line": crate.site(*dependency.key_path).line,
    }


def crate_detail_model(record: Record, snapshot: Snapshot) -> Json:
    """Return everything known of one crate, its manifest's text included."""
    crate = record.crate
    assert crate is not None
    names = snapshot.names
    manifest = record.manifest
    return {
        **crate_model(record),
        "claims": [claim_model(claim) for claim in record.claims],
        "findings": [finding_model(item) for item in snapshot.findings_of(crate)],
        "diagnostics": [finding_model(item) for item in manifest.diagnostics],
        "dependencies": [dependency_model(item, crate, names) for item in crate.dependencies],
        "dependents": snapshot.derive("dependents", _dependents).get(crate.path, []),
        "endpoints": dict(crate.endpoints),
        "features": dict(crate.features),
        "deployment": dict(crate.deployment),
        "manifest": {"path": manifest.path, "digest": manifest.digest, "text": manifest.source.text},
        "duplicates": [path for path in names.paths(crate.name) if path != crate.path],
    }


def _dependents(snapshot: Snapshot) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for path, record in snapshot.records.items():
        for link in record.links:
            if link.target != path and record.crate is not None:
                found.setdefault(link.target, set()).add(record.crate.name)
    return {path: sorted(names) for path, names in found.items()}


def plan_model(plan: PortPlan) -> Json:
    """Return the port plan."""
    return {
        "blocks": [{"name": block.name, "first": block.first, "last": block.last} for block in plan.blocks],
        "reserved": {str(port): holder or None for port, holder in plan.reserved.items()},
        "decoys": sorted(plan.decoys),
        "mirrors": {str(port): list(mirrors) for port, mirrors in plan.mirrors.items()},
        "sister_offset": plan.sister_offset,
        "ephemeral": list(plan.ephemeral),
        "overrides": [asdict(item) for item in plan.overrides],
        "mutes": [asdict(item) for item in plan.mutes],
    }


def port_registry_model(snapshot: Snapshot) -> Json:
    """Return the PortRegistry as far as the revision tells: every claim with its reason, and the plan."""
    return {
        "revision": snapshot.revision,
        "claims": [claim_model(claim) for claim in snapshot.claims],
        **plan_model(snapshot.plan),
    }


def port_model(port: int, snapshot: Snapshot, assigned: Sequence[Json] = ()) -> Json:
    """Return everything known of one port but what is observed there; `assigned` are the assignments that hold it."""
    plan = snapshot.plan
    block = plan.block_of(port)
    sister = plan.sister(port)
    return {
        "port": port,
        "block": block.name if block else None,
        "reserved": port in plan.reserved,
        "reserved_for": plan.reserved.get(port) or None,
        "decoy": port in plan.decoys,
        "mirrors": list(plan.mirrors.get(port, ())),
        "sister_port": sister,
        "ephemeral": plan.is_ephemeral(port),
        "privileged": plan.is_privileged(port),
        "claims": [claim_model(claim) for claim in snapshot.at_port.get(port, ())],
        "findings": [finding_model(item) for item in snapshot.findings if port in item.ports],
        "assigned": list(assigned),
    }


def summary_model(snapshot: Snapshot) -> Json:
    """Return the figures of a fleet."""
    return asdict(snapshot.tally)


def check_model(snapshot: Snapshot, findings: Iterable[Finding]) -> Json:
    """Return the report of `workbench check --format json` on some findings of a fleet.

    `muted` holds the findings that the settings accept, with the reason; `summary` the figures of the whole
    fleet, whichever findings were chosen.
    """
    return {
        "revision": snapshot.revision,
        "crates": len(snapshot.crates),
        "findings": finding_models(findings),
        "muted": finding_models(snapshot.muted),
        "summary": summary_model(snapshot),
    }
