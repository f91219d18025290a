"""The registry's rows: one for each crate, and one for each manifest that is broken and describes none."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

import pandas as pd

from workbench.fleet.model import Finding
from workbench.fleet.snapshot import Record, Snapshot

COLUMNS: Final = (
    "name", "version", "class", "tesla", "ports", "errors", "warnings", "hints",
    "foundation", "slsa", "retrofit", "path", "state",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RegistryFilter:
    """What of the registry is wanted: a text in any of its words, a class, only rows with findings."""

    text: str = ""
    classification: str = ""
    only_findings: bool = False


def registry(snapshot: Snapshot) -> pd.DataFrame:
    """Return all rows, indexed by manifest path, by name; shared, so not to be changed.

    `state` is `ok`, `stale` (the file is broken now and the row shows its last good version) or `broken`.
    """
    return snapshot.derive("registry-frame", _frame)


def matching(frame: pd.DataFrame, wanted: RegistryFilter) -> pd.DataFrame:
    """Return the rows that a filter lets through."""
    keep = pd.Series(True, index=frame.index)
    if wanted.classification:
        keep &= frame["class"] == wanted.classification
    if wanted.only_findings:
        keep &= frame["errors"] + frame["warnings"] + frame["hints"] > 0
    for word in wanted.text.casefold().split():
        keep &= frame["words"].map(lambda words, word=word: word in words).astype(bool)
    return frame[keep]


def classes(snapshot: Snapshot) -> list[str]:
    """Return the classes that the fleet's crates have, by name; shared, not to be changed."""
    return snapshot.derive(
        "classes", lambda s: sorted({crate.classification for crate in s.crates if crate.classification})
    )


def _frame(snapshot: Snapshot) -> pd.DataFrame:
    broken = [record for record in snapshot.records.values() if record.manifest.is_broken and record.crate is None]
    sound = [snapshot.records[crate.path] for crate in snapshot.crates]
    records = [*broken, *sound]
    rows = [_row(record, snapshot) for record in records]
    # Paths as Python's own strings: a table goes through them one by one, for every visitor.
    paths = pd.Index([record.manifest.path for record in records], dtype=object)
    frame = pd.DataFrame(rows, columns=list(COLUMNS), index=paths)
    frame["words"] = [_words(row, record) for row, record in zip(rows, records, strict=True)]
    return frame


def _words(row: tuple[object, ...], record: Record) -> str:
    """Return all that the search looks at: the row, and the description."""
    return " ".join([*map(str, row), (record.crate and record.crate.description) or ""]).casefold()


def _row(record: Record, snapshot: Snapshot) -> tuple[object, ...]:
    crate = record.crate
    path = record.manifest.path
    if crate is None:
        folder = path.rpartition("/")[0] or path
        return (folder, "", "", "", "", *_counts(record.manifest.diagnostics), "", "", "", path, "broken")
    owned = sorted({claim.port for claim in record.claims if claim.role == "owner"})
    return (
        crate.name,
        crate.version or "",
        crate.classification or "",
        {True: "yes", False: "no", None: ""}[crate.tesla_grade],
        " ".join(map(str, owned)),
        *_counts(snapshot.findings_of(crate)),
        crate.foundation or "",
        "" if crate.slsa_level is None else str(crate.slsa_level),
        crate.retrofit_at.date().isoformat() if crate.retrofit_at else "",
        path,
        "stale" if record.is_stale else "ok",
    )


def _counts(findings: tuple[Finding, ...]) -> tuple[int, int, int]:
    counts = Counter(item.severity for item in findings)
    return counts["error"], counts["warning"], counts["hint"]
