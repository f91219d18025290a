"""Who owns a port that a manifest names, and who only talks to it: named rules, tried in order."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from workbench.fleet.declared import OUTSIDE_SERVICES
from workbench.fleet.model import Crate, PortClaim, PortEntry, fold, made_site
from workbench.fleet.plan import PortPlan

SISTER_SUFFIX: Final = "_sister"

ROLE_LABELS: Final = frozenset(
    {
        "primary", "main", "port", "http", "https", "http-api", "api", "api-v1", "rest", "rest-api", "grpc", "graphql",
        "websocket", "ws", "wss", "tcp", "udp", "quic", "metrics", "health", "healthz", "status", "admin", "debug",
        "events", "event", "sync", "stream", "streaming", "bridge", "mirror", "ui", "web", "frontend", "backend",
        "dashboard", "internal", "external", "public", "private", "proxy", "control", "data", "ingest", "query", "rpc",
        "server", "service", "secondary", "tls", "telemetry", "management", "console", "dev", "profiling", "tracing",
    }
)  # fmt: skip
"""Labels (folded) that name a role of the crate itself, never another crate."""

WELL_KNOWN: Final = OUTSIDE_SERVICES | {"port-manager", "neural-mux", "hashing-engine", "foundation-core"}
"""Service names (folded) that mean somebody else's port even when no such crate is known."""

WELL_KNOWN_FAMILIES: Final = ("gis-",)
"""Families of services; a label of such a family in a crate that is not of it is a reference."""

_ROLE_SUFFIX: Final = re.compile(
    r"-(?:grpc|rest|http|https|api|ws|websocket|port|backend|frontend|metrics|health|admin|ui|server|service|primary|url|endpoint)$"
)


class Verdict(NamedTuple):
    """What a rule decided about one entry. `of` is None where the crate itself is the owner."""

    rule: str
    reason: str
    confidence: float
    of: str | None = None
    resolved: bool = True


@dataclass(frozen=True, slots=True)
class Names:
    """The crates of a fleet by folded name, and by folded alias."""

    by_name: Mapping[str, tuple[str, ...]]
    by_alias: Mapping[str, tuple[str, ...]]
    name_of: Callable[[str], str]
    """Manifest path to crate name."""
    _paths: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What was asked for: a fleet speaks of the same few crates again and again."""

    def paths(self, name: str) -> tuple[str, ...]:
        """Return the manifests of the crates that a name means: by name, else by alias; in path order."""
        paths = self._paths.get(name)
        if paths is None:
            folded = fold(name)
            paths = self._paths[name] = self.by_name.get(folded) or self.by_alias.get(folded) or ()
        return paths

    def resolve(self, name: str) -> str | None:
        """Return the crate name that a name or alias means; None if no crate of the fleet bears it."""
        paths = self.paths(name)
        return self.name_of(paths[0]) if paths else None


@lru_cache(maxsize=65_536)
def without_role(label: str) -> str | None:
    """Return a label without its role suffix (`atlas_daemon_grpc` to `atlas-daemon`); None if it has none."""
    folded = fold(label)
    stripped = _ROLE_SUFFIX.sub("", folded)
    return stripped if stripped != folded else None


def mentions(crate: Crate, plan: PortPlan) -> frozenset[str]:
    """Return every folded name on whose existence this crate's claims or dependencies depend."""
    found = {fold(item.target) for item in crate.dependencies}
    if plan.overrides:
        found |= {fold(item.of) for item in plan.overrides_of(crate.name) if item.of}
    for entry in crate.entries:
        found |= _named(entry.label)
        if entry.subject:
            found |= _named(entry.subject)
    if crate.foundation:
        found.add(fold(crate.foundation))
    return frozenset(found)


@lru_cache(maxsize=65_536)
def _named(label: str) -> frozenset[str]:
    stripped = without_role(label)
    return frozenset({fold(label), stripped} if stripped else {fold(label)})


def _own(crate: Crate, name: str) -> bool:
    folded = fold(name)
    return folded == fold(crate.name) or bool(crate.aliases and folded in map(fold, crate.aliases))


_OWN_TABLES: Final[Mapping[str, Verdict]] = {
    origin: Verdict("own-table", f"ports in {table} are the crate's own", 0.98)
    for origin, table in {"service": "[service]", "network": "[network]", "header": "the header"}.items()
}
"""What decides about the ports of such tables, by the origin of an entry."""


def _override(crate: Crate, entry: PortEntry, names: Names, plan: PortPlan) -> Verdict | None:
    decided = plan.override(crate.name, entry.label)
    if decided is None:
        return None
    if decided.role == "owner":
        return Verdict("override", decided.reason, 1.0)
    target = names.resolve(decided.of)
    return Verdict("override", decided.reason, 1.0, target or decided.of, target is not None)


def _url(crate: Crate, entry: PortEntry, names: Names) -> Verdict | None:
    if entry.origin != "url":
        return None
    if not entry.subject or _own(crate, entry.subject):
        return Verdict("own-endpoint", "a URL of the crate's own endpoints", 0.9)
    return _points_to(entry.subject, names, "url", f"the URL at {_key(entry)} carries this port", 0.9)


def _integration(crate: Crate, entry: PortEntry, names: Names) -> Verdict | None:
    if entry.origin != "integration" or _own(crate, entry.subject):
        return None
    return _points_to(entry.subject, names, "integration", f"an integration with {entry.subject}", 0.95)


def _own_table(crate: Crate, entry: PortEntry, names: Names) -> Verdict | None:
    return _OWN_TABLES.get(entry.origin)


def _own_name(crate: Crate, entry: PortEntry, names: Names) -> Verdict | None:
    stripped = without_role(entry.label)
    if _own(crate, entry.label) or (stripped is not None and _own(crate, stripped)):
        return Verdict("own-name", "the label is the crate's own name", 0.98)
    return None


def _role_label(crate: Crate, entry: PortEntry, names: Names) -> Verdict | None:
    return _role_of(entry.label)


@lru_cache(maxsize=4096)
def _role_of(label: str) -> Verdict | None:
    if fold(label) in ROLE_LABELS:
        return Verdict("role-label", f'"{label}" is a role of the crate itself', 0.95)
    return None


def _crate_name(crate: Crate, entry: PortEntry, names: Names) -> Verdict | None:
    target = names.resolve(entry.label)
    if target is not None:
        return Verdict("crate-name", f"the label names the crate {target}", 0.97, target)
    stripped = without_role(entry.label)
    target = names.resolve(stripped) if stripped and stripped not in ROLE_LABELS else None
    if target is not None:
        return Verdict("crate-name-and-role", f"the label names the crate {target} and a role of it", 0.9, target)
    return None


def _dependency_name(crate: Crate, entry: PortEntry, names: Names) -> Verdict | None:
    for dependency in crate.dependencies:
        if dependency.kind != "service" and fold(entry.label) in (fold(dependency.alias), fold(dependency.target)):
            target = names.resolve(dependency.target)
            reason = f"the label names the crate's dependency {dependency.target}"
            return Verdict("dependency-name", reason, 0.95, target or dependency.target, target is not None)
    return None


def _well_known(crate: Crate, entry: PortEntry, names: Names) -> Verdict | None:
    folded, stripped = fold(entry.label), without_role(entry.label)
    family = next((f for f in WELL_KNOWN_FAMILIES if folded.startswith(f)), None)
    is_known = folded in WELL_KNOWN or stripped in WELL_KNOWN
    if is_known or (family is not None and not fold(crate.name).startswith(family)):
        reason = "the label names a well-known service that is no crate of this fleet"
        return Verdict("well-known-service", reason, 0.85, entry.label, resolved=False)
    return None


def _otherwise(crate: Crate, entry: PortEntry, names: Names) -> Verdict:
    return Verdict("own-label", "the label names no other crate and no known service", 0.75)


_RULES: Final = (_url, _integration, _own_table, _own_name, _role_label, _crate_name, _dependency_name, _well_known)


def _verdict(crate: Crate, entry: PortEntry, names: Names) -> Verdict:
    for rule in _RULES:
        verdict = rule(crate, entry, names)
        if verdict is not None:
            return verdict
    return _otherwise(crate, entry, names)


def _key(entry: PortEntry) -> str:
    return ".".join(str(part) for part in entry.key_path)


def _points_to(subject: str, names: Names, rule: str, reason: str, confidence: float) -> Verdict:
    for name in (subject, without_role(subject)):
        target = names.resolve(name) if name else None
        if target is not None:
            return Verdict(rule, reason, confidence, target)
    return Verdict(rule, reason, confidence, subject, resolved=False)


def decide_claims(crate: Crate, names: Names, plan: PortPlan) -> tuple[PortClaim, ...]:
    """Return the claims of a crate: one for each port that it writes, then the sisters and mirrors derived.

    The first rule that applies decides; each claim says which one and why.
    """
    declared = list(_declared(crate, names, plan))
    return (*declared, *_derived(crate, declared, plan))


def _declared(crate: Crate, names: Names, plan: PortPlan) -> Iterator[PortClaim]:
    for entry in crate.entries:
        site = made_site((crate.source, entry.key_path, crate.name, None))
        verdict = _override(crate, entry, names, plan) if plan.overrides else None
        primary = _primary(entry, crate) if entry.label.endswith(SISTER_SUFFIX) else None
        if verdict is None and primary is not None:
            reason = f'declared as the sister of "{entry.label.removesuffix(SISTER_SUFFIX)}"'
            yield PortClaim(
                crate.name, entry.label, entry.port, "sister", crate.name, "declared-sister", reason, 1.0, site,
                entry.protocol, primary=primary,
            )  # fmt: skip
            continue
        verdict = verdict or _verdict(crate, entry, names)
        yield PortClaim(
            crate.name, entry.label, entry.port, "owner" if verdict.of is None else "reference",
            verdict.of or crate.name, verdict.rule, verdict.reason, verdict.confidence, site, entry.protocol,
            verdict.resolved,
        )  # fmt: skip


def _primary(sister: PortEntry, crate: Crate) -> int | None:
    """Return the port whose sister an entry declares by its label; None if there is no such entry."""
    label = sister.label.removesuffix(SISTER_SUFFIX)
    ports = [entry.port for entry in crate.entries if entry.label == label and entry.origin != "url"]
    return ports[-1] if ports else None


def _derived(crate: Crate, declared: list[PortClaim], plan: PortPlan) -> Iterator[PortClaim]:
    with_sister = {claim.primary for claim in declared if claim.role == "sister"}
    seen: set[int] = set()
    for claim in declared:
        if claim.role != "owner" or claim.port in seen:
            continue
        seen.add(claim.port)
        sister = plan.sister(claim.port)
        if sister is not None and claim.port not in with_sister:
            reason = f"{claim.port} + {plan.sister_offset}"
            yield _companion(claim, f"{claim.label}{SISTER_SUFFIX}", sister, "derived-sister", reason)
        for mirror in plan.mirrors.get(claim.port, ()):
            yield _companion(claim, f"{claim.label}_mirror", mirror, "mirror-set", f"in the mirror set of {claim.port}")


def _companion(claim: PortClaim, label: str, port: int, rule: str, reason: str) -> PortClaim:
    return PortClaim(
        claim.crate, label, port, "sister" if rule == "derived-sister" else "mirror", claim.crate, rule, reason, 1.0,
        claim.site, claim.protocol, derived=True, primary=claim.port,
    )  # fmt: skip
