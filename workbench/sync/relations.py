"""The fleet as the tables of a relational database: those of SQL, and the edges of the slot graph."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from workbench.fleet.graph import slot_graph
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.tables import TABLES, Column, Row, table_rows
from workbench.sync.item import Item, Items, by_id, digest_of, storable

EDGE_COLUMNS: Final = (
    Column("source", "text", "node that the edge leaves, such as crate:sx9-gateway"),
    Column("target", "text", "node that it enters, such as port:18600"),
    Column("type", "text", "OWNS, REFERENCES, SISTER_OF, DEPENDS_ON, BUILT_ON, CLONED_FROM or EXPOSES"),
    Column("label", "text", "label or alias under which it is declared"),
    Column("of", "text", "for REFERENCES: whose port is meant"),
    Column("derived", "flag", "for SISTER_OF: whether the sister is computed and stands in no manifest"),
    Column("presumed", "flag", "for OWNS: whether an outside service owns it only by what crates say"),
    Column("path", "text", "manifest"),
    Column("line", "integer", "line, from 1"),
    Column("declared", "text", "key that declares it"),
)


@dataclass(frozen=True, slots=True)
class Relation:
    """A table of the copy: its columns, and those of them that say which thing a row speaks of."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    identity: tuple[str, ...]
    rows: Callable[[Snapshot], Sequence[Row]]

    @property
    def column_names(self) -> tuple[str, ...]:
        """All columns as they are written, in order."""
        return ("id", "digest", *(column.name for column in self.columns))

    def items(self, snapshot: Snapshot) -> Items:
        """Return the rows of a snapshot as records.

        The id is a digest of the identity, and so safe in a URL whatever a manifest says; equal ones are counted.
        """
        return by_id(self._items(snapshot))

    def _items(self, snapshot: Snapshot) -> Iterator[Item]:
        names = [column.name for column in self.columns]
        places = [names.index(name) for name in self.identity]
        met: Counter[str] = Counter()
        for row in self.rows(snapshot):
            what = digest_of([self.name, *(storable(row[place]) for place in places)])
            met[what] += 1
            identity = what if met[what] == 1 else digest_of([what, met[what]])
            yield Item.of(identity, dict(zip(names, row, strict=True)))


def _edge_rows(snapshot: Snapshot) -> list[Row]:
    names = [column.name for column in EDGE_COLUMNS[2:]]
    return [
        (source, target, *(given.get(name) for name in names))
        for source, target, given in slot_graph(snapshot).edges(data=True)
    ]


def _table(name: str, *identity: str) -> Relation:
    spec = TABLES[name]
    return Relation(name, spec.meaning, spec.columns, identity, lambda snapshot: table_rows(name, snapshot))


RELATIONS: Final = (
    _table("crates", "path"),
    _table("ports", "path", "key", "role", "label", "port"),
    _table("findings", "code", "path", "key", "crates", "ports"),
    _table("dependencies", "path", "kind", "alias", "target"),
    _table("endpoints", "path", "name"),
    _table("diagnostics", "path", "code", "key"),
    Relation(
        "edges", "One row per edge of the slot graph.", EDGE_COLUMNS, ("source", "target", "type", "declared"),
        _edge_rows,
    ),
)  # fmt: skip
"""Every table of the copy, in the order in which they are written."""


def relational(snapshot: Snapshot) -> dict[str, Items]:
    """Return the records of every table."""
    return {relation.name: relation.items(snapshot) for relation in RELATIONS}
