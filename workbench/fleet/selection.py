"""Which findings are shown and counted: by code, by kind and by severity."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workbench.fleet.model import Finding
from workbench.fleet.rules import RULES, SEVERITIES, Severity


@dataclass(frozen=True, slots=True)
class Selection:
    """A choice of findings. Patterns are codes (`SC101`), beginnings of codes (`SC1`) or kinds (`owner-collision`)."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severity: Severity = "hint"

    def __post_init__(self) -> None:
        for pattern in (*self.select, *self.ignore):
            check_pattern(pattern)

    def __contains__(self, item: Finding) -> bool:
        chosen = not self.select or any(matches(pattern, item.code, item.kind) for pattern in self.select)
        refused = any(matches(pattern, item.code, item.kind) for pattern in self.ignore)
        return chosen and not refused and SEVERITIES.index(item.severity) <= SEVERITIES.index(self.severity)

    def of(self, findings: Iterable[Finding]) -> Sequence[Finding]:
        """Return the findings that are chosen, in their order."""
        return [item for item in findings if item in self]


def check_pattern(pattern: str) -> None:
    """Raise ValueError if a pattern matches no rule."""
    if not any(matches(pattern, code, rule.kind) for code, rule in RULES.items()):
        raise ValueError(f'"{pattern}" is no code, beginning of a code, or kind of finding')


def matches(pattern: str, code: str, kind: str) -> bool:
    """Whether a pattern means a rule, given by its code and kind."""
    return pattern == kind or (pattern.startswith("SC") and code.startswith(pattern))
