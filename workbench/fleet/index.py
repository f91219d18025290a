"""Copies of indices that share what did not change."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Index(Generic[K, V]):
    """A copy of a mapping of tuples to which additions and removals are applied together."""

    def __init__(self, old: Mapping[K, tuple[V, ...]]) -> None:
        self._old = old
        self._removed: dict[K, list[V]] = defaultdict(list)
        self._added: dict[K, list[V]] = defaultdict(list)
        self._new: dict[K, tuple[V, ...]] = {}

    def remove(self, key: K, value: V) -> None:
        """Note that a value goes from a key."""
        self._removed[key].append(value)

    def add(self, key: K, value: V) -> None:
        """Note that a value comes to a key."""
        self._added[key].append(value)

    @property
    def touched(self) -> set[K]:
        """The keys of which a value was removed or added."""
        return self._removed.keys() | self._added.keys()

    def changed(self, key: K) -> bool:
        """Whether a key's values differ after `result()`."""
        return self._old.get(key) != self._new.get(key)

    def result(self, order: Callable[[V], Any] | None = None) -> dict[K, tuple[V, ...]]:
        """Return the new mapping, the touched keys' values in order."""
        new = self._new = dict(self._old)
        for key in self.touched:
            removed = {id(value) if order else value for value in self._removed.get(key, ())}
            kept = [v for v in self._old.get(key, ()) if (id(v) if order else v) not in removed]
            values = sorted([*kept, *self._added.get(key, ())], key=order)
            if values:
                new[key] = tuple(values)
            else:
                new.pop(key, None)
        return new
