"""Muting: findings that are known and accepted, with the reason. They are counted, never gone."""

from dataclasses import dataclass

from workbench.fleet.model import Finding, fold
from workbench.fleet.selection import check_pattern, matches


@dataclass(frozen=True, slots=True)
class Mute:
    """Findings that are accepted: those of a kind or code, where given only of one crate or on one port.

    Raises ValueError if the pattern is no code, beginning of a code, or kind.
    """

    kind: str
    reason: str
    crate: str = ""
    port: int | None = None

    def __post_init__(self) -> None:
        check_pattern(self.kind)

    def __contains__(self, item: Finding) -> bool:
        return (
            matches(self.kind, item.code, item.kind)
            and (self.port is None or self.port in item.ports)
            and (not self.crate or fold(self.crate) in map(fold, item.crates))
        )

    def __str__(self) -> str:
        crate = f" for {self.crate}" if self.crate else ""
        port = "" if self.port is None else f" on port {self.port}"
        return f'the mute of "{self.kind}"{crate}{port}'


def muted(item: Finding, mutes: tuple[Mute, ...]) -> Finding:
    """Return a finding, with the reason of the first mute that accepts it; the finding itself if none does."""
    reason = next((mute.reason for mute in mutes if item in mute), None)
    return item if reason is None else item._replace(muted=reason)
