"""The port map as text: a line for every fifty ports of a block, a character for each."""

from collections.abc import Iterator
from typing import Final

from workbench.fleet.model import PortClaim
from workbench.fleet.obstacles import obstacle
from workbench.fleet.plan import Block
from workbench.fleet.snapshot import Snapshot

_WIDTH: Final = 50
LEGEND: Final = "! collision  # owned  r referenced  s sister  m mirror  x reserved  d decoy  - not free  . free"
_ROLES: Final = (("owner", "#"), ("reference", "r"), ("sister", "s"), ("mirror", "m"))


def chart_lines(snapshot: Snapshot) -> Iterator[str]:
    """Yield the chart of all blocks, and the legend; what an inner block refines is drawn there alone."""
    collisions = {port for item in snapshot.collisions for port in item.ports}
    for block in sorted(set(snapshot.plan.blocks), key=lambda item: (item.first, -item.last)):
        cells = {port: _cell(port, block, snapshot, collisions) for port in range(block.first, block.last + 1)}
        owned = sum(cell in "!#" for cell in cells.values())
        free = sum(cell == "." for cell in cells.values())
        yield f"{block.name}  {block.first}-{block.last}  {owned} owned, {free} free"
        for first in range(block.first, block.last + 1, _WIDTH):
            row = "".join(cells[port] for port in range(first, min(first + _WIDTH, block.last + 1)))
            yield f"  {first:>5}  {row}".rstrip()
        yield ""
    yield LEGEND


def _cell(port: int, block: Block, snapshot: Snapshot, collisions: set[int]) -> str:
    plan = snapshot.plan
    if plan.block_of(port) != block:
        return " "
    if port in collisions:
        return "!"
    claims: tuple[PortClaim, ...] = snapshot.at_port.get(port, ())
    roles = {claim.role for claim in claims}
    for role, sign in _ROLES:
        if role in roles:
            return sign
    if port in plan.reserved:
        return "x"
    if port in plan.decoys:
        return "d"
    return "-" if obstacle(snapshot, port) else "."
