"""Dependency cycles: each strongly connected part of the fleet with one shortest circle as its witness."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from workbench.fleet.analysis.answer import Answer, columns, counted
from workbench.fleet.analysis.leans import Lean, lean_graph
from workbench.fleet.cycles import cycles_of
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.tables import Column, Row


class Circle(NamedTuple):
    """One cycle: the circle's crates in order, and how many crates the whole component has."""

    size: int
    crates: tuple[str, ...]
    leans: tuple[Lean, ...]


@dataclass(frozen=True, slots=True)
class Cycles(Answer):
    """The dependency cycles of a fleet, by their first manifest. Calls to ports make none."""

    circles: tuple[Circle, ...]
    nodes_of: tuple[str, ...]

    columns: ClassVar[tuple[Column, ...]] = columns(
        ("cycle", "integer", "number of the cycle, from 1"),
        ("size", "integer", "crates in the strongly connected component"),
        ("step", "integer", "step on the circle, from 1"),
        ("crate", "text", "crate that depends"),
        ("leans_on", "text", "crate that it depends on"),
        ("type", "text", "BUILT_ON or DEPENDS_ON"),
        ("path", "text", "manifest that declares it"),
        ("line", "integer", "line, from 1"),
        ("declared", "text", "key"),
    )

    @property
    def nodes(self) -> tuple[str, ...]:
        return self.nodes_of

    @property
    def explanation(self) -> str:
        if not self.circles:
            return "No crate depends on itself, however long the way."
        circles = "; ".join(" → ".join((*circle.crates, circle.crates[0])) for circle in self.circles[:3])
        more = f"; and {len(self.circles) - 3} more" if len(self.circles) > 3 else ""
        return f"{counted(len(self.circles), 'cycle')}: {circles}{more}. Cutting any one edge of a circle opens it."

    def rows(self) -> Iterator[Row]:
        for number, circle in enumerate(self.circles, 1):
            targets = (*circle.crates[1:], circle.crates[0])
            for step, (name, target, lean) in enumerate(zip(circle.crates, targets, circle.leans, strict=True), 1):
                site = lean.site
                yield number, circle.size, step, name, target, lean.type, site.path, site.line, site.key


def cycles(snapshot: Snapshot) -> Cycles:
    """Return one witness for each strongly connected component of dependencies and foundations."""
    return snapshot.derive("cycles", _found)


def _found(snapshot: Snapshot) -> Cycles:
    graph = lean_graph(snapshot)
    circles = []
    for links, size in cycles_of({path: snapshot.records[path].links for path in graph.crates}):
        leans = tuple(
            Lean(link.source, link.target, link.type, graph.crates[link.source].site(*link.key_path)) for link in links
        )
        circles.append(Circle(size, tuple(graph.name(link.source) for link in links), leans))
    return Cycles(tuple(circles), tuple(graph.nodes[lean.source] for circle in circles for lean in circle.leans))
