"""A quick look at a parsed document, which sees of nearly every one that the schema has nothing to say about it."""

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, Final, get_args

from pydantic import BaseModel

from workbench.fleet.schema import Flag, ManifestDocument, Name, Number, Port, Ports, Text, Texts, port_number

Check = Callable[[Any], bool] | None
Shape = Mapping[str, tuple[frozenset[type], Check]]
"""What is surely right, by key: the types of a value and, where that is not enough, what must hold of it."""


def is_sound(document: dict[str, Any]) -> bool:
    """Whether the schema surely accepts a document; False where the schema itself must be asked."""
    return _fits(document, _shape(ManifestDocument))


def _fits(table: dict[str, Any], shape: Shape) -> bool:
    for key, value in table.items():
        if (wanted := shape.get(key)) is not None:
            types, check = wanted
            if type(value) not in types or (check is not None and not check(value)):
                return False
    return True


def _is_port(value: object) -> bool:
    try:
        port_number(value)
    except ValueError:
        return False
    return True


def _are_ports(value: dict[str, Any] | list[Any]) -> bool:
    if isinstance(value, list):
        return all(map(_is_port, value))
    return all(_is_port(port["port"] if type(port) is dict and "port" in port else port) for port in value.values())


def _are_texts(value: list[Any]) -> bool:
    return all(isinstance(item, str) for item in value)


_KINDS: Final[tuple[tuple[Any, tuple[frozenset[type], Check]], ...]] = (
    (Text, (frozenset({str}), None)),
    (Name, (frozenset({str}), lambda value: bool(value.strip()))),
    (Flag, (frozenset({bool}), None)),
    (Number, (frozenset({int, float}), None)),
    (Texts, (frozenset({list}), _are_texts)),
    (Port, (frozenset({int, str}), _is_port)),
    (Ports, (frozenset({dict, list}), _are_ports)),
    (list[Port], (frozenset({list}), _are_ports)),
    (dict[str, Any], (frozenset({dict}), None)),
)


@cache
def _shape(model: type[BaseModel]) -> Shape:
    """Return the shape of a table's model; keys that may hold anything are left out."""
    shape = {}
    for name, field in model.model_fields.items():
        wanted = _wanted(field.annotation)
        if wanted is not None:
            shape[field.alias or name] = wanted
    return shape


def _wanted(annotation: Any) -> tuple[frozenset[type], Check] | None:
    if annotation is Any:
        return None
    for part in (annotation, *get_args(annotation)):
        for kind, wanted in _KINDS:
            if part == kind:
                return wanted
        if isinstance(part, type) and issubclass(part, BaseModel):
            return frozenset({dict}), partial(_fits, shape=_shape(part))
    return frozenset(), None  # a kind of value that is not known here: the schema is asked
