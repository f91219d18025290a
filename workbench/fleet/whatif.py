"""What would be found if: changes to a fleet, made in memory and judged by the same rules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import unified_diff

from workbench.errors import InvalidPort, InvalidRequest, UnknownBlock, UnknownLabel
from workbench.fleet.claims import SISTER_SUFFIX
from workbench.fleet.diff import diff
from workbench.fleet.lookup import crate_records, unknown
from workbench.fleet.manifest_text import new_manifest, with_ports
from workbench.fleet.model import Finding, Manifest, PortClaim, fold
from workbench.fleet.positions import KeyPath
from workbench.fleet.ranking import finding_order
from workbench.fleet.snapshot import Record, Snapshot
from workbench.fleet.values import port_number


@dataclass(frozen=True, slots=True)
class AddCrate:
    """A crate that is not there yet. `path` is its manifest's; by default one named after the crate."""

    name: str
    ports: Mapping[str, int] = field(default_factory=dict)
    dependencies: tuple[str, ...] = ()
    path: str | None = None


@dataclass(frozen=True, slots=True)
class MovePort:
    """Another port for a label of a crate; the sister that the crate declares for it follows.

    `was` is its present port, needed only where the label stands for several; `path` the manifest, needed only
    where several bear the name. With `references`, the crates that expect it there follow too.
    """

    crate: str
    label: str
    port: int
    was: int | None = None
    path: str | None = None
    references: bool = False


@dataclass(frozen=True, slots=True)
class RenumberBlock:
    """Other ports for all that is owned in a block: by an offset, or so that the block begins at `first`."""

    block: str
    offset: int | None = None
    first: int | None = None
    references: bool = False


@dataclass(frozen=True, slots=True)
class RemoveCrate:
    """A crate that goes: every manifest that bears the name."""

    name: str


Change = AddCrate | MovePort | RenumberBlock | RemoveCrate


@dataclass(frozen=True, slots=True)
class PlanResult:
    """What changes would do: the findings that come and go, and the fleet as it would be."""

    before: Snapshot
    snapshot: Snapshot
    appeared: tuple[Finding, ...]
    vanished: tuple[Finding, ...]

    def patch(self) -> str:
        """Return the changes to the manifests as a unified diff; empty if there are none."""
        paths = sorted(self.before.records.keys() | self.snapshot.records.keys())
        return "".join(line for path in paths for line in self._patch_of(path))

    def _patch_of(self, path: str) -> Iterable[str]:
        was, now = self.before.records.get(path), self.snapshot.records.get(path)
        if was is not None and now is not None and was.manifest is now.manifest:
            return ()
        old, new = _lines(was), _lines(now)
        return unified_diff(old, new, f"a/{path}" if was else "/dev/null", f"b/{path}" if now else "/dev/null")


def plan_changes(snapshot: Snapshot, changes: Iterable[Change]) -> PlanResult:
    """Return what changes, made one after another, would do to a fleet. Nothing is written.

    Raises UnknownCrate, UnknownLabel or UnknownBlock with the nearest names, InvalidPort, and InvalidRequest for
    a manifest that cannot be edited or a change that could mean several things.
    """
    newer = snapshot
    for change in changes:
        newer = newer.apply(_manifests(newer, change), newer.taken_at)
    found = diff(snapshot, newer)
    appeared, vanished = (tuple(sorted(items, key=finding_order)) for items in (found.appeared, found.vanished))
    return PlanResult(snapshot, newer, appeared, vanished)


def _manifests(snapshot: Snapshot, change: Change) -> dict[str, Manifest | None]:
    match change:
        case AddCrate():
            return _added(snapshot, change)
        case RemoveCrate():
            return {record.manifest.path: None for record in crate_records(change.name, snapshot)}
        case MovePort():
            port = _port(change.port)
            return _moved(snapshot, [(claim, port) for claim in _claims(snapshot, change)], change.references)
        case RenumberBlock():
            return _moved(snapshot, _renumbered(snapshot, change), change.references)


def _added(snapshot: Snapshot, change: AddCrate) -> dict[str, Manifest | None]:
    ports = {label: _port(port) for label, port in change.ports.items()}
    path = change.path or f"{change.name}/smart-crate.toml"
    if path in snapshot.records:
        raise InvalidRequest(f"{path}: there is a manifest already", path=path)
    return {path: new_manifest(path, change.name, ports, change.dependencies)}


def _claims(snapshot: Snapshot, change: MovePort) -> list[PortClaim]:
    """Return the claims that a move means: one, or the repetitions of one in several tables of a manifest."""
    records = crate_records(change.crate, snapshot)
    if change.path is not None:
        records = tuple(record for record in records if record.manifest.path == change.path)
    claims = [claim for record in records for claim in record.claims if not claim.derived]
    labels = list(dict.fromkeys(claim.label for claim in claims))
    found = [claim for claim in claims if claim.label == change.label]
    found = found or [claim for claim in claims if fold(claim.label) == fold(change.label)]
    if change.was is not None:
        found = [claim for claim in found if claim.port == change.was]
    if not found:
        where = "" if change.was is None else f" with port {change.was}"
        raise unknown(UnknownLabel, f'{change.crate} has no label "{change.label}"{where}', change.label, labels)
    if len({(claim.site.path, claim.port) for claim in found}) > 1:
        raise InvalidRequest(f'"{change.label}" of {change.crate} stands for several ports: say which, and where')
    return found


def _renumbered(snapshot: Snapshot, change: RenumberBlock) -> list[tuple[PortClaim, int]]:
    blocks = {block.name: block for block in snapshot.plan.blocks}
    block = blocks.get(change.block)
    if block is None:
        raise unknown(UnknownBlock, f'no block is named "{change.block}"', change.block, blocks)
    if (change.offset is None) == (change.first is None):
        raise InvalidRequest("give either the offset or the first port of the renumbered block")
    offset = change.offset if change.first is None else _port(change.first) - block.first
    assert offset is not None
    return [
        (claim, _port(port + offset))
        for port in range(block.first, block.last + 1)
        for claim in snapshot.at_port.get(port, ())
        if claim.role == "owner"
    ]


def _moved(snapshot: Snapshot, moves: list[tuple[PortClaim, int]], references: bool) -> dict[str, Manifest | None]:
    """Return the manifests in which claims have their new ports, all moves made at once."""
    edits: dict[str, dict[KeyPath, int]] = {}

    def put(claim: PortClaim, port: int) -> None:
        edits.setdefault(claim.site.path, {})[claim.site.key_path] = port

    moving = {(claim.site.path, claim.site.key_path) for claim, _ in moves}
    for claim, port in moves:
        pairs = {claim.port: port}
        new_sister, old_sister = snapshot.plan.sister(port), snapshot.plan.sister(claim.port)
        if new_sister is not None and claim.role == "owner":
            for sister in _declared_sisters(snapshot, claim):
                put(sister, new_sister)
                pairs[sister.port] = new_sister
            if old_sister is not None:
                pairs.setdefault(old_sister, new_sister)
        for old, new in pairs.items() if references else ():
            if old != claim.port or not _stays(snapshot, claim, moving):
                for caller in _callers(snapshot, claim.crate, old):
                    put(caller, new)
        put(claim, port)
    for path in edits:
        if snapshot.records[path].is_stale:
            raise InvalidRequest(f"{path}: cannot be edited while it is broken", path=path)
    return {path: with_ports(snapshot.records[path].manifest, ports) for path, ports in edits.items()}


def _declared_sisters(snapshot: Snapshot, claim: PortClaim) -> list[PortClaim]:
    label = f"{claim.label}{SISTER_SUFFIX}"
    claims = snapshot.records[claim.site.path].claims
    return [item for item in claims if item.role == "sister" and not item.derived and item.label == label]


def _stays(snapshot: Snapshot, claim: PortClaim, moving: set[tuple[str, KeyPath]]) -> bool:
    """Whether the crate still answers on the port after the move, by another label or manifest."""
    return any(
        item.role != "reference"
        and fold(item.crate) == fold(claim.crate)
        and (item.site.path, item.site.key_path) not in moving
        for item in snapshot.at_port.get(claim.port, ())
    )


def _callers(snapshot: Snapshot, crate: str, port: int) -> list[PortClaim]:
    at = snapshot.at_port.get(port, ())
    return [item for item in at if item.role == "reference" and item.resolved and fold(item.of) == fold(crate)]


def _port(value: object) -> int:
    try:
        return port_number(value)
    except ValueError as error:
        raise InvalidPort(str(error), port=value) from None


def _lines(record: Record | None) -> list[str]:
    if record is None:
        return []
    return [line if line.endswith("\n") else f"{line}\n" for line in record.manifest.source.text.splitlines(True)]
