"""Which ports can be handed out."""

from collections.abc import Iterator

from workbench.fleet.obstacles import obstacle
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.values import MAX_PORT


def free_ports(snapshot: Snapshot, first: int, last: int, taken: frozenset[int] = frozenset()) -> Iterator[int]:
    """Yield the free ports of an inclusive range in ascending order; `taken` are further ports to leave alone.

    See `workbench.fleet.obstacles.obstacle` for what makes a port free.
    """
    for port in range(max(first, 1), min(last, MAX_PORT) + 1):
        # What is plainly taken is most of what stands before the next free port of a block.
        if port not in taken and obstacle(snapshot, port, taken) is None:
            yield port
