"""The fleet as flat tables: what DataFrames, SQL and files show. Each table's columns are declared once, here."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from workbench.fleet.model import Finding, PortClaim, Site, locate_sites
from workbench.fleet.plan import PortPlan
from workbench.fleet.rebuild import kept_of
from workbench.fleet.snapshot import Record, Snapshot

ColumnType = Literal["text", "integer", "number", "flag", "time", "texts", "integers"]
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, type, and what it holds."""

    name: str
    type: ColumnType
    meaning: str


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A table: its columns, and the rows of one record, with the fleet that they are judged in."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    rows: Callable[[Record, Snapshot], Iterator[Row]]

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)


def _columns(*declared: tuple[str, ColumnType, str]) -> tuple[Column, ...]:
    return tuple(Column(*column) for column in declared)


def _crate_rows(record: Record, snapshot: Snapshot) -> Iterator[Row]:
    crate = record.crate
    if crate is None:
        return
    owned = sorted({claim.port for claim in record.claims if claim.role == "owner"})
    qa = crate.qa
    yield (
        crate.name, crate.version, crate.classification, crate.tesla_grade, crate.path, owned, len(crate.dependencies),
        crate.foundation, crate.retrofit_at, crate.slsa_level, list(crate.hash_algorithms), crate.certification,
        qa.minimum_score if qa else None, qa.code_coverage_minimum if qa else None,
        qa.complexity_threshold if qa else None, crate.description, list(crate.aliases), crate.dialect, record.is_stale,
    )  # fmt: skip


def claim_row(claim: PortClaim, plan: PortPlan) -> Row:
    """Return the row of the `ports` table for a claim."""
    block = plan.block_of(claim.port)
    return (
        claim.port, claim.crate, claim.label, claim.role, claim.of, claim.resolved, claim.derived, claim.primary,
        claim.protocol or None, block.name if block else None, claim.rule, claim.reason, claim.confidence,
        claim.site.path, claim.site.line, claim.site.key,
    )  # fmt: skip


def _claim_rows(record: Record, snapshot: Snapshot) -> Iterator[Row]:
    for claim in record.claims:
        yield claim_row(claim, snapshot.plan)


def finding_row(item: Finding) -> Row:
    """Return the row of the `findings` table for a finding."""
    first = item.sites[0] if item.sites else None
    return (
        item.code, item.kind, item.severity, list(item.crates), list(item.ports), item.message, item.explanation,
        item.fix, first.path if first else None, first.line if first else None, first.column if first else None,
        first.key if first else None,
    )  # fmt: skip


def _dependency_rows(record: Record, snapshot: Snapshot) -> Iterator[Row]:
    crate = record.crate
    if crate is None:
        return
    names = snapshot.names
    for item in crate.dependencies:
        line = crate.site(*item.key_path).line
        resolved = names.resolve(item.target)
        yield crate.name, item.alias, item.target, resolved, item.kind, item.requirement or None, crate.path, line
    if crate.foundation:
        line = crate.site(*crate.header, "foundation").line
        resolved = names.resolve(crate.foundation)
        yield crate.name, "foundation", crate.foundation, resolved, "foundation", None, crate.path, line


def _endpoint_rows(record: Record, snapshot: Snapshot) -> Iterator[Row]:
    if crate := record.crate:
        for name, route in crate.endpoints.items():
            yield crate.name, name, route, crate.path, crate.site("endpoints", name).line


def _diagnostic_rows(record: Record, snapshot: Snapshot) -> Iterator[Row]:
    name = record.crate.name if record.crate else None
    for item in record.manifest.diagnostics:
        site = item.sites[0]
        yield name, site.path, site.line, site.column, site.key, item.code, item.severity, item.message


def _manifest_rows(record: Record, snapshot: Snapshot) -> Iterator[Row]:
    kept = kept_of(record)
    problem = json.dumps(list(kept.problem)) if kept.problem else None
    yield record.manifest.path, kept.text, kept.digest, kept.good, problem


CRATES: Final = TableSpec(
    "crates",
    "One row per crate, as its manifest describes it.",
    _columns(
        ("name", "text", "crate name"),
        ("version", "text", "declared version"),
        ("classification", "text", "class, from whichever key the dialect uses"),
        ("tesla_grade", "flag", "whether the crate declares Tesla grade; missing if it does not say"),
        ("path", "text", "manifest, relative to its root"),
        ("ports", "integers", "ports that the crate owns"),
        ("dependencies", "integer", "number of declared dependencies"),
        ("foundation", "text", "foundation crate as named"),
        ("retrofit_at", "time", "retrofit timestamp, UTC"),
        ("slsa_level", "integer", "declared SLSA level"),
        ("hash_algorithms", "texts", "hash algorithms of the security and lock tables"),
        ("certification", "text", "certification status"),
        ("minimum_score", "number", "QA threshold, never a measurement"),
        ("code_coverage_minimum", "number", "QA threshold in percent, never a measurement"),
        ("complexity_threshold", "number", "QA threshold, never a measurement"),
        ("description", "text", "description"),
        ("aliases", "texts", "former names"),
        ("dialect", "text", "header table in which the manifest is written"),
        ("stale", "flag", "whether the file is broken now and this is its last good version"),
    ),
    _crate_rows,
)
PORTS: Final = TableSpec(
    "ports",
    "One row per port claim: who has what to do with which port, and why we say so.",
    _columns(
        ("port", "integer", "port number"),
        ("crate", "text", "crate that makes the claim"),
        ("label", "text", "label in the manifest"),
        ("role", "text", "owner, reference, sister or mirror"),
        ("of", "text", "crate or outside service whose port it is"),
        ("resolved", "flag", "whether `of` is a crate of the fleet"),
        ("derived", "flag", "whether the port is computed and stands in no manifest"),
        ("primary", "integer", "for sisters and mirrors: the port that they accompany"),
        ("protocol", "text", "protocol, where one is declared"),
        ("block", "text", "block of the port plan"),
        ("rule", "text", "rule that decided the role"),
        ("reason", "text", "that rule's reason in words"),
        ("confidence", "number", "0 to 1"),
        ("path", "text", "manifest"),
        ("line", "integer", "line, from 1"),
        ("key", "text", "key"),
    ),
    _claim_rows,
)
FINDINGS: Final = TableSpec(
    "findings",
    "One row per finding; the place is that of its first site.",
    _columns(
        ("code", "text", "stable code"),
        ("kind", "text", "kind"),
        ("severity", "text", "error, warning or hint"),
        ("crates", "texts", "crates that take part"),
        ("ports", "integers", "ports that take part"),
        ("message", "text", "what was found"),
        ("explanation", "text", "why it matters"),
        ("fix", "text", "what to do"),
        ("path", "text", "manifest"),
        ("line", "integer", "line, from 1"),
        ("column", "integer", "column, from 1"),
        ("key", "text", "key"),
    ),
    lambda record, snapshot: iter(()),
)
DEPENDENCIES: Final = TableSpec(
    "dependencies",
    "One row per declared dependency, foundations included.",
    _columns(
        ("crate", "text", "crate that depends"),
        ("alias", "text", "name under which it is declared"),
        ("target", "text", "name of what it depends on, as written"),
        ("resolved", "text", "crate of the fleet that the target means"),
        ("kind", "text", "crate, internal, runtime, service or foundation"),
        ("requirement", "text", "version requirement"),
        ("path", "text", "manifest"),
        ("line", "integer", "line, from 1"),
    ),
    _dependency_rows,
)
ENDPOINTS: Final = TableSpec(
    "endpoints",
    "One row per declared endpoint.",
    _columns(
        ("crate", "text", "crate"),
        ("name", "text", "endpoint name, such as health"),
        ("route", "text", "path or URL"),
        ("path", "text", "manifest"),
        ("line", "integer", "line, from 1"),
    ),
    _endpoint_rows,
)
DIAGNOSTICS: Final = TableSpec(
    "diagnostics",
    "One row per diagnostic of a manifest file.",
    _columns(
        ("crate", "text", "crate, if the file describes one"),
        ("path", "text", "manifest"),
        ("line", "integer", "line, from 1"),
        ("column", "integer", "column, from 1"),
        ("key", "text", "key"),
        ("code", "text", "stable code"),
        ("severity", "text", "error, warning or hint"),
        ("message", "text", "what is wrong"),
    ),
    _diagnostic_rows,
)

MANIFESTS: Final = TableSpec(
    "manifests",
    "One row per manifest file: all that it takes to have the fleet again.",
    _columns(
        ("path", "text", "manifest, relative to its root"),
        ("text", "text", "its text"),
        ("digest", "text", "hash of the file's bytes"),
        ("good", "text", "last good text, where the file is broken now"),
        ("problem", "text", "why the file could not be read at all, as JSON: message, fix, line, column"),
    ),
    _manifest_rows,
)

TABLES: Final[Mapping[str, TableSpec]] = {
    spec.name: spec for spec in (CRATES, PORTS, FINDINGS, DEPENDENCIES, ENDPOINTS, DIAGNOSTICS)
}
"""Every table that can be asked in SQL, by its name."""

SNAPSHOT_TABLES: Final[Mapping[str, TableSpec]] = {**TABLES, MANIFESTS.name: MANIFESTS}
"""Every table that a snapshot consists of, by its name."""


_PLACED: Final = frozenset({DEPENDENCIES.name, ENDPOINTS.name})
"""The tables of records whose rows name lines."""

Source = Record | PortClaim | Finding
"""What rows come of: the same rows in every revision that holds the same source."""


def table_sources(name: str, snapshot: Snapshot) -> Sequence[Source]:
    """Return what the rows of a table come of: crates by name, ports by number, findings by severity, others by path.

    A record that speaks of another crate is another one when that crate comes, goes or is renamed, so that all its rows
    hold, too, as long as it stands.
    """
    if name == FINDINGS.name:
        return snapshot.findings
    if name == PORTS.name:
        return snapshot.claims
    if name == CRATES.name:
        return [snapshot.records[crate.path] for crate in snapshot.crates]
    return list(snapshot.records.values())


def source_rows(name: str, sources: Sequence[Any], snapshot: Snapshot) -> list[Row]:
    """Return the rows of some sources of a table, their places found together."""
    if name == FINDINGS.name:
        locate_sites(site for item in sources for site in item.sites[:1])
        return [finding_row(item) for item in sources]
    if name == PORTS.name:
        locate_sites(claim.site for claim in sources)
        return [claim_row(claim, snapshot.plan) for claim in sources]
    if name in _PLACED:
        locate_sites(site for record in sources for site in record_sites(record))
    return [row for record in sources for row in SNAPSHOT_TABLES[name].rows(record, snapshot)]


def table_rows(name: str, snapshot: Snapshot) -> list[Row]:
    """Return all rows of a table: crates by name, ports by number, findings by severity, others by manifest."""
    return source_rows(name, table_sources(name, snapshot), snapshot)


def record_sites(record: Record) -> Iterator[Site]:
    """Yield every place that the tables name of a record: its claims', dependencies' and endpoints'."""
    for claim in record.claims:
        yield claim.site
    if crate := record.crate:
        for item in crate.dependencies:
            yield crate.site(*item.key_path)
        if crate.foundation:
            yield crate.site(*crate.header, "foundation")
        for name in crate.endpoints:
            yield crate.site("endpoints", name)
