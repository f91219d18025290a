"""Moves that clear every collision of ports, few and each to a port that nobody has."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from workbench.errors import WorkbenchError
from workbench.fleet.free_ports import free_ports
from workbench.fleet.model import Finding, PortClaim, fold
from workbench.fleet.plan import Block
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.values import MAX_PORT
from workbench.fleet.whatif import MovePort, PlanResult, plan_changes


@dataclass(frozen=True, slots=True)
class Proposal:
    """A move against one collision, and what it would do."""

    move: MovePort
    result: PlanResult


def propose_moves(snapshot: Snapshot) -> list[MovePort]:
    """Return moves that, made in order, leave no collision, muted ones aside.

    The owner that most references expect keeps its port; others go to the next free port of their block, and their
    references follow. A collision stays only where its sides stand in broken manifests or no port is free.
    """
    moves: list[MovePort] = []
    stuck: set[object] = set()
    for _ in range(4 * len(snapshot.claims)):
        collision = next((item for item in snapshot.collisions if item.identity not in stuck), None)
        if collision is None:
            break
        proposal = propose_move(snapshot, collision)
        if proposal is None:
            stuck.add(collision.identity)
        else:
            moves.append(proposal.move)
            snapshot = proposal.result.snapshot
    return moves


def propose_move(snapshot: Snapshot, collision: Finding, taken: frozenset[int] = frozenset()) -> Proposal | None:
    """Return the move that clears one collision, whatever others there are; None if there is none.

    `taken` are ports that nothing moves to, though no manifest claims them.
    """
    for move in _moves_for(snapshot, collision, taken):
        result = _result(snapshot, move)
        if result is not None and any(item.identity == collision.identity for item in result.vanished):
            return Proposal(move, result)
    return None


def _result(snapshot: Snapshot, move: MovePort) -> PlanResult | None:
    """Return what a move would do; None where a manifest that it touches cannot be edited."""
    try:
        return plan_changes(snapshot, [move])
    except WorkbenchError:
        return None


def _moves_for(snapshot: Snapshot, collision: Finding, taken: frozenset[int]) -> Iterator[MovePort]:
    """Yield the moves that would help against a collision, the best first."""
    (port,) = collision.ports
    claims = [item for item in snapshot.at_port.get(port, ()) if item.crate in collision.crates]
    if collision.kind == "sister-collision":
        yield from _corrections(snapshot, claims)
    for claim in _movable(snapshot, collision, claims):
        to = next(_destinations(snapshot, claim, taken), None)
        if to is not None:
            yield _move(claim, to)


def _move(claim: PortClaim, to: int) -> MovePort:
    return MovePort(claim.crate, claim.label, to, claim.port, claim.site.path, references=True)


def _corrections(snapshot: Snapshot, claims: Iterable[PortClaim]) -> Iterator[MovePort]:
    """Yield the moves of wrongly declared sisters to where they belong, as far as nobody else is there."""
    for claim in claims:
        if claim.role == "sister" and claim.primary is not None:
            right = snapshot.plan.sister(claim.primary)
            if right is not None and right != claim.port and right not in snapshot.at_port:
                yield _move(claim, right)


def _movable(snapshot: Snapshot, collision: Finding, claims: list[PortClaim]) -> list[PortClaim]:
    owners = [item for item in claims if item.role == "owner"]
    if collision.kind == "owner-collision":
        return _least_expected_first(snapshot, owners)
    if collision.kind == "duplicate-in-crate":
        files = {site.path for site in collision.sites}
        return [item for item in owners if item.site.path in files][::-1]
    if collision.kind in ("sister-collision", "mirror-collision"):
        companions = [item for item in claims if item.role in ("sister", "mirror")]
        primaries = [owner for item in companions for owner in _primaries(snapshot, item)]
        return [*_least_expected_first(snapshot, owners), *primaries, *(c for c in companions if not c.derived)]
    return owners


def _least_expected_first(snapshot: Snapshot, owners: Iterable[PortClaim]) -> list[PortClaim]:
    """Return owners of one port by the number of references that expect them there; of equals, the last file first.

    The crate that a port is reserved for comes last.
    """

    def weight(owner: PortClaim) -> tuple[bool, int]:
        name = fold(owner.crate)
        at = snapshot.at_port.get(owner.port, ())
        callers = sum(item.role == "reference" and fold(item.of) == name for item in at)
        return fold(snapshot.plan.reserved.get(owner.port, "")) == name, callers

    last_first = list(owners)[::-1]
    return sorted(last_first, key=weight)


def _primaries(snapshot: Snapshot, companion: PortClaim) -> list[PortClaim]:
    """Return the owned ports that a sister or mirror accompanies, in its own manifest."""
    claims = snapshot.records[companion.site.path].claims
    return [item for item in claims if item.role == "owner" and item.port == companion.primary]


def _destinations(snapshot: Snapshot, claim: PortClaim, taken: frozenset[int]) -> Iterator[int]:
    """Yield the free ports for a claim that moves: of its block, else next to where it is, else from 1024 on."""
    for block in _homes(snapshot, claim):
        for port in free_ports(snapshot, block.first, block.last, taken):
            if snapshot.plan.block_of(port) is block:
                yield port
    yield from free_ports(snapshot, claim.port + 1, MAX_PORT, taken)
    yield from free_ports(snapshot, max(1024, snapshot.plan.privileged_below), claim.port, taken)


def _homes(snapshot: Snapshot, claim: PortClaim) -> list[Block]:
    """Return the block that holds a claim; for one outside all blocks, those of the crate's other ports."""
    ports = [claim.port, *(c.port for c in snapshot.records[claim.site.path].claims if c.role == "owner")]
    blocks = [block for port in ports if (block := snapshot.plan.block_of(port)) is not None]
    return blocks[:1] if snapshot.plan.block_of(claim.port) else list(dict.fromkeys(blocks))
