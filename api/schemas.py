"""JSON Schemas of models, gathered under one set of names for a document."""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

Json = dict[str, Any]
Key = tuple[Any, Literal["answer", "request"]]

_MODES: Final[Mapping[str, JsonSchemaMode]] = {"answer": "serialization", "request": "validation"}
_REFERENCE: Final = "#/components/schemas/{model}"


class Schemas:
    """The schemas of some types as a document shares them: `of` returns one, `components` are those that have names."""

    def __init__(self, types: Iterable[Key]) -> None:
        known: dict[Key, TypeAdapter[Any]] = {key: TypeAdapter(key[0]) for key in types}
        inputs = [(key, _MODES[key[1]], adapter) for key, adapter in known.items()]
        found, definitions = TypeAdapter.json_schemas(inputs, by_alias=True, ref_template=_REFERENCE)
        self._found = {key: plain(found[key, _MODES[key[1]]]) for key in known}
        self.components: Json = {name: plain(schema) for name, schema in definitions.get("$defs", {}).items()}

    def of(self, type_: Any, use: Literal["answer", "request"] = "answer") -> Json:
        """Return the schema of one of the types."""
        return dict(self._found[type_, use])


def plain(node: Any) -> Any:
    """Return a schema without pydantic's generated titles, which only repeat the names of fields."""
    if isinstance(node, list):
        return [plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: plain(value) for key, value in node.items() if key not in ("title", "properties")}
    if "properties" in node:
        kept["properties"] = {name: plain(schema) for name, schema in node["properties"].items()}
    if isinstance(kept.get("description"), str):
        kept["description"] = inspect.cleandoc(kept["description"])
    return kept


def without_null(schema: Json) -> Json:
    """Return the schema of an optional parameter: to leave it out is the only way to say nothing."""
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key != "anyOf" and not (key == "default" and value is None)}
    if len(options) == 1:
        return {**rest, **options[0]}
    return {**rest, "anyOf": options} if options else rest
