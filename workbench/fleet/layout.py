"""The layout of a manifest: its known tables and keys, and the kind of value that each of them holds.

Validation (`schema`), the quick look (`soundness`) and the spelling of keys are all made from it. Unknown tables
and keys are allowed everywhere, because real manifests carry many tables of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["anything", "flag", "name", "number", "port", "port-list", "ports", "table", "text", "texts"]
"""`ports` are a table or an array of ports; a `table` may hold anything; a `name` is a text that is not blank."""


@dataclass(frozen=True)
class Layout:
    """The known keys of a table, with the kind of their value or the layout of the table that they hold."""

    name: str
    about: str
    keys: "Mapping[str, Kind | Layout]" = field(repr=False)


HEADER: Final = Layout(
    "Header",
    "`[smart-crate]`, `[smart_crate]`, `[crate]`, or the top level of a flat manifest.",
    {
        "name": "name",
        "version": "text",
        "classification": "text",
        "class": "text",
        "tesla_grade": "flag",
        "description": "text",
        "foundation": "text",
        "edition": "anything",
        "smart_crate_version": "anything",
        "retrofit_timestamp": "anything",
        "port": "port",
        "ports": "ports",
    },
)

METADATA: Final = Layout(
    "Metadata",
    "`[metadata]`: where most real manifests keep class, grade and former name.",
    {
        "smart_crate_type": "text",
        "tesla_grade": "flag",
        "description": "text",
        "cloned_from": "text",
        "original_crate": "anything",
        "retrofit_timestamp": "anything",
        "ctas_version": "anything",
        "sx9_version": "anything",
    },
)

SERVICE: Final = Layout(
    "Service",
    "`[service]`: ports as strings beside protocols.",
    {"ports": "port-list", "protocols": "texts", "capabilities": "texts"},
)

NETWORK: Final = Layout(
    "Network", "`[network]`: usually repeats one of `[ports]`.", {"port": "port", "protocols": "texts"}
)

QA_METRICS: Final = Layout(
    "QaMetrics",
    "`[qa.metrics]`: thresholds, never measurements.",
    {
        "code_coverage_minimum": "number",
        "complexity_threshold": "number",
        "maintainability_index_minimum": "number",
        "technical_debt_ratio_maximum": "number",
    },
)

QA: Final = Layout(
    "Qa",
    "`[qa]`: quality thresholds.",
    {
        "phd_suite_enabled": "flag",
        "minimum_score": "number",
        "automated_testing": "flag",
        "continuous_validation": "flag",
        "metrics": QA_METRICS,
    },
)

DEPLOYMENT: Final = Layout(
    "Deployment",
    "`[deployment]`: how the crate wants to be rolled out.",
    {
        "strategy": "text",
        "health_check_interval": "anything",
        "rollback_on_failure": "flag",
        "canary_percentage": "number",
    },
)

SECURITY: Final = Layout("Security", "`[security]`.", {"slsa_level": "number", "hash_algorithm": "text"})

SEMANTIC_LOCK: Final = Layout("SemanticLock", "`[semantic_lock]`.", {"enabled": "flag", "hashes": "table"})

CERTIFICATION: Final = Layout("Certification", "`[certification]`.", {"status": "text"})

SMART_META: Final = Layout(
    "SmartMeta", "`[smart_meta]`: a richer description.", {"description": "text", "capabilities": "texts"}
)

DOCUMENT: Final = Layout(
    "ManifestDocument",
    "A `smart-crate.toml`, in any of its dialects.",
    {
        **HEADER.keys,
        "smart-crate": HEADER,
        "smart_crate": HEADER,
        "crate": HEADER,
        "metadata": METADATA,
        "service": SERVICE,
        "network": NETWORK,
        "integration": "table",
        "dependencies": "table",
        "endpoints": "table",
        "features": "table",
        "qa": QA,
        "qa_metrics": QA_METRICS,
        "deployment": DEPLOYMENT,
        "security": SECURITY,
        "semantic_lock": SEMANTIC_LOCK,
        "certification": CERTIFICATION,
        "smart_meta": SMART_META,
    },
)

HEADER_TABLES: Final = ("smart-crate", "smart_crate", "crate")

KNOWN_TABLES: Final[Mapping[str, Layout]] = {
    "smart-crate": HEADER,
    "smart_crate": HEADER,
    "crate": HEADER,
    "metadata": METADATA,
    "service": SERVICE,
    "network": NETWORK,
    "qa": QA,
    "qa.metrics": QA_METRICS,
    "deployment": DEPLOYMENT,
    "security": SECURITY,
    "semantic_lock": SEMANTIC_LOCK,
    "certification": CERTIFICATION,
}
"""The tables whose keys are known well enough to recognise a misspelt one."""


def known_keys(table: str) -> frozenset[str]:
    """Return the keys that a known table may hold, as they are written."""
    return frozenset(KNOWN_TABLES[table].keys)
