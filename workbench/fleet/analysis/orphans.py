"""Orphans: crates that nothing leans on, and services that nobody calls."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Final, Literal, NamedTuple

from workbench.fleet.analysis.answer import Answer, columns, counted
from workbench.fleet.analysis.leans import LeanGraph, lean_graph
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.tables import Column, Row

OrphanKind = Literal["alone", "unused-library", "uncalled-service"]

REASONS: Final = {
    "alone": "leans on nothing, and nothing leans on it",
    "unused-library": "owns no port, and no crate depends on it",
    "uncalled-service": "owns ports, and no crate depends on it or calls them",
}
"""What makes an orphan of each kind; a crate has the first kind that fits."""


class Orphan(NamedTuple):
    """One crate that nothing leans on."""

    crate: str
    node: str
    kind: OrphanKind
    ports: tuple[int, ...]
    path: str


@dataclass(frozen=True, slots=True)
class Orphans(Answer):
    """The crates that nothing leans on, by kind and name."""

    orphans: tuple[Orphan, ...]
    of: int

    columns: ClassVar[tuple[Column, ...]] = columns(
        ("crate", "text", "crate that nothing leans on"),
        ("kind", "text", "alone, unused-library or uncalled-service"),
        ("reason", "text", "the kind in words"),
        ("ports", "integers", "ports that it owns"),
        ("path", "text", "manifest"),
    )

    @property
    def nodes(self) -> tuple[str, ...]:
        return tuple(item.node for item in self.orphans)

    @property
    def explanation(self) -> str:
        kinds = [item.kind for item in self.orphans]
        parts = [f"{kinds.count(kind):,} {kind}" for kind in REASONS if kind in kinds]
        said = f"Nothing leans on {len(kinds):,} of {counted(self.of, 'crate')}"
        return f"{said}: {', '.join(parts)}." if parts else f"{said}."

    def rows(self) -> Iterator[Row]:
        for item in self.orphans:
            yield item.crate, item.kind, REASONS[item.kind], list(item.ports), item.path


def orphans(snapshot: Snapshot) -> Orphans:
    """Return the crates on which no other leans, each with the reason why it counts as an orphan."""
    graph = lean_graph(snapshot)
    found = (_orphan(path, graph, snapshot) for path in graph.paths if not graph.dependents.get(path))
    order = list(REASONS)
    return Orphans(
        tuple(sorted(found, key=lambda item: (order.index(item.kind), item.crate, item.path))), len(graph.paths)
    )


def _orphan(path: str, graph: LeanGraph, snapshot: Snapshot) -> Orphan:
    ports = tuple(sorted({claim.port for claim in snapshot.records[path].claims if claim.role == "owner"}))
    kind: OrphanKind = "uncalled-service" if ports else "unused-library"
    if not graph.dependencies.get(path):
        kind = "alone"
    return Orphan(graph.name(path), graph.nodes[path], kind, ports, path)
