"""The port map's cells: every port of the plan and every port spoken of, with its state and its place on the map."""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from workbench.dashboards.port_observed import use_of
from workbench.fleet.model import PortClaim
from workbench.fleet.plan import Block, PortPlan
from workbench.fleet.snapshot import Snapshot

PortState = Literal["conflict", "owned", "reference", "assigned", "observed", "sister", "reserved", "decoy", "free"]
STATES: Final[tuple[PortState, ...]] = (
    "owned",
    "reference",
    "assigned",
    "observed",
    "sister",
    "reserved",
    "decoy",
    "conflict",
    "free",
)
Holders = frozenset[tuple[int, str]]
"""Assigned ports, each with the crate that it was handed out to."""

ROW_LENGTH: Final = 20
_WHOLE_BLOCK: Final = 400
"""Blocks up to this many ports are shown whole; of larger ones only the rows in which something happens."""


_LONGEST_STRIP: Final = 400


@dataclass(frozen=True, slots=True)
class Cell:
    """One port on the map: column and row count from the upper left."""

    port: int
    column: int
    row: int
    state: PortState
    block: str
    owner: str
    labels: str
    reason: str


@dataclass(frozen=True, slots=True)
class Heading:
    """The title above a strip of cells."""

    row: int
    title: str
    note: str


@dataclass(frozen=True, slots=True)
class PortMap:
    """All cells and headings; `rows` is the map's height in rows."""

    cells: tuple[Cell, ...]
    headings: tuple[Heading, ...]
    rows: int


def port_map(snapshot: Snapshot, holders: Holders = frozenset()) -> PortMap:
    """Return the map of a snapshot with the ports that are assigned, made once and shared."""
    return snapshot.derive(("port-map", holders), lambda s: _Drawing(s, dict(holders)).map())


def port_state(port: int, snapshot: Snapshot, assigned: Container[int] = ()) -> PortState:
    """Return what a port is; what is graver hides what is not."""
    if port in snapshot.derive("colliding-ports", _colliding):
        return "conflict"
    roles = {claim.role for claim in snapshot.at_port.get(port, ())}
    if "owner" in roles:
        return "owned"
    if "reference" in roles:
        return "reference"
    if port in assigned:
        return "assigned"
    if not roles and snapshot.observed.is_in_use(port):
        return "observed"
    if port in snapshot.plan.decoys:
        return "decoy"
    if port in snapshot.plan.reserved:
        return "reserved"
    return "sister" if roles else "free"


def _colliding(snapshot: Snapshot) -> frozenset[int]:
    return frozenset(port for item in snapshot.collisions for port in item.ports[:1] if port in snapshot.at_port)


class _Drawing:
    def __init__(self, snapshot: Snapshot, assigned: Mapping[int, str]) -> None:
        self.snapshot = snapshot
        self.assigned = assigned
        self.plan: PortPlan = snapshot.plan
        self.row = 0
        self.cells: list[Cell] = []
        self.headings: list[Heading] = []

    def map(self) -> PortMap:
        for block in top_blocks(self.plan.blocks):
            self._block(block)
        outside = [
            port
            for port in sorted({*self.snapshot.at_port, *self.assigned, *self.snapshot.observed.registrations_at})
            if self.plan.block_of(port) is None
        ]
        companions = {port for port in outside if self._state(port) == "sister"}
        self._strip("Outside every block", [port for port in outside if port not in companions])
        self._strip("Sister ports", sorted(companions))
        return PortMap(tuple(self.cells), tuple(self.headings), self.row)

    def _block(self, block: Block) -> None:
        inner = [b for b in self.plan.blocks if b is not block and b.first >= block.first and b.last <= block.last]
        ports = range(block.first, block.last + 1)
        used = sum(self._state(port) not in ("free", "reserved", "decoy") for port in ports)
        note = f"{_range(block)} · {used} used, {len(ports) - used} not"
        if inner:
            note += " · within it " + ", ".join(b.name for b in inner)
        rows = [ports[start : start + ROW_LENGTH] for start in range(0, len(ports), ROW_LENGTH)]
        kept = rows if len(block) <= _WHOLE_BLOCK else [row for row in rows if any(self._is_used(p) for p in row)]
        if len(kept) < len(rows):
            note += f" · {len(rows) - len(kept)} empty rows left out"
        self._heading(block.name, note)
        for row in kept:
            self._row(enumerate(row))

    def _state(self, port: int) -> PortState:
        return port_state(port, self.snapshot, self.assigned)

    def _is_used(self, port: int) -> bool:
        return self._state(port) != "free"

    def _strip(self, title: str, ports: list[int]) -> None:
        if not ports:
            return
        note = f"{len(ports):,} spoken of"
        if len(ports) > _LONGEST_STRIP:
            gravest = sorted(ports, key=lambda port: (self._state(port) != "conflict", port))
            ports = sorted(gravest[:_LONGEST_STRIP])
            note = f"showing {_LONGEST_STRIP:,} of {note}, conflicts first"
        self._heading(title, note)
        for start in range(0, len(ports), ROW_LENGTH):
            self._row(enumerate(ports[start : start + ROW_LENGTH]))

    def _heading(self, title: str, note: str) -> None:
        self.headings.append(Heading(self.row, title, note))
        self.row += 1

    def _row(self, ports: Iterable[tuple[int, int]]) -> None:
        self.cells.extend(_cell(port, column, self.row, self.snapshot, self.assigned) for column, port in ports)
        self.row += 1


def top_blocks(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield the blocks that lie in no other, by their first port."""
    everything = list(blocks)
    for block in sorted(everything, key=lambda b: (b.first, -b.last)):
        if not any(b is not block and b.first <= block.first and block.last <= b.last for b in everything):
            yield block


def _range(block: Block) -> str:
    return str(block.first) if block.first == block.last else f"{block.first}–{block.last}"


def _cell(port: int, column: int, row: int, snapshot: Snapshot, assigned: Mapping[int, str]) -> Cell:
    claims = snapshot.at_port.get(port, ())
    block = snapshot.plan.block_of(port)
    state = port_state(port, snapshot, assigned)
    is_assigned = state == "assigned"
    return Cell(
        port, column, row, state, block.name if block else "outside every block",
        assigned[port] if is_assigned else _owner(claims, port, snapshot.plan), _labels(claims),
        "assigned, and not in a manifest yet" if is_assigned else use_of(port, snapshot) if state == "observed"
        else _reason(claims, port, snapshot),
    )  # fmt: skip


def _owner(claims: tuple[PortClaim, ...], port: int, plan: PortPlan) -> str:
    owners = list(dict.fromkeys(claim.crate for claim in claims if claim.role == "owner"))
    if owners:
        return ", ".join(owners)
    if claims:
        return f"nobody; {claims[0].role} of {claims[0].of}"
    return plan.reserved.get(port) or "nobody"


def _labels(claims: tuple[PortClaim, ...]) -> str:
    return ", ".join(dict.fromkeys(claim.label for claim in claims)) or "none"


def _reason(claims: tuple[PortClaim, ...], port: int, snapshot: Snapshot) -> str:
    for item in snapshot.derive("collisions-by-port", _collisions_by_port).get(port, ()):
        return str(item)
    if claims:
        return claims[0].reason
    if port in snapshot.plan.decoys:
        return "kept as a decoy by the port plan"
    return "reserved by the port plan" if port in snapshot.plan.reserved else "free"


def _collisions_by_port(snapshot: Snapshot) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for item in snapshot.collisions:
        for port in item.ports:
            found.setdefault(port, []).append(item.message)
    return found
