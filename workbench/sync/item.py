"""What a copy consists of: records with an id, and a digest that tells whether they are as they should be."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import orjson

_DIGEST_BYTES: Final = 16
_NUL: Final = "\0"


@dataclass(frozen=True, slots=True)
class Item:
    """A record as it should stand in the copy; equal digests mean equal values."""

    id: str
    digest: str
    values: Mapping[str, Any]

    @classmethod
    def of(cls, identity: str, values: Mapping[str, Any]) -> "Item":
        """Return the record of some values; characters that databases cannot hold are replaced."""
        held = {key: storable(value) for key, value in values.items()}
        return cls(storable(identity), digest_of(held), held)


Items = Mapping[str, Item]
"""The records of one table, by id."""


def by_id(items: Iterable[Item]) -> dict[str, Item]:
    """Return records by their ids."""
    return {item.id: item for item in items}


def digest_of(value: object) -> str:
    """Return 32 hexadecimal digits that tell values apart."""
    return blake2b(orjson.dumps(value), digest_size=_DIGEST_BYTES).hexdigest()


def storable(value: Any) -> Any:
    """Return a value as databases can hold it: no text of PostgreSQL or SurrealDB has a NUL."""
    if isinstance(value, str):
        return value.replace(_NUL, "\N{REPLACEMENT CHARACTER}")
    if isinstance(value, list | tuple):
        return [storable(part) for part in value]
    return value
