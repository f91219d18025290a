"""Bringing a copy up to date: what a place must be able to do, and what is done there."""

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from workbench.errors import SyncBroken, SyncError
from workbench.sync.item import Item, Items
from workbench.sync.result import SyncResult, TableResult

T = TypeVar("T")

Report = Callable[[int, int], None]
"""Called with how many changes are made, and how many there are."""


class Target(Protocol):
    """A place that holds a copy, open. Each call raises SyncError."""

    @property
    def place(self) -> str:
        """Where it is, without secrets."""

    @property
    def is_atomic(self) -> bool:
        """Whether all changes are one transaction; else each call is one."""

    @property
    def batch(self) -> int:
        """How many records one call takes."""

    async def known(self, table: str) -> Mapping[str, str]:
        """Return the digests of a table's records by id."""

    async def write(self, table: str, items: Sequence[Item]) -> None:
        """Add records, or replace those that have their ids."""

    async def remove(self, table: str, ids: Sequence[str]) -> None:
        """Remove records."""

    async def stamp(self) -> None:
        """Note that the copy was changed now."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What is to be done in one table."""

    table: str
    added: tuple[Item, ...]
    changed: tuple[Item, ...]
    removed: tuple[str, ...]
    unchanged: int

    @classmethod
    def of(cls, table: str, wanted: Items, known: Mapping[str, str]) -> "Difference":
        """Return what leads from the digests that are known to the records that are wanted."""
        return cls(
            table,
            tuple(item for identity, item in wanted.items() if identity not in known),
            tuple(item for identity, item in wanted.items() if known.get(identity, item.digest) != item.digest),
            tuple(identity for identity in known if identity not in wanted),
            sum(known.get(identity) == item.digest for identity, item in wanted.items()),
        )

    @property
    def written(self) -> tuple[Item, ...]:
        """The records to write."""
        return self.added + self.changed

    @property
    def size(self) -> int:
        """How many changes there are."""
        return len(self.added) + len(self.changed) + len(self.removed)

    def result(self) -> TableResult:
        """Return the figures."""
        return TableResult(self.table, len(self.added), len(self.changed), self.unchanged, len(self.removed))


async def synchronise(
    wanted: Mapping[str, Items], target: Target, dry_run: bool = False, report: Report | None = None
) -> SyncResult:
    """Make a place hold what is wanted and nothing else; what is there already is left alone.

    Tables are written in their order and cleared in the opposite one, so that an edge never lacks a node. Raises
    SyncError, and SyncBroken if some changes were made by then: the next run makes the others.
    """
    started = time.perf_counter()
    differences = [Difference.of(table, items, await target.known(table)) for table, items in wanted.items()]
    if not dry_run:
        await _Work(target, sum(difference.size for difference in differences), report).do(differences)
    results = tuple(difference.result() for difference in differences)
    return SyncResult(target.place, results, dry_run, time.perf_counter() - started)


class _Work:
    """Changes that are being made, in batches."""

    def __init__(self, target: Target, total: int, report: Report | None) -> None:
        self._target = target
        self._total = total
        self._report = report
        self._done = 0

    async def do(self, differences: Sequence[Difference]) -> None:
        try:
            for difference in differences:
                await self._each(difference.table, difference.written, self._target.write)
            for difference in reversed(differences):
                await self._each(difference.table, difference.removed, self._target.remove)
            if self._total:
                await self._target.stamp()
        except SyncError as error:
            if self._target.is_atomic:
                raise SyncBroken(f"{error.message}; nothing was changed", done=0, total=self._total) from None
            if not self._done:
                raise
            told = f"{self._done:,} of {self._total:,} changes were made; the next run makes the others"
            raise SyncBroken(f"{error.message}; {told}", done=self._done, total=self._total) from None

    async def _each(self, table: str, parts: Sequence[T], act: Callable[[str, Sequence[T]], Awaitable[None]]) -> None:
        for some in _batches(parts, self._target.batch):
            await act(table, some)
            self._done += len(some)
            if self._report is not None:
                self._report(self._done, self._total)


def _batches(parts: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(parts), size):
        yield parts[start : start + size]
