"""The port plan: blocks, reserved and decoy ports, mirror sets, sister offset. Configuration, with defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

from workbench.fleet.model import fold
from workbench.fleet.muting import Mute
from workbench.fleet.values import MAX_PORT


@dataclass(frozen=True, slots=True)
class Block:
    """An inclusive range of ports with one purpose; an inner block refines the one around it."""

    name: str
    first: int
    last: int

    def __contains__(self, port: int) -> bool:
        return self.first <= port <= self.last

    def __len__(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Override:
    """A decision about one label of one crate that outranks every rule, with the reason for it."""

    crate: str
    label: str
    role: Literal["owner", "reference"]
    reason: str
    of: str = ""
    """For a reference: the crate, or the outside service, whose port it is."""


DEFAULT_BLOCKS: Final = (
    Block("Command Center", 15180, 15199),
    Block("Foundation and core", 18000, 18099),
    Block("Neural Mux and AI", 18100, 18199),
    Block("Orbital", 18120, 18139),
    Block("CDN", 18140, 18159),
    Block("Neural mesh", 18160, 18179),
    Block("GIS", 18400, 18499),
    Block("Front-end development", 21575, 21575),
    Block("Front-end mirror", 25175, 25175),
)
DEFAULT_RESERVED: Final[Mapping[int, str]] = {18103: "port-manager", 18108: "", 18111: ""}
DEFAULT_DECOYS: Final = frozenset({18150, 18151, 18152})
DEFAULT_MIRRORS: Final[Mapping[int, tuple[int, ...]]] = {
    18120: (18121, 18122),
    18140: (18141, 18142),
    18150: (18151, 18152),
    18160: (18161, 18162),
}
DEFAULT_EPHEMERAL: Final = (32768, 60999)
"""Linux's default `net.ipv4.ip_local_port_range`."""


@dataclass(frozen=True)
class PortPlan:
    """What ports are for. Every value can be configured; the defaults are those of the fleet we know."""

    blocks: tuple[Block, ...] = DEFAULT_BLOCKS
    reserved: Mapping[int, str] = field(default_factory=lambda: DEFAULT_RESERVED)
    """Reserved port to the (folded) name of the crate that it is kept for; empty if for nobody."""
    decoys: frozenset[int] = DEFAULT_DECOYS
    mirrors: Mapping[int, tuple[int, ...]] = field(default_factory=lambda: DEFAULT_MIRRORS)
    sister_offset: int = 32768
    ephemeral: tuple[int, int] = DEFAULT_EPHEMERAL
    privileged_below: int = 1024
    overrides: tuple[Override, ...] = ()
    mutes: tuple[Mute, ...] = ()

    def override(self, crate: str, label: str) -> Override | None:
        """Return what was decided by hand about a label of a crate, both compared as names are; None if nothing."""
        return self._overrides.get(fold(crate), {}).get(fold(label)) if self.overrides else None

    def overrides_of(self, crate: str) -> tuple[Override, ...]:
        """Return all that was decided by hand about a crate."""
        return tuple(self._overrides.get(fold(crate), {}).values()) if self.overrides else ()

    @cached_property
    def _overrides(self) -> dict[str, dict[str, Override]]:
        index: dict[str, dict[str, Override]] = {}
        for item in self.overrides:
            index.setdefault(fold(item.crate), {})[fold(item.label)] = item
        return index

    def sister(self, port: int) -> int | None:
        """Return the sister of a primary port; None where primary + offset does not fit in 16 bits."""
        sister = port + self.sister_offset
        return sister if sister <= MAX_PORT else None

    def block_of(self, port: int) -> Block | None:
        """Return the narrowest block that holds a port; None outside all blocks."""
        return self._block_of_port.get(port)

    @cached_property
    def _block_of_port(self) -> dict[int, Block]:
        widest_first = sorted(self.blocks, key=len, reverse=True)
        return {port: block for block in widest_first for port in range(block.first, block.last + 1)}

    def is_ephemeral(self, port: int) -> bool:
        """Whether the system may hand out this port to outgoing connections."""
        return self.ephemeral[0] <= port <= self.ephemeral[1]

    def is_privileged(self, port: int) -> bool:
        """Whether only the superuser may bind this port."""
        return port < self.privileged_below
