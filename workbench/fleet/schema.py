"""The manifest as a pydantic model, made from its layout: for validation, and for editors."""

from typing import Annotated, Any, Final

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    ValidationError,
    WithJsonSchema,
    create_model,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from workbench.fleet.layout import DOCUMENT, Kind, Layout
from workbench.fleet.values import MAX_PORT, describe, port_number


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


_TYPES: Final[dict[Kind, Any]] = {
    "anything": Any,
    "flag": Flag | None,
    "name": Name | None,
    "number": Number | None,
    "port": Port | None,
    "port-list": list[Port] | None,
    "ports": Ports | None,
    "table": Annotated[dict[str, Any] | None, BeforeValidator(_table)],
    "text": Text | None,
    "texts": Texts | None,
}


def _model(layout: Layout, known: dict[str, type[Table]]) -> type[Table]:
    """Return the model of a table; `known` holds those made already."""
    if layout.name not in known:
        fields: dict[str, Any] = {}
        for number, (key, kind) in enumerate(layout.keys.items()):
            title = None
            if isinstance(kind, Layout):
                value: Any = Annotated[_model(kind, known) | None, BeforeValidator(_table)]
            else:
                value, title = _TYPES[kind], key.replace("_", " ").title()
            # Not every key can be the name of a field: `class`, `smart-crate`.
            fields[f"field_{number}"] = value, Field(default=None, alias=key, title=title)
        known[layout.name] = create_model(layout.name, __base__=Table, __doc__=layout.about, **fields)
    return known[layout.name]


ManifestDocument: Final = _model(DOCUMENT, {})


def schema_errors(document: dict[str, Any]) -> list[ErrorDetails]:
    """Return what the schema refuses in a document, all at once; nothing if it accepts it."""
    try:
        ManifestDocument.__pydantic_validator__.validate_python(document)
        return []
    except ValidationError as invalid:
        return invalid.errors(include_url=False, include_context=False)
