"""The `[ports]` settings: the port plan as it is written in `workbench.toml`."""

from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from workbench.fleet.model import fold
from workbench.fleet.muting import Mute
from workbench.fleet.plan import (
    DEFAULT_BLOCKS,
    DEFAULT_DECOYS,
    DEFAULT_EPHEMERAL,
    DEFAULT_MIRRORS,
    DEFAULT_RESERVED,
    Block,
    Override,
    PortPlan,
)
from workbench.fleet.selection import check_pattern
from workbench.fleet.values import MAX_PORT

EPHEMERAL_FILE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")

PortNumber = Annotated[int, Field(ge=1, le=MAX_PORT, strict=True)]


class Section(BaseModel):
    """A table of the settings: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BlockSettings(Section):
    """One of `[[ports.blocks]]`."""

    name: str
    first: PortNumber
    last: PortNumber

    @model_validator(mode="after")
    def _ordered(self) -> "BlockSettings":
        if self.first > self.last:
            raise ValueError(f"first ({self.first}) is above last ({self.last})")
        return self


class OverrideSettings(Section):
    """One label in `[ports.overrides."crate-name"]`."""

    role: Literal["owner", "reference"]
    of: str = ""
    reason: Annotated[str, Field(min_length=1)]

    @model_validator(mode="after")
    def _whose(self) -> "OverrideSettings":
        if self.role == "reference" and not self.of:
            raise ValueError('role = "reference" needs of = "…", the crate whose port it is')
        if self.role == "owner" and self.of:
            raise ValueError('role = "owner" takes no of: the crate itself owns the port')
        return self


class MuteSettings(Section):
    """One of `[[ports.mute]]`."""

    kind: str
    crate: str = ""
    port: PortNumber | None = None
    reason: Annotated[str, Field(min_length=1)]

    @field_validator("kind")
    @classmethod
    def _known(cls, value: str) -> str:
        check_pattern(value)
        return value


class PortSettings(Section):
    """`[ports]`: the port plan."""

    blocks: tuple[BlockSettings, ...] = tuple(
        BlockSettings(name=block.name, first=block.first, last=block.last) for block in DEFAULT_BLOCKS
    )
    reserved: dict[PortNumber, str] = Field(default_factory=lambda: dict(DEFAULT_RESERVED))
    decoys: frozenset[PortNumber] = DEFAULT_DECOYS
    mirrors: dict[PortNumber, tuple[PortNumber, ...]] = Field(default_factory=lambda: dict(DEFAULT_MIRRORS))
    sister_offset: Annotated[int, Field(ge=1, le=MAX_PORT)] = 32768
    ephemeral: tuple[PortNumber, PortNumber] = DEFAULT_EPHEMERAL
    """First and last; written as `"system"`, what the kernel says here."""
    privileged_below: Annotated[int, Field(ge=0, le=MAX_PORT + 1)] = 1024
    overrides: dict[str, dict[str, OverrideSettings]] = Field(default_factory=dict)
    mute: tuple[MuteSettings, ...] = ()

    @field_validator("ephemeral", mode="before")
    @classmethod
    def _of_the_system(cls, value: Any) -> Any:
        return system_ephemeral_range() if value in ("system", ["system"]) else value

    @field_validator("reserved", "mirrors", mode="before")
    @classmethod
    def _numbered(cls, value: Any) -> Any:
        """Turn TOML's keys, which are always strings, into numbers."""
        if isinstance(value, dict):
            return {
                int(key) if isinstance(key, str) and key.isascii() and key.isdigit() else key: v
                for key, v in value.items()
            }
        return value

    @field_validator("overrides")
    @classmethod
    def _decided_once(cls, value: dict[str, dict[str, OverrideSettings]]) -> dict[str, dict[str, OverrideSettings]]:
        seen: set[tuple[str, str]] = set()
        for crate, labels in value.items():
            for label, item in labels.items():
                if (key := (fold(crate), fold(label))) in seen:
                    raise ValueError(f'"{label}" of "{crate}" is decided twice, in spellings that mean the same')
                if fold(item.of) == fold(crate):
                    raise ValueError(f'"{label}" of "{crate}" refers to the crate itself; write role = "owner"')
                seen.add(key)
        return value

    def plan(self) -> PortPlan:
        """Return the port plan that these settings describe."""
        return PortPlan(
            blocks=tuple(Block(block.name, block.first, block.last) for block in self.blocks),
            reserved=self.reserved,
            decoys=self.decoys,
            mirrors=self.mirrors,
            sister_offset=self.sister_offset,
            ephemeral=self.ephemeral,
            privileged_below=self.privileged_below,
            overrides=tuple(
                Override(crate, label, item.role, item.reason, item.of)
                for crate, labels in self.overrides.items()
                for label, item in labels.items()
            ),
            mutes=tuple(Mute(item.kind, item.reason, item.crate, item.port) for item in self.mute),
        )


def system_ephemeral_range(file: Path = EPHEMERAL_FILE) -> tuple[int, int]:
    """Return (first, last) of the ports that this system gives to outgoing connections.

    Where Linux does not say, the default of Linux is returned.
    """
    try:
        first, last = (int(word) for word in file.read_text(encoding="ascii").split())
    except (OSError, ValueError):
        return DEFAULT_EPHEMERAL
    return first, last
