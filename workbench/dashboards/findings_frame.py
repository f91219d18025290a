"""Port findings as a filterable frame."""

from dataclasses import dataclass

import pandas as pd

from workbench.fleet.model import Finding
from workbench.fleet.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class FindingFilter:
    """Which findings are wanted; empty for all."""

    severity: str = ""
    kind: str = ""


def port_findings(snapshot: Snapshot) -> pd.DataFrame:
    """Return the findings about ports, gravest first, indexed by their place in the list; shared, not to be changed.

    Columns: severity, kind, ports, crates, message, fix, first_port.
    """
    return snapshot.derive("port-findings-frame", _frame)


def port_finding_kinds(snapshot: Snapshot) -> list[str]:
    """Return the kinds of the findings about ports, by name."""
    return snapshot.derive("port-finding-kinds", lambda s: sorted({item.kind for item in _found(s)}))


def finding_at(snapshot: Snapshot, key: str) -> Finding | None:
    """Return the finding that a row of `port_findings` stands for; None if there is none."""
    return snapshot.derive("port-findings-by-key", lambda s: {finding_key(item): item for item in _found(s)}).get(key)


def matching_findings(frame: pd.DataFrame, wanted: FindingFilter) -> pd.DataFrame:
    """Return the findings that a filter lets through."""
    keep = pd.Series(True, index=frame.index)
    if wanted.severity:
        keep &= frame["severity"] == wanted.severity
    if wanted.kind:
        keep &= frame["kind"] == wanted.kind
    return frame[keep]


def _frame(snapshot: Snapshot) -> pd.DataFrame:
    findings = _found(snapshot)
    columns = ["severity", "kind", "ports", "crates", "message", "fix", "first_port"]
    return pd.DataFrame(
        [_row(item) for item in findings],
        columns=columns,
        # Keys as Python's own strings: a table goes through them one by one, for every visitor.
        index=pd.Index([finding_key(item) for item in findings], dtype=object),
    )


def _found(snapshot: Snapshot) -> list[Finding]:
    return [item for item in snapshot.findings if item.ports]


def finding_key(item: Finding) -> str:
    """Return what tells a finding from all others, and stays when other findings come and go."""
    return repr((item.code, item.ports, item.crates, item.message, [site.key for site in item.sites]))


def _row(item: Finding) -> tuple[object, ...]:
    return (
        item.severity, item.kind, " ".join(map(str, item.ports)), ", ".join(item.crates),
        item.message, item.fix, item.ports[0],
    )  # fmt: skip
