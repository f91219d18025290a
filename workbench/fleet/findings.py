"""The rules of the port plan and of the fleet, each a pure function of the claims that it looks at."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from workbench.fleet.model import Crate, Dependency, Finding, PortClaim, finding, fold, made_site
from workbench.fleet.muting import Mute
from workbench.fleet.plan import Block, Override, PortPlan
from workbench.fleet.values import MAX_PORT

NEARLY_FULL: Final = 0.9
"""Share of a block's ports in use from which the block is reported."""
SMALLEST_BLOCK: Final = 10
"""Blocks below this size are meant to be full and are never reported."""


def listed(words: Iterable[str]) -> str:
    """Return words as a phrase: `a`, `a and b`, `a, b and c`."""
    items = list(words)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else "none"


def _crates(claims: Iterable[PortClaim]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(claim.crate for claim in claims))


def _unique_sites(claims: Sequence[PortClaim]) -> list[PortClaim]:
    seen: dict[tuple[str, object], PortClaim] = {}
    for claim in claims:
        seen.setdefault((claim.site.path, claim.site.key_path), claim)
    return list(seen.values())


def port_findings(port: int, claims: Sequence[PortClaim], plan: PortPlan) -> Sequence[Finding]:
    """Return what is wrong with one port, given every claim on it, in path order."""
    owners = [claim for claim in claims if claim.role == "owner"]
    found: list[Finding] = []
    if len(owners) > 1:
        found += _shared(port, owners)
    if owners:
        if port in plan.reserved or port in plan.decoys:
            found += _set_aside(port, owners, plan)
        found += _range(port, owners, plan)
    if len(claims) > 1:
        found += _sister_meets(port, owners, [claim for claim in claims if claim.role == "sister"])
        if owners:
            found += _mirror_meets(port, owners, [claim for claim in claims if claim.role == "mirror"])
    return found


def _shared(port: int, owners: list[PortClaim]) -> Iterator[Finding]:
    crates = _crates(owners)
    if len(crates) > 1:
        message = f"port {port} is owned by {listed(crates)}"
        fix = f"Keep {port} in {crates[0]} and move {listed(crates[1:])} to a free port."
        yield finding("SC101", message, *(c.site for c in owners), crates=crates, ports=(port,), fix=fix)
    by_file = defaultdict(list)
    for claim in owners:
        by_file[claim.site.path].append(claim)
    for mine in by_file.values():
        labels = list(dict.fromkeys(claim.label for claim in mine))
        if len(labels) > 1:
            quoted = listed(f'"{label}"' for label in labels)
            message = f"{mine[0].crate} gives port {port} to {quoted}"
            yield finding("SC102", message, *(c.site for c in mine), ports=(port,))


def _set_aside(port: int, owners: Sequence[PortClaim], plan: PortPlan) -> Iterator[Finding]:
    holder = plan.reserved.get(port)
    for claim in owners:
        if holder is not None and (not holder or fold(claim.crate) != fold(holder)):
            kept_for = f" for {holder}" if holder else ""
            message = f'port {port} is reserved{kept_for}, and {claim.crate} owns it as "{claim.label}"'
            yield finding("SC106", message, claim.site, ports=(port,))
        if port in plan.decoys:
            yield finding(
                "SC107",
                f'port {port} is a decoy, and {claim.crate} owns it as "{claim.label}"',
                claim.site,
                ports=(port,),
            )


def _range(port: int, owners: Sequence[PortClaim], plan: PortPlan) -> Iterator[Finding]:
    faults = _range_faults(port, plan)
    if faults:
        ports = (port,)
        for claim in _unique_sites(owners) if len(owners) > 1 else owners:
            what = f'port {port} ("{claim.label}" of {claim.crate})'
            for code, fault in faults:
                yield finding(code, f"{what} {fault}", claim.site, ports=ports)


def _range_faults(port: int, plan: PortPlan) -> list[tuple[str, str]]:
    """Return (code, what is wrong) for each way in which a port lies badly, whoever owns it."""
    faults = []
    if plan.block_of(port) is None:
        faults.append(("SC113", "lies outside every block"))
    if plan.is_privileged(port):
        faults.append(("SC115", "is privileged"))
    if plan.is_ephemeral(port):
        faults.append(("SC116", f"is in the system's ephemeral range {plan.ephemeral[0]}-{plan.ephemeral[1]}"))
    if plan.sister(port) is None:
        faults.append(("SC109", f"has no sister: {port} + {plan.sister_offset} exceeds {MAX_PORT}"))
    return faults


def _sister_meets(port: int, owners: list[PortClaim], sisters: list[PortClaim]) -> Iterator[Finding]:
    """Two sisters of one primary meet only because their primaries do, which is reported there."""
    for sister in sisters:
        met = [o for o in owners if o.crate != sister.crate]
        met += [s for s in sisters if s.crate > sister.crate and s.primary != sister.primary]
        if met:
            others = listed(_crates(met))
            message = f"port {port} is the sister of {sister.primary} in {sister.crate} and is also taken by {others}"
            sites = (sister.site, *(claim.site for claim in met))
            yield finding("SC103", message, *sites, crates=_crates([sister, *met]), ports=(port,))


def _mirror_meets(port: int, owners: list[PortClaim], mirrors: list[PortClaim]) -> Iterator[Finding]:
    for mirror in mirrors:
        met = [claim for claim in owners if claim.crate != mirror.crate]
        if met:
            message = f"port {port} mirrors {mirror.primary} of {mirror.crate}, and {listed(_crates(met))} owns it"
            sites = (mirror.site, *(claim.site for claim in met))
            yield finding("SC104", message, *sites, crates=_crates([mirror, *met]), ports=(port,))


def reference_findings(
    references: Sequence[PortClaim],
    target_claims: Sequence[PortClaim],
    owners_at: dict[int, list[PortClaim]],
) -> Iterator[Finding]:
    """Yield what is wrong with the references to one target.

    `target_claims` are the target's own claims (empty where it is no crate of the fleet);
    `owners_at` maps each referenced port to the claims of its owners.
    """
    declared = sorted({claim.port for claim in target_claims if claim.role == "owner"})
    reachable = {claim.port for claim in target_claims if claim.role != "reference"}
    by_port = defaultdict(list)
    for claim in references:
        by_port[claim.port].append(claim)
    for port, callers in sorted(by_port.items()):
        target, who = callers[0].of, _expecting(callers)
        if not callers[0].resolved:
            yield _external(port, callers, owners_at.get(port, []))
            continue
        if port in reachable:
            continue
        sites = [claim.site for claim in callers]
        if declared:
            own = listed(str(p) for p in declared)
            message = f"{who} {target} on {port}; it declares {own}"
            first = next(claim.site for claim in target_claims if claim.port == declared[0])
            fix = f"Use {own} in {listed(_crates(callers))}, or declare {port} in {target}."
            yield finding("SC110", message, *sites, first, crates=(*_crates(callers), target), ports=(port,), fix=fix)
        else:
            message = f"{who} {target} on {port}; it declares no port"
            fix = f"Declare {port} in the manifest of {target}."
            yield finding("SC111", message, *sites, crates=(*_crates(callers), target), ports=(port,), fix=fix)
        yield from _hijacked(port, target, callers, owners_at.get(port, []))


def _expecting(callers: list[PortClaim]) -> str:
    crates = _crates(callers)
    if len(crates) > 3:
        return f"{len(crates)} crates expect"
    return f"{listed(crates)} {'expects' if len(crates) == 1 else 'expect'}"


def _external(port: int, callers: list[PortClaim], owners: list[PortClaim]) -> Finding:
    message = f"{_expecting(callers)} {callers[0].of} on {port}; no crate of the fleet bears that name"
    if owners:
        message += f" (the port belongs to {listed(_crates(owners))})"
    return finding("SC112", message, *(c.site for c in callers), crates=_crates(callers), ports=(port,))


def _hijacked(port: int, target: str, callers: list[PortClaim], owners: list[PortClaim]) -> Iterator[Finding]:
    strangers = [claim for claim in owners if fold(claim.crate) != fold(target)]
    if strangers:
        who = listed(_crates(strangers))
        message = f"{who} owns port {port}, where {_expecting(callers)} {target}"
        sites = (*(c.site for c in strangers), *(c.site for c in callers))
        crates = (*_crates(strangers), *_crates(callers), target)
        yield finding("SC105", message, *sites, crates=tuple(dict.fromkeys(crates)), ports=(port,))


def crate_findings(crate: Crate, claims: Sequence[PortClaim], plan: PortPlan) -> Iterator[Finding]:
    """Yield what is wrong with one crate's own declarations, whatever the rest of the fleet does."""
    for claim in claims:
        if claim.rule == "declared-sister" and claim.primary is not None:
            expected = plan.sister(claim.primary)
            if expected != claim.port:
                right = str(expected) if expected else f"none, since {claim.primary} + {plan.sister_offset} overflows"
                message = (
                    f'{crate.name} declares {claim.port} as "{claim.label}"; the sister of {claim.primary} is {right}'
                )
                fix = f"Write {claim.label} = {expected}." if expected else f"Remove {claim.label}."
                yield finding("SC108", message, claim.site, ports=(claim.port,), fix=fix)


def unresolved_findings(crate: Crate, missing: Sequence[Dependency]) -> Iterator[Finding]:
    """Yield a finding for each dependency or foundation that is no crate."""
    for item in missing:
        message = f'{crate.name} depends on "{item.target}", which is no crate of the fleet'
        yield finding("SC010", message, made_site((crate.source, item.key_path, crate.name, None)))


def duplicate_findings(crates: Sequence[Crate]) -> Iterator[Finding]:
    """Yield a finding if several manifests, given in path order, bear one name."""
    if len(crates) > 1:
        where = listed(crate.path for crate in crates)
        message = f'{len(crates)} manifests bear the name "{crates[0].name}": {where}'
        yield finding("SC007", message, *(crate.named_at() for crate in crates), crates=(crates[0].name,))


def block_findings(block: Block, used: int) -> Iterator[Finding]:
    """Yield a finding if a block, of which `used` ports are owned, is full or nearly so."""
    size = len(block)
    if size >= SMALLEST_BLOCK and used >= size * NEARLY_FULL:
        state = "full" if used >= size else "nearly full"
        message = f"block {block.name} ({block.first}-{block.last}) is {state}: {used} of {size} ports are in use"
        yield finding("SC114", message, ports=(block.first, block.last))


def override_findings(override: Override, crates: Sequence[Crate]) -> Iterator[Finding]:
    """Yield a finding if an override matches no label of the crates that bear its crate's name, in path order."""
    labels = dict.fromkeys(entry.label for crate in crates for entry in crate.entries)
    if any(fold(label) == fold(override.label) for label in labels):
        return
    what = f'the override of "{override.label}" in {override.crate} has no effect'
    if not crates:
        yield finding("SC118", f"{what}: no crate bears that name")
        return
    declared = listed(f'"{label}"' for label in labels) if labels else "no port"
    yield finding("SC118", f"{what}: it declares {declared}", crates=(crates[0].name,))


def mute_finding(mute: Mute) -> Finding:
    """Return the finding of a mute that accepts nothing."""
    return finding("SC119", f"{mute} matches no finding", ports=() if mute.port is None else (mute.port,))


def cycle_finding(cycle: Sequence[Crate], key_paths: Sequence[tuple[str | int, ...]], size: int) -> Finding:
    """Return the finding of a dependency cycle, given one witness of it and the key of each step."""
    names = tuple(crate.name for crate in cycle)
    more = f" ({size} crates depend on each other in all)" if size > len(names) else ""
    sites = (crate.site(*path) for crate, path in zip(cycle, key_paths, strict=True))
    return finding("SC011", f"dependency cycle: {' -> '.join((*names, names[0]))}{more}", *sites, crates=names)
