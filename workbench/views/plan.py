"""What changes would do, as a notebook shows it."""

from collections.abc import Sequence
from html import escape

from workbench.fleet.model import Finding
from workbench.fleet.whatif import PlanResult

_SHOWN = 20


class PlanView:
    """The findings that changes would bring and take away; nothing is written. It shows itself in a notebook."""

    def __init__(self, result: PlanResult) -> None:
        self.result = result

    @property
    def appeared(self) -> tuple[Finding, ...]:
        """The findings that would appear."""
        return self.result.appeared

    @property
    def vanished(self) -> tuple[Finding, ...]:
        """The findings that would vanish."""
        return self.result.vanished

    @property
    def collisions(self) -> int:
        """How many collisions of ports there would be."""
        return len(self.result.snapshot.collisions)

    @property
    def patch(self) -> str:
        """The changes to the manifests as a unified diff."""
        return self.result.patch()

    def __repr__(self) -> str:
        lines = [f"<plan: {len(self.appeared)} findings appear, {len(self.vanished)} vanish>"]
        for sign, findings in (("+", self.appeared), ("-", self.vanished)):
            lines += [f"{sign} {item.severity}[{item.code}] {item.message}" for item in findings[:_SHOWN]]
            if len(findings) > _SHOWN:
                lines.append(f"{sign} and {len(findings) - _SHOWN} more")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<div>{_listed('Would appear', self.appeared)}{_listed('Would vanish', self.vanished)}</div>"


def _listed(title: str, findings: Sequence[Finding]) -> str:
    items = "".join(
        f"<li><code>{escape(item.code)}</code> {escape(item.severity)}: {escape(item.message)}</li>"
        for item in findings[:_SHOWN]
    )
    more = f"<li>and {len(findings) - _SHOWN} more</li>" if len(findings) > _SHOWN else ""
    return f"<h4>{title}: {len(findings)}</h4><ul>{items}{more}</ul>"
