"""How a table is looked at: what is typed above its columns, the order of its rows, and its page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from workbench.dashboards.address import Address

TYPED: Final = "where"
"""The word of what is typed above the columns of a page's only or first table."""
_HIGHEST_PAGE: Final = 10**6
_MOST_SORTED: Final = 4


@dataclass(frozen=True, slots=True)
class TableView:
    """What a reader has made of a table.

    In an address a page's first table has the words `where.COLUMN`, `sort` and `page`, and another, which has a word
    of its own, `WORD.COLUMN`, `WORD.sort` and `WORD.page`. What is as usual has no word.
    """

    typed: Mapping[str, str] = field(default_factory=dict)
    """What is typed above the columns, by column."""
    order: tuple[str, ...] = ()
    """The columns that the rows are sorted by, the first first, with a `-` before those from high to low."""
    page: int | None = None
    """The page, from 1 on; None for the one that holds the selected row, or else the first."""

    @classmethod
    def at(cls, address: Address, word: str = "") -> "TableView":
        """Return the view that an address names. Whether the table has such columns and pages, it has to see."""
        typed = {name: text for name, text in address.within(word or TYPED).items() if name not in ("sort", "page")}
        order = tuple(name for name in address.text(_key(word, "sort")).split(",") if name.removeprefix("-"))
        return cls(typed, order[:_MOST_SORTED], address.number(_key(word, "page"), 1, _HIGHEST_PAGE))

    def words(self, word: str = "") -> dict[str, str | int | None]:
        """Return the words of the address for it."""
        typed: dict[str, str | int | None] = {f"{word or TYPED}.{name}": text for name, text in self.typed.items()}
        return typed | {_key(word, "sort"): ",".join(self.order), _key(word, "page"): self.page}


AS_USUAL: Final = TableView()


def _key(word: str, name: str) -> str:
    return f"{word}.{name}" if word else name
