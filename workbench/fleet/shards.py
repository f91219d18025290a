"""A large mapping whose changed copies share almost everything with it."""

from collections import defaultdict
from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from itertools import chain
from typing import Any, Final, Generic, TypeVar, overload

K = TypeVar("K")
V = TypeVar("V")
D = TypeVar("D")

_COUNT: Final = 512


class Shards(Mapping[K, V], Generic[K, V]):
    """An immutable mapping kept in small dicts, so that a changed copy costs a few of them and not all.

    Keys come in no particular order.
    """

    __slots__ = ("_shards", "_size")

    def __init__(self, items: Mapping[K, V] | None = None) -> None:
        shards: list[dict[K, V]] = [{} for _ in range(_COUNT)]
        for key, value in (items or {}).items():
            shards[hash(key) % _COUNT][key] = value
        self._shards = tuple(shards)
        self._size = len(items or ())

    def __getitem__(self, key: K) -> V:
        return self._shards[hash(key) % _COUNT][key]

    @overload
    def get(self, key: K, /) -> V | None: ...
    @overload
    def get(self, key: K, /, default: V | D) -> V | D: ...
    def get(self, key: K, /, default: Any = None) -> Any:
        """Return the value of a key, else the default."""
        return self._shards[hash(key) % _COUNT].get(key, default)

    def __contains__(self, key: object) -> bool:
        return key in self._shards[hash(key) % _COUNT]

    def __iter__(self) -> Iterator[K]:
        return chain.from_iterable(self._shards)

    def __len__(self) -> int:
        return self._size

    def items(self) -> ItemsView[K, V]:
        """Return the keys with their values; whoever goes through them looks nothing up."""
        return _Items(self)

    def values(self) -> ValuesView[V]:
        """Return the values, in the order of the keys."""
        return _Values(self)

    def __reduce__(self) -> tuple[type["Shards[K, V]"], tuple[dict[K, V]]]:
        """Keep the items alone: the hashes of strings differ from process to process."""
        return Shards, (dict(self.items()),)

    def changed(self, changes: Mapping[K, V | None]) -> "Shards[K, V]":
        """Return a copy with the changes: new values by key, None for keys that are gone."""
        if not self._size:  # a fleet that is read for the first time
            return Shards({key: value for key, value in changes.items() if value is not None})
        by_shard: dict[int, list[K]] = defaultdict(list)
        for key in changes:
            by_shard[hash(key) % _COUNT].append(key)
        shards = list(self._shards)
        size = self._size
        for number, keys in by_shard.items():
            shard = shards[number] = dict(shards[number])
            size -= len(shard)
            for key in keys:
                value = changes[key]
                if value is None:
                    shard.pop(key, None)
                else:
                    shard[key] = value
            size += len(shard)
        copy: Shards[K, V] = Shards.__new__(Shards)
        copy._shards, copy._size = tuple(shards), size
        return copy


class _Items(ItemsView[K, V]):
    _mapping: Shards[K, V]

    def __iter__(self) -> Iterator[tuple[K, V]]:
        return chain.from_iterable(map(dict.items, self._mapping._shards))


class _Values(ValuesView[V]):
    _mapping: Shards[Any, V]

    def __iter__(self) -> Iterator[V]:
        return chain.from_iterable(map(dict.values, self._mapping._shards))
