"""Ports handed out to crates: a state machine without I/O, folded from its journal."""

import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal, NamedTuple

import orjson

from workbench.errors import (
    BlockFull,
    Conflict,
    IdempotencyConflict,
    InvalidRequest,
    NotAssigned,
    PortTaken,
    UnknownBlock,
)
from workbench.fleet.free_ports import free_ports
from workbench.fleet.obstacles import obstacle
from workbench.fleet.plan import Block, PortPlan
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.wire import iso

Action = Literal["made", "released", "expired"]

DEFAULT_LABEL: Final = "http"
KEPT_ENDED: Final = 10_000
"""How many assignments that ended are remembered, with their idempotency keys; the journal keeps all."""


@dataclass(frozen=True, slots=True)
class AssignmentRequest:
    """What a caller asks for. `lease_seconds` is how long the port is wanted; None until it is released."""

    crate_name: str
    label: str = DEFAULT_LABEL
    block: str | None = None
    preferred: int | None = None
    lease_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """A port handed out to a crate. Moments are seconds since the epoch, to the millisecond."""

    id: str
    crate_name: str
    label: str
    port: int
    sister_port: int | None
    block: str | None
    assigned_at: float
    expires_at: float | None = None
    released_at: float | None = None
    idempotency_key: str | None = None
    actor: str = ""
    request: str = ""
    """The request as JSON, to tell a repetition from another request under the same key."""
    release_key: str | None = None
    release_request: str | None = None
    """The same of the request that ended it."""


class Entry(NamedTuple):
    """One line of the journal: what happened, when, by whom, and the assignment as it stands afterwards."""

    action: Action
    at: float
    actor: str
    assignment: Assignment


class Assignments:
    """All assignments that hold, and the newest of those that ended.

    Each method that changes something returns the journal's entry of it. Whoever needs to take changes back makes
    a `copy` first: a copy shares nothing that changes.
    """

    def __init__(self, entries: Iterable[Entry] = (), new_id: Callable[[], str] = lambda: secrets.token_hex(8)) -> None:
        self.version = 0
        """How many entries were folded in."""
        self._new_id = new_id
        self._active: dict[int, Assignment] = {}
        self._ended: dict[str, Assignment] = {}
        self._by_key: dict[tuple[str, str], tuple[str, str]] = {}
        """(the request as JSON, id of its assignment) by (who asked, key)."""
        self._keys: dict[str, tuple[tuple[str, str], ...]] = {}
        """(who asked, key) of an assignment's requests by its id."""
        for entry in entries:
            self._fold(entry)

    def copy(self) -> "Assignments":
        """Return a copy that can be changed without changing this one."""
        copy = Assignments(new_id=self._new_id)
        copy.version = self.version
        copy._active, copy._ended, copy._by_key = dict(self._active), dict(self._ended), dict(self._by_key)
        copy._keys = dict(self._keys)
        return copy

    @property
    def active(self) -> list[Assignment]:
        """The assignments that hold, by port."""
        return [self._active[port] for port in sorted(self._active)]

    @property
    def history(self) -> list[Assignment]:
        """The assignments that hold and those that ended, newest first."""
        return sorted((*self._active.values(), *self._ended.values()), key=lambda item: item.assigned_at, reverse=True)

    @property
    def next_expiry(self) -> float | None:
        """When the first of the leases ends; None if there is none."""
        return min((item.expires_at for item in self._active.values() if item.expires_at is not None), default=None)

    def at(self, port: int, plan: PortPlan) -> list[Assignment]:
        """Return the assignments that hold a port, as itself, as a sister or as a mirror."""
        return [item for item in self.active if port in (item.port, item.sister_port, *plan.mirrors.get(item.port, ()))]

    def assign(
        self, request: AssignmentRequest, snapshot: Snapshot, now: float, key: str | None = None, actor: str = ""
    ) -> tuple[Assignment, Entry | None]:
        """Return (assignment, its entry); no entry if an earlier request with the same key is answered again.

        Raises IdempotencyConflict, PortTaken, BlockFull, UnknownBlock, or InvalidRequest if it is not clear which
        block to choose from.
        """
        asked = orjson.dumps(asdict(request)).decode()
        earlier = self._earlier(actor, key, asked)
        if earlier is not None:
            return earlier, None
        port, block = self._chosen(request, snapshot)
        now = round(now, 3)
        made = Assignment(
            id=self._new_id(),
            crate_name=request.crate_name,
            label=request.label,
            port=port,
            sister_port=snapshot.plan.sister(port),
            block=block.name if block else None,
            assigned_at=now,
            expires_at=None if request.lease_seconds is None else round(now + request.lease_seconds, 3),
            idempotency_key=key,
            actor=actor,
            request=asked,
        )
        return made, self._fold(Entry("made", now, actor, made))

    def release(
        self, port: int, now: float, actor: str = "", expected: str | None = None, key: str | None = None
    ) -> tuple[Assignment, Entry | None]:
        """Give a port back; return the assignment that ended, and the entry, None for a repetition under its key.

        `expected` is the id that the assignment must have. Raises NotAssigned, Conflict, and IdempotencyConflict.
        """
        asked = orjson.dumps({"release": port, "id": expected}).decode()
        earlier = self._earlier(actor, key, asked)
        if earlier is not None:
            return earlier, None
        held = self._active.get(port)
        if held is None:
            raise NotAssigned(f"port {port} is not assigned", port=port)
        if expected is not None and held.id != expected:
            raise Conflict(f"port {port} is assigned to {held.crate_name} under another id", port=port, id=held.id)
        now = round(now, 3)
        ended = replace(held, released_at=now, release_key=key, release_request=None if key is None else asked)
        return ended, self._fold(Entry("released", now, actor, ended))

    def expire(self, now: float) -> list[Entry]:
        """End every lease whose time is over."""
        over = [item for item in self._active.values() if item.expires_at is not None and item.expires_at <= now]
        return [self._fold(Entry("expired", round(now, 3), "", item)) for item in over]

    def _earlier(self, actor: str, key: str | None, asked: str) -> Assignment | None:
        """Return the assignment that a request under this key was answered with; raises IdempotencyConflict."""
        if key is None or (actor, key) not in self._by_key:
            return None
        request, name = self._by_key[actor, key]
        if request != asked:
            raise IdempotencyConflict(f'the key "{key}" was used for another request', key=key, id=name)
        return self._ended.get(name) or next(item for item in self._active.values() if item.id == name)

    def _fold(self, entry: Entry) -> Entry:
        self.version += 1
        item = entry.assignment
        if entry.action == "made":
            self._active[item.port] = item
        else:
            if self._active.get(item.port, item).id == item.id:
                self._active.pop(item.port, None)
            self._ended[item.id] = item
        if entry.action == "made":
            self._remember(item.actor, item.idempotency_key, item.request, item.id)
        else:
            self._remember(entry.actor, item.release_key, item.release_request, item.id)
        while len(self._ended) > KEPT_ENDED:
            name = next(iter(self._ended))
            del self._ended[name]
            for pair in self._keys.pop(name, ()):
                self._by_key.pop(pair, None)
        return entry

    def _remember(self, actor: str, key: str | None, request: str | None, name: str) -> None:
        if key is not None and request is not None:
            self._by_key[actor, key] = request, name
            self._keys[name] = (*self._keys.get(name, ()), (actor, key))

    def _chosen(self, request: AssignmentRequest, snapshot: Snapshot) -> tuple[int, Block | None]:
        plan = snapshot.plan
        taken = frozenset(self._active)
        block = named_block(plan, request.block) if request.block is not None else None
        if request.preferred is not None:
            return self._preferred(request, request.preferred, block, snapshot, taken)
        block = block or own_block(request.crate_name, snapshot)
        for port in free_ports(snapshot, block.first, block.last, taken):
            if plan.block_of(port) == block:
                return port, block
        raise BlockFull(
            f'block "{block.name}" ({block.first}-{block.last}) has no free port',
            block=block.name, first=block.first, last=block.last,
        )  # fmt: skip

    def _preferred(
        self, request: AssignmentRequest, port: int, block: Block | None, snapshot: Snapshot, taken: frozenset[int]
    ) -> tuple[int, Block | None]:
        if block is not None and port not in block:
            raise InvalidRequest(
                f'preferred: {port} lies outside block "{block.name}" ({block.first}-{block.last})',
                parameter="preferred", found=port,
            )  # fmt: skip
        reason = obstacle(snapshot, port, taken, request.crate_name)
        if reason is not None:
            held = self._active.get(port)
            raise PortTaken(f"{reason} to {held.crate_name}" if held else reason, port=port)
        return port, block or snapshot.plan.block_of(port)


def named_block(plan: PortPlan, name: str) -> Block:
    """Return the block that bears a name, in any case; raises UnknownBlock."""
    for block in plan.blocks:
        if block.name.lower() == name.strip().lower():
            return block
    known = [block.name for block in plan.blocks]
    raise UnknownBlock(f'no block is named "{name}"; there are {", ".join(known)}', parameter="block", blocks=known)


def own_block(crate_name: str, snapshot: Snapshot) -> Block:
    """Return the block that holds most ports of a crate, the lowest of equals; raises InvalidRequest without one."""
    counts: dict[Block, int] = {}
    for port in sorted(_owned(crate_name, snapshot)):
        block = snapshot.plan.block_of(port)
        if block is not None:
            counts[block] = counts.get(block, 0) + 1
    if not counts:
        raise InvalidRequest(
            f"{crate_name} owns no port in any block: say which `block` to choose from",
            parameter="block", blocks=[block.name for block in snapshot.plan.blocks],
        )  # fmt: skip
    return max(counts, key=lambda block: counts[block])


def _owned(crate_name: str, snapshot: Snapshot) -> Iterator[int]:
    for record in snapshot.records_named(crate_name):
        yield from (claim.port for claim in record.claims if claim.role == "owner")


def assignment_model(item: Assignment, *, durable: bool) -> dict[str, Any]:
    """Return a PortAssignment; `durable` says whether it survives a restart."""
    return {
        "id": item.id,
        "crate_name": item.crate_name,
        "label": item.label,
        "port": item.port,
        "sister_port": item.sister_port,
        "block": item.block,
        "assigned_at": iso(item.assigned_at),
        "expires_at": iso(item.expires_at),
        "released_at": iso(item.released_at),
        "actor": item.actor,
        "durable": durable,
    }
