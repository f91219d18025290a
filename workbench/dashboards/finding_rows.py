"""All findings of a revision as rows that can be filtered, and the way back from a row to its finding."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from workbench.fleet.model import Finding
from workbench.fleet.snapshot import Snapshot

COLUMNS: Final = ("severity", "code", "kind", "crates", "ports", "message", "path")


@dataclass(frozen=True, slots=True)
class FindingsFilter:
    """Which findings are wanted: a text in any of their words, a severity, a kind; empty for all."""

    text: str = ""
    severity: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class FindingRows:
    """Findings, gravest first: `frame` has a row for each, indexed by the keys of `by_key`. Not to be changed."""

    frame: pd.DataFrame
    by_key: dict[str, Finding]
    counts: Mapping[tuple[str, str], int]
    """How many there are of each severity and kind."""


def counted_rows(snapshot: Snapshot) -> FindingRows:
    """Return the findings that count; made once for a revision."""
    return snapshot.derive("finding-rows", _made_of(lambda s: s.findings))


def muted_rows(snapshot: Snapshot) -> FindingRows:
    """Return the findings that the settings accept; made once for a revision."""
    return snapshot.derive("muted-rows", _made_of(lambda s: s.muted))


def matching_rows(frame: pd.DataFrame, wanted: FindingsFilter) -> pd.DataFrame:
    """Return the rows that a filter lets through."""
    keep = pd.Series(True, index=frame.index)
    if wanted.severity:
        keep &= frame["severity"] == wanted.severity
    if wanted.kind:
        keep &= frame["kind"] == wanted.kind
    for word in wanted.text.casefold().split():
        keep &= frame["words"].str.contains(word, regex=False)
    return frame[keep]


def _made_of(findings: Callable[[Snapshot], Iterable[Finding]]) -> Callable[[Snapshot], FindingRows]:
    return lambda snapshot: _rows(findings(snapshot))


def _rows(findings: Iterable[Finding]) -> FindingRows:
    by_key: dict[str, Finding] = {}
    for item in findings:
        key = item.fingerprint
        while key in by_key:  # two findings that differ in their lines alone
            key += "+"
        by_key[key] = item
    rows = [_row(item) for item in by_key.values()]
    # Keys as Python's own strings: a table goes through them one by one, for every visitor.
    frame = pd.DataFrame(rows, columns=list(COLUMNS), index=pd.Index(by_key, dtype=object), dtype=object)
    frame["words"] = pd.Series([" ".join(row).casefold() for row in rows], index=frame.index, dtype=object)
    return FindingRows(frame, by_key, counted(by_key.values()))


def counted(findings: Iterable[Finding]) -> Counter[tuple[str, str]]:
    """Return how many findings there are of each (severity, kind)."""
    return Counter((item.severity, item.kind) for item in findings)


def _row(item: Finding) -> tuple[str, ...]:
    # Lines are left to the details: to find those of all findings is to index the text of every manifest.
    path = item.sites[0].path if item.sites else ""
    ports = " ".join(map(str, item.ports))
    return item.severity, item.code, item.kind, ", ".join(item.crates), ports, item.message, path
