"""The slot graph as records and relations: one table for each type of node, and one for each type of edge."""

from collections.abc import Iterator
from typing import Any, Final

from workbench.fleet.graph import EDGE_TYPES, NODE_TYPES, slot_graph
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.tables import CRATES, table_rows
from workbench.sync.item import Item, Items, by_id, digest_of

RELATION_TABLES: Final = {kind: kind.lower() for kind in EDGE_TYPES}
"""The table of each type of edge: OWNS is `owns`, as Cypher's patterns and SurrealQL's arrows are written."""

_SHOWN_OTHERWISE: Final = ("type", "label")


def slots(snapshot: Snapshot) -> dict[str, Items]:
    """Return the records of every table; values that are missing are left out.

    The id of a node is its name within its type: `crate:sx9-gateway`, `port:18600`. Relations have `in` and `out`,
    each a pair of table and id, and an id made of both and of what declares them.
    """
    records: dict[str, list[Item]] = {kind: [] for kind in (*NODE_TYPES, *RELATION_TABLES.values())}
    described = {row["path"]: row for row in _crate_rows(snapshot)}
    graph = slot_graph(snapshot)
    for node, given in graph.nodes(data=True):
        kind, _, name = node.partition(":")
        records[kind].append(Item.of(name, _held(_properties(kind, given, described))))
    for source, target, key, given in graph.edges(keys=True, data=True):
        values = _held({name: value for name, value in given.items() if name != "type"})
        ends = {"in": source.partition(":")[::2], "out": target.partition(":")[::2]}
        edge = Item.of(digest_of([source, target, key]), {**values, **ends})
        records[RELATION_TABLES[given["type"]]].append(edge)
    return {table: by_id(items) for table, items in records.items()}


def _properties(kind: str, given: dict[str, Any], described: dict[str, dict[str, Any]]) -> dict[str, Any]:
    number = {"port": int(given["label"])} if kind == "port" else {}
    rest = {key: value for key, value in given.items() if key not in _SHOWN_OTHERWISE}
    return {"name": given["label"], **number, **rest, **described.get(given.get("path", ""), {})}


def _crate_rows(snapshot: Snapshot) -> Iterator[dict[str, Any]]:
    for row in table_rows("crates", snapshot):
        yield dict(zip(CRATES.column_names, row, strict=True))


def _held(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
