"""The manifest as pydantic models: what may stand where, for validation and for editors.

Unknown tables and keys are allowed everywhere, because real manifests carry many tables of their own.
"""

import re
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, PlainValidator, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError

MAX_PORT: Final = 65535


def describe(value: object) -> str:
    """Return a value as an error message names it: its TOML type and, if short, the value itself."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'the string "{value}"' if len(value) <= 40 else f"a string of {len(value)} characters"
    if isinstance(value, int):
        return f"the number {value}" if -(10**20) < value < 10**20 else "a very large number"
    if isinstance(value, float):
        return f"the number {value}"
    if isinstance(value, list):
        return f"an array of {len(value)}"
    if isinstance(value, dict):
        return "a table"
    return f"the {type(value).__name__} {value}"


def port_number(value: object) -> int:
    """Return a port from a manifest value: a whole number from 1 to 65535, or such a number in a string.

    Raises ValueError with the reason for anything else.
    """
    if isinstance(value, bool):
        raise ValueError(f"a port must be a whole number from 1 to {MAX_PORT}, not {describe(value)}")
    if isinstance(value, str):
        if not re.fullmatch(r"[0-9]{1,6}", value, re.ASCII):
            raise ValueError(f"a port in quotes must be digits only, not {describe(value)}")
        value = int(value)
    if not isinstance(value, int):
        raise ValueError(f"a port must be a whole number from 1 to {MAX_PORT}, not {describe(value)}")
    if not 1 <= value <= MAX_PORT:
        raise ValueError(f"a port must be from 1 to {MAX_PORT}, not {describe(value).removeprefix('the number ')}")
    return value


def _port(value: object) -> int:
    try:
        return port_number(value)
    except ValueError as error:
        raise PydanticCustomError("invalid_port", "{reason}", {"reason": str(error)}) from None


def _port_or_table(value: object) -> object:
    if isinstance(value, dict) and "port" in value:
        return {**value, "port": _port(value["port"])}
    return _port(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise PydanticCustomError("wrong_type", "expected a string, found {found}", {"found": describe(value)})
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise PydanticCustomError("wrong_type", "expected true or false, found {found}", {"found": describe(value)})
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise PydanticCustomError("wrong_type", "expected a number, found {found}", {"found": describe(value)})
    return value


def _name(value: object) -> str:
    text = _text(value)
    if not text.strip():
        raise PydanticCustomError("wrong_type", "expected a name, found an empty string", {})
    return text


def _table(value: object) -> object:
    if not isinstance(value, dict):
        raise PydanticCustomError("wrong_type", "expected a table, found {found}", {"found": describe(value)})
    return value


def _texts(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        found = describe(value) if not isinstance(value, list) else "an array with other values"
        raise PydanticCustomError("wrong_type", "expected an array of strings, found {found}", {"found": found})
    return value


Text = Annotated[str, PlainValidator(_text), WithJsonSchema({"type": "string"})]
Name = Annotated[str, PlainValidator(_name), WithJsonSchema({"type": "string", "pattern": r"\S"})]
Flag = Annotated[bool, PlainValidator(_flag), WithJsonSchema({"type": "boolean"})]
Number = Annotated[float, PlainValidator(_number), WithJsonSchema({"type": "number"})]
Texts = Annotated[list[str], PlainValidator(_texts), WithJsonSchema({"type": "array", "items": {"type": "string"}})]
_PORT_SCHEMA: Final[dict[str, Any]] = {
    "anyOf": [
        {"type": "integer", "minimum": 1, "maximum": MAX_PORT},
        {
            "type": "string",
            "pattern": r"^0*([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$",
        },
    ]
}
Port = Annotated[int, PlainValidator(_port), WithJsonSchema(_PORT_SCHEMA)]
PortOrTable = Annotated[
    Any,
    PlainValidator(_port_or_table),
    WithJsonSchema(
        {
            "anyOf": [
                *_PORT_SCHEMA["anyOf"],
                {"type": "object", "required": ["port"], "properties": {"port": _PORT_SCHEMA}},
            ]
        }
    ),
]


def _ports_shape(value: object) -> str | None:
    return "table" if isinstance(value, dict) else "array" if isinstance(value, list) else None


Ports = Annotated[
    Annotated[dict[str, PortOrTable], Tag("table")] | Annotated[list[Port], Tag("array")],
    Discriminator(
        _ports_shape,
        custom_error_type="wrong_type",
        custom_error_message="expected a table of ports or an array of ports",
    ),
]


class Table(BaseModel):
    """A table of which some keys are known; all others are kept as they are."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())


class Header(Table):
    """`[smart-crate]`, `[smart_crate]`, `[crate]`, or the top level of a flat manifest."""

    name: Name | None = None
    version: Text | None = None
    classification: Text | None = None
    class_: Annotated[Text | None, Field(alias="class")] = None
    tesla_grade: Flag | None = None
    description: Text | None = None
    foundation: Text | None = None
    edition: Any = None
    smart_crate_version: Any = None
    retrofit_timestamp: Any = None
    port: Port | None = None
    ports: Ports | None = None


class Metadata(Table):
    """`[metadata]`: where most real manifests keep class, grade and former name."""

    smart_crate_type: Text | None = None
    tesla_grade: Flag | None = None
    description: Text | None = None
    cloned_from: Text | None = None
    original_crate: Any = None
    retrofit_timestamp: Any = None
    ctas_version: Any = None
    sx9_version: Any = None


class Service(Table):
    """`[service]`: ports as strings beside protocols."""

    ports: list[Port] | None = None
    protocols: Texts | None = None
    capabilities: Texts | None = None


class Network(Table):
    """`[network]`: usually repeats one of `[ports]`."""

    port: Port | None = None
    protocols: Texts | None = None


class QaMetrics(Table):
    """`[qa.metrics]`: thresholds, never measurements."""

    code_coverage_minimum: Number | None = None
    complexity_threshold: Number | None = None
    maintainability_index_minimum: Number | None = None
    technical_debt_ratio_maximum: Number | None = None


class Qa(Table):
    """`[qa]`: quality thresholds."""

    phd_suite_enabled: Flag | None = None
    minimum_score: Number | None = None
    automated_testing: Flag | None = None
    continuous_validation: Flag | None = None
    metrics: Annotated[QaMetrics | None, BeforeValidator(_table)] = None


class Deployment(Table):
    """`[deployment]`: how the crate wants to be rolled out."""

    strategy: Text | None = None
    health_check_interval: Any = None
    rollback_on_failure: Flag | None = None
    canary_percentage: Number | None = None


class Security(Table):
    """`[security]`."""

    slsa_level: Number | None = None
    hash_algorithm: Text | None = None


class SemanticLock(Table):
    """`[semantic_lock]`."""

    enabled: Flag | None = None
    hashes: Annotated[dict[str, Any] | None, BeforeValidator(_table)] = None


class Certification(Table):
    """`[certification]`."""

    status: Text | None = None


class SmartMeta(Table):
    """`[smart_meta]`: a richer description."""

    description: Text | None = None
    capabilities: Texts | None = None


class ManifestDocument(Header):
    """A `smart-crate.toml`, in any of its dialects."""

    smart_crate: Annotated[Header | None, BeforeValidator(_table), Field(alias="smart-crate")] = None
    smart_crate_: Annotated[Header | None, BeforeValidator(_table), Field(alias="smart_crate")] = None
    crate: Annotated[Header | None, BeforeValidator(_table)] = None
    metadata: Annotated[Metadata | None, BeforeValidator(_table)] = None
    service: Annotated[Service | None, BeforeValidator(_table)] = None
    network: Annotated[Network | None, BeforeValidator(_table)] = None
    integration: Annotated[dict[str, Any] | None, BeforeValidator(_table)] = None
    dependencies: Annotated[dict[str, Any] | None, BeforeValidator(_table)] = None
    endpoints: Annotated[dict[str, Any] | None, BeforeValidator(_table)] = None
    features: Annotated[dict[str, Any] | None, BeforeValidator(_table)] = None
    qa: Annotated[Qa | None, BeforeValidator(_table)] = None
    qa_metrics: Annotated[QaMetrics | None, BeforeValidator(_table)] = None
    deployment: Annotated[Deployment | None, BeforeValidator(_table)] = None
    security: Annotated[Security | None, BeforeValidator(_table)] = None
    semantic_lock: Annotated[SemanticLock | None, BeforeValidator(_table)] = None
    certification: Annotated[Certification | None, BeforeValidator(_table)] = None
    smart_meta: Annotated[SmartMeta | None, BeforeValidator(_table)] = None


HEADER_TABLES: Final = ("smart-crate", "smart_crate", "crate")

KNOWN_TABLES: Final[dict[str, type[Table]]] = {
    "smart-crate": Header,
    "smart_crate": Header,
    "crate": Header,
    "metadata": Metadata,
    "service": Service,
    "network": Network,
    "qa": Qa,
    "qa.metrics": QaMetrics,
    "deployment": Deployment,
    "security": Security,
    "semantic_lock": SemanticLock,
    "certification": Certification,
}
"""The tables whose keys are known well enough to recognise a misspelt one."""


def known_keys(table: str) -> frozenset[str]:
    """Return the keys that a known table may hold, as they are written."""
    fields = KNOWN_TABLES[table].model_fields
    return frozenset(info.alias or name for name, info in fields.items())
