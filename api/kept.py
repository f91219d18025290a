"""What was answered, by what was asked: the newest, up to some bytes in all."""

import threading
from abc import ABC, abstractmethod
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Kept(ABC, Generic[K, V]):
    """Values by key, of which the oldest make room for newer ones. Any thread may ask."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._size = 0
        self._kept: dict[K, V] = {}
        self._lock = threading.Lock()

    @abstractmethod
    def weight(self, key: K, value: V) -> int:
        """Return how many bytes a value costs, its key too: whoever asks chooses how long that is."""

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: K) -> V | None:
        """Return what is kept."""
        return self._kept.get(key)

    def keep(self, key: K, value: V) -> None:
        """Keep a value; one that is too large alone is not."""
        weight = self.weight(key, value)
        with self._lock:
            self._forget(key)
            if weight > self._capacity:
                return
            self._kept[key] = value
            self._size += weight
            while self._size > self._capacity:
                self._forget(next(iter(self._kept)))

    def _forget(self, key: K) -> None:
        if (old := self._kept.pop(key, None)) is not None:
            self._size -= self.weight(key, old)
