"""Drift: where what runs differs from what manifests say. Pure rules over one snapshot and its observed layer."""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from workbench.fleet.findings import listed
from workbench.fleet.identity import Standing, standing
from workbench.fleet.model import Finding, Site, finding, fold
from workbench.fleet.observed import Listener, Registration, is_local, transport_of
from workbench.fleet.ranking import Groups
from workbench.fleet.snapshot import Record, Snapshot

PORT_MANAGER = "port-manager"
"""The (folded) name under which manifests speak of the service that services register with."""


def drift_groups(snapshot: Snapshot, older: Snapshot) -> Groups:
    """Return all findings about the observed layer, by what they are about; what did not change is that of `older`.

    Costs in proportion to what is observed and to the crates that are expected to run or register; the rest of
    the fleet is not looked at.
    """
    observed = snapshot.observed
    if not (observed.listeners or observed.registrations or observed.running or observed.registering):
        return {}
    standings = {item: standing(item, snapshot) for item in observed.listeners}
    groups: dict[tuple[str, str | int], tuple[Finding, ...]] = {
        ("drift", port): tuple(listener_findings(port, [(item, standings[item]) for item in there], snapshot))
        for port, there in observed.listeners_at.items()
    }
    for port, services in observed.registrations_at.items():
        groups["shared", port] = tuple(shared_findings(port, services))
    for service in observed.registrations:
        groups["service", fold(service.service_name)] = tuple(service_findings(service, snapshot))
    if observed.sees_all:
        for record in _running(snapshot, standings.values()):
            groups["silent", record.manifest.path] = tuple(silent_findings(record, snapshot))
    known = {path for item in observed.registrations for path in snapshot.names.paths(item.service_name)}
    for path in _registering(snapshot):
        if path not in known:
            record, kept = snapshot.records[path], older._drift.get(("orphan", path))
            if kept is None or older.records.get(path) is not record:
                kept = tuple(orphan_findings(record))
            groups["orphan", path] = kept
    return {subject: found for subject, found in groups.items() if found}


def listener_findings(port: int, there: Iterable[tuple[Listener, Standing]], snapshot: Snapshot) -> Iterator[Finding]:
    """Yield what is wrong with the processes that listen on one port, each with its standing."""
    for listener, stands in there:
        who = stands.identity
        if stands.relation == "stranger":
            message = f"port {port} is meant for {listed(stands.expected)}; {listener.name} listens there: {who.reason}"
            others = (who.crate,) if who.crate else ()
            yield finding("SC120", message, *_sites(port, snapshot), crates=(*stands.expected, *others), ports=(port,))
        elif stands.relation == "undeclared" and _is_judged(listener, snapshot):
            why = f"; {who.reason}" if who.crate else ""
            message = f"{listener.name} listens on port {port}, which no manifest declares{why}"
            fix = f"Declare {port} in the manifest of {who.crate}." if who.crate else None
            crates = (who.crate,) if who.crate else ()
            yield finding("SC122", message, crates=crates, ports=(port,), fix=fix)


def _sites(port: int, snapshot: Snapshot) -> tuple[Site, ...]:
    sites = {
        (claim.site.path, claim.site.key_path): claim.site
        for claim in snapshot.at_port.get(port, ())
        if claim.role != "reference"
    }
    return tuple(sites.values())


def _is_judged(listener: Listener, snapshot: Snapshot) -> bool:
    """Whether an undeclared listener matters: inside a block, no decoy, and not told of by its own registration."""
    plan = snapshot.plan
    services = snapshot.observed.registrations_at.get(listener.port, ())
    is_told = any(is_local(item) and item.transport == listener.transport for item in services)
    return plan.block_of(listener.port) is not None and listener.port not in plan.decoys and not is_told


def service_findings(service: Registration, snapshot: Snapshot) -> Iterator[Finding]:
    """Yield what is wrong with a registration, as against the manifests."""
    if not service.is_present:
        return
    name, port = service.service_name, service.port
    records = [record for record in snapshot.records_named(name) if record.crate is not None]
    if not records:
        yield finding(
            "SC125", f'"{name}" registered on port {port}, and no crate of the fleet bears that name', ports=(port,)
        )
        return
    claims = [claim for record in records for claim in record.claims if claim.role != "reference"]
    held = any(fold(item.crate) == fold(records[0].crate.name) for item in snapshot.observed.holders_at.get(port, ()))  # type: ignore[union-attr]
    if held or any(claim.port == port for claim in claims):
        return
    declared = sorted({claim.port for claim in claims if claim.role == "owner"})
    says = f"its manifest declares {listed(map(str, declared))}" if declared else "its manifest declares no port"
    yield finding(
        "SC124", f"{name} registered on port {port}; {says}",
        *(record.crate.named_at() for record in records if record.crate), ports=(port,),
    )  # fmt: skip


def shared_findings(port: int, services: Iterable[Registration]) -> Iterator[Finding]:
    """Yield a finding for each host on which several services registered one port."""
    by_socket: dict[tuple[str, str], list[str]] = {}
    for service in services:
        by_socket.setdefault((service.host, service.transport), []).append(service.service_name)
    for (host, transport), names in sorted(by_socket.items()):
        if len(names) > 1:
            where = f" of {host}" if host else ""
            message = f"{listed(sorted(names))} registered one port, {port}/{transport}{where}"
            yield finding("SC126", message, crates=tuple(sorted(names)), ports=(port,))


def silent_findings(record: Record, snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding for each port that a crate declares and nobody listens on."""
    heard = snapshot.observed.listeners_at
    seen: set[int] = set()
    for claim in record.claims:
        transport = transport_of(claim.protocol)
        if claim.role != "owner" or claim.port in seen:
            continue
        if all(item.transport != transport for item in heard.get(claim.port, ())):
            seen.add(claim.port)
            message = (
                f'{claim.crate} declares port {claim.port} ("{claim.label}"), and nobody listens there on this host'
            )
            yield finding("SC121", message, claim.site, ports=(claim.port,))


def orphan_findings(record: Record) -> Iterator[Finding]:
    """Yield a finding about a crate that should have registered and has not."""
    ports = tuple(sorted({claim.port for claim in record.claims if claim.role == "owner"}))
    if record.crate is not None and ports:
        message = f"{record.crate.name} declares {listed(map(str, ports))} and never registered"
        yield finding("SC123", message, record.crate.named_at(), ports=ports)


def _running(snapshot: Snapshot, standings: Iterable[Standing]) -> Iterator[Record]:
    """Yield the crates that are known, or expected, to run on this host."""
    names = [item.service_name for item in snapshot.observed.registrations if is_local(item)]
    names += [item.identity.crate for item in standings if item.identity.crate is not None]
    paths = {path for name in names for path in snapshot.names.paths(name)}
    paths.update(matching_paths(snapshot, snapshot.observed.running))
    yield from (snapshot.records[path] for path in sorted(paths))


def _registering(snapshot: Snapshot) -> set[str]:
    """Return the manifests of the crates that are expected to register.

    They are those that the settings name, and, as soon as any service has registered, those that speak of the port
    manager.
    """
    observed = snapshot.observed
    paths = set(matching_paths(snapshot, observed.registering))
    if any(item.is_present for item in observed.registrations):
        paths.update(claim.site.path for claim in snapshot.references_to(PORT_MANAGER))
    return paths


def matching_paths(snapshot: Snapshot, globs: tuple[str, ...]) -> tuple[str, ...]:
    """Return the manifests of crates whose folded name matches one of some globs."""
    if not globs:
        return ()
    return snapshot.derive(("matching", globs), lambda s: _matching_paths(s, globs))


def _matching_paths(snapshot: Snapshot, globs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        path
        for path, record in snapshot.records.items()
        if record.crate is not None and any(fnmatchcase(fold(record.crate.name), glob) for glob in globs)
    )
