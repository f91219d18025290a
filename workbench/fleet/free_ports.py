"""Ports that nobody has: not claimed, not set aside, with sister and mirrors free too."""

from collections.abc import Iterator

from workbench.fleet.snapshot import Snapshot


def free_ports(snapshot: Snapshot, first: int, last: int, taken: frozenset[int] = frozenset()) -> Iterator[int]:
    """Yield the free ports from `first` to `last`, in order.

    A port is free if it is neither claimed in any role, nor reserved, nor a decoy, nor among `taken`, and if the
    same holds for its sister (where it has one) and its mirrors.
    """
    plan = snapshot.plan

    def is_free(port: int) -> bool:
        claimed = port in snapshot.at_port or port in taken
        return not claimed and port not in plan.reserved and port not in plan.decoys

    for port in range(first, last + 1):
        sister = plan.sister(port)
        companions = (*plan.mirrors.get(port, ()), *(() if sister is None else (sister,)))
        if is_free(port) and all(is_free(companion) for companion in companions):
            yield port
