"""What all answers have in common: they say in words what was found, and list it as rows of declared columns."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

from workbench.fleet.tables import Column, ColumnType, Row


class Answer(ABC):
    """An answer to a question about the fleet."""

    __slots__ = ()

    columns: ClassVar[tuple[Column, ...]]
    """The columns of `rows`, with their types and meanings."""

    @property
    @abstractmethod
    def explanation(self) -> str:
        """What was found, in words for people."""

    @property
    @abstractmethod
    def nodes(self) -> tuple[str, ...]:
        """The nodes of the slot graph that take part, such as `crate:sx9-gateway`."""

    @abstractmethod
    def rows(self) -> Iterator[Row]:
        """Yield what was found, most important first. Lines are looked up row by row, so a few rows cost little."""

    def __len__(self) -> int:
        """Return how many rows there are."""
        return sum(1 for _ in self.rows())


def columns(*declared: tuple[str, ColumnType, str]) -> tuple[Column, ...]:
    """Return columns given as (name, type, meaning)."""
    return tuple(Column(*column) for column in declared)


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun: `1 crate`, `1,200 crates`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
