"""The manifest's JSON Schema, made from the models that validate it."""

from typing import Any

from workbench.fleet.layout import HEADER_TABLES
from workbench.fleet.schema import ManifestDocument


def manifest_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a manifest in any of its dialects.

    A document is valid if and only if our reader makes a crate of it without an error of syntax or schema.
    """
    schema = ManifestDocument.model_json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_without_nulls(schema),
        "title": "smart-crate.toml",
        "allOf": [_one_header()],
    }


def _one_header() -> dict[str, Any]:
    """Say that the header, the first of its tables that is there or the top level, has a name."""
    rule: dict[str, Any] = {"required": ["name"]}
    for table in reversed(HEADER_TABLES):
        named = {"properties": {table: {"required": ["name"]}}}
        rule = {"if": {"required": [table]}, "then": named, "else": rule}
    return rule


def _without_nulls(node: Any) -> Any:
    """Drop `null` and defaults, which TOML cannot write."""
    if isinstance(node, list):
        return [_without_nulls(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _without_nulls(value) for key, value in node.items() if not (key == "default" and value is None)}
    options = kept.get("anyOf")
    if isinstance(options, list) and {"type": "null"} in options:
        rest = [option for option in options if option != {"type": "null"}]
        del kept["anyOf"]
        return {**kept, **(rest[0] if len(rest) == 1 else {"anyOf": rest})}
    return kept
