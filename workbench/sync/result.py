"""What a synchronisation did, as a terminal and a notebook show it."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any, Final

Json = dict[str, Any]

_HEADS: Final = ("table", "added", "changed", "unchanged", "removed")


@dataclass(frozen=True, slots=True)
class TableResult:
    """How many records of one table were added, changed, found as they should be, and removed."""

    table: str
    added: int
    changed: int
    unchanged: int
    removed: int


@dataclass(frozen=True, slots=True, repr=False)
class SyncResult:
    """What was done at a place, or with `dry_run` what would be done. It shows itself."""

    place: str
    tables: tuple[TableResult, ...]
    dry_run: bool
    seconds: float

    @property
    def added(self) -> int:
        """Records that were not there."""
        return sum(table.added for table in self.tables)

    @property
    def changed(self) -> int:
        """Records that were there with other values."""
        return sum(table.changed for table in self.tables)

    @property
    def written(self) -> int:
        """Records that were added or changed."""
        return self.added + self.changed

    @property
    def unchanged(self) -> int:
        """Records that were there as they should be."""
        return sum(table.unchanged for table in self.tables)

    @property
    def removed(self) -> int:
        """Records that were there and are no longer of the fleet."""
        return sum(table.removed for table in self.tables)

    @property
    def explanation(self) -> str:
        """The result in words."""
        if self.dry_run:
            done = f"would write {self.written:,} and remove {self.removed:,}"
        else:
            done = f"{self.written:,} written, {self.removed:,} removed"
        return f"{self.place}: {done}, {self.unchanged:,} unchanged, in {self.seconds:.2f} s"

    def model(self) -> Json:
        """Return the result as values that JSON can hold."""
        return {
            "place": self.place,
            "dry_run": self.dry_run,
            "seconds": round(self.seconds, 3),
            "written": self.written,
            "unchanged": self.unchanged,
            "removed": self.removed,
            "tables": [dict(zip(_HEADS, row, strict=True)) for row in self._rows()],
        }

    def _rows(self) -> Iterator[tuple[str, int, int, int, int]]:
        for table in self.tables:
            yield table.table, table.added, table.changed, table.unchanged, table.removed

    def __repr__(self) -> str:
        lines = [f"{_HEADS[0]:<14}" + "".join(f"{head:>11}" for head in _HEADS[1:])]
        lines += [f"{name:<14}" + "".join(f"{number:>11,}" for number in numbers) for name, *numbers in self._rows()]
        return "\n".join([*lines, self.explanation])

    def _repr_html_(self) -> str:
        heads = "".join(f"<th>{head}</th>" for head in _HEADS)
        body = "".join(
            f"<tr><td style='text-align:left'>{escape(name)}</td>"
            + "".join(f"<td>{number:,}</td>" for number in numbers)
            + "</tr>"
            for name, *numbers in self._rows()
        )
        table = f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
        return f"<div><p>{escape(self.explanation)}</p>{table}</div>"
