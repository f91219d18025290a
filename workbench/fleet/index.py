"""Copies of indices that share what did not change."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from workbench.fleet.shards import Shards

K = TypeVar("K")
V = TypeVar("V")


class Index(Generic[K, V]):
    """A copy of a mapping of tuples to which additions and removals are applied together."""

    def __init__(self, old: Shards[K, tuple[V, ...]]) -> None:
        self._old = old
        self._removed: dict[K, list[V]] = defaultdict(list)
        self._added: dict[K, list[V]] = defaultdict(list)
        self._new = old

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

    def result(self, order: Callable[[V], Any] | None = None) -> Shards[K, tuple[V, ...]]:
        """Return the new mapping, the touched keys' values in order."""
        changes: dict[K, tuple[V, ...] | None] = {}
        is_first = not self._old
        for key in self.touched:
            values = self._added[key] if is_first else self._values(key, by_identity=order is not None)
            if len(values) > 1:
                values.sort(key=order)
            changes[key] = tuple(values) or None
        self._new = self._old.changed(changes)
        return self._new

    def _values(self, key: K, by_identity: bool) -> list[V]:
        kept = self._old.get(key, ())
        if gone := self._removed.get(key):
            removed = {id(value) if by_identity else value for value in gone}
            kept = tuple(value for value in kept if (id(value) if by_identity else value) not in removed)
        return [*kept, *self._added.get(key, ())]
