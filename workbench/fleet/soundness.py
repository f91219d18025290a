"""A quick look at a parsed document, which sees of nearly every one that the schema has nothing to say about it."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from workbench.fleet.layout import DOCUMENT, Kind, Layout
from workbench.fleet.values import port_number

Check = Callable[[Any], bool] | None
Shape = Mapping[str, tuple[frozenset[type], Check]]
"""What is surely right, by key: the types of a value and, where that is not enough, what must hold of it."""


def is_sound(document: dict[str, Any]) -> bool:
    """Whether the schema surely accepts a document; False where the schema itself must be asked."""
    return _fits(document, _DOCUMENT)


def _fits(table: dict[str, Any], shape: Shape) -> bool:
    for key, value in table.items():
        if (wanted := shape.get(key)) is not None:
            types, check = wanted
            if type(value) not in types or (check is not None and not check(value)):
                return False
    return True


def _is_port(value: object) -> bool:
    return _are_ports([value])


def _are_ports(value: dict[str, Any] | list[Any]) -> bool:
    try:
        if isinstance(value, list):
            for port in value:
                port_number(port)
        else:
            for port in value.values():
                port_number(port["port"] if type(port) is dict and "port" in port else port)
    except ValueError:
        return False
    return True


def _are_texts(value: list[Any]) -> bool:
    return set(map(type, value)) <= _TEXT


_TEXT: Final = frozenset({str})

_KINDS: Final[Mapping[Kind, tuple[frozenset[type], Check]]] = {
    "flag": (frozenset({bool}), None),
    "name": (frozenset({str}), lambda value: bool(value.strip())),
    "number": (frozenset({int, float}), None),
    "port": (frozenset({int, str}), _is_port),
    "port-list": (frozenset({list}), _are_ports),
    "ports": (frozenset({dict, list}), _are_ports),
    "table": (frozenset({dict}), None),
    "text": (frozenset({str}), None),
    "texts": (frozenset({list}), _are_texts),
}


def _shape(layout: Layout) -> Shape:
    """Return the shape of a table; keys that may hold anything are left out."""
    shape: dict[str, tuple[frozenset[type], Check]] = {}
    for key, kind in layout.keys.items():
        if isinstance(kind, Layout):
            shape[key] = frozenset({dict}), partial(_fits, shape=_shape(kind))
        elif kind != "anything":
            shape[key] = _KINDS[kind]
    return shape


_DOCUMENT: Final = _shape(DOCUMENT)
