"""The shared-dependency matrix: how many direct dependencies each two crates have in common."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar

from workbench.errors import InvalidRequest
from workbench.fleet.analysis.answer import Answer, columns, counted
from workbench.fleet.analysis.leans import LeanGraph, lean_graph
from workbench.fleet.lookup import crate_records
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.tables import Column, Row


@dataclass(frozen=True, slots=True)
class SharedDependencies(Answer):
    """For some crates: what each leans on, and what each two lean on both."""

    crates: tuple[str, ...]
    nodes_of: tuple[str, ...]
    targets: tuple[frozenset[str], ...]
    """For each crate, the names of what it leans on directly."""
    of: int

    columns: ClassVar[tuple[Column, ...]] = columns(
        ("crate", "text", "one crate"),
        ("other", "text", "another crate"),
        ("shared", "integer", "direct dependencies of both"),
        ("share", "number", "0 to 1: their share of the dependencies of either"),
        ("dependencies", "texts", "which"),
    )

    @property
    def nodes(self) -> tuple[str, ...]:
        return self.nodes_of

    @property
    def matrix(self) -> tuple[tuple[int, ...], ...]:
        """Dependencies in common, row by row in the order of `crates`; on the diagonal, those of the crate."""
        return tuple(tuple(len(a & b) for b in self.targets) for a in self.targets)

    @property
    def explanation(self) -> str:
        rows = list(self.rows())
        shown = f"{counted(len(self.crates), 'crate')} of {self.of:,}"
        if not rows:
            return f"Among {shown}, no two lean on the same crate."
        first = rows[0]
        return f"Among {shown}, {first[0]} and {first[1]} have most in common: {', '.join(first[4])}."

    def rows(self) -> Iterator[Row]:
        found = []
        for (a, one), (b, other) in combinations(zip(self.crates, self.targets, strict=True), 2):
            if common := one & other:
                found.append((a, b, len(common), len(common) / len(one | other), sorted(common)))
        yield from sorted(found, key=lambda row: (-row[2], -row[3], row[0], row[1]))


def shared_dependencies(snapshot: Snapshot, *names: str, most: int = 40) -> SharedDependencies:
    """Return what crates lean on in common: those named, else the `most` that lean on most.

    Raises UnknownCrate with the nearest names, and InvalidRequest if `most` is below 1.
    """
    if most < 1:
        raise InvalidRequest(f"at least 1 crate must be shown, not {most}")
    graph = lean_graph(snapshot)
    paths = [crate_records(name, snapshot)[0].manifest.path for name in dict.fromkeys(names)] or _foremost(graph, most)
    return SharedDependencies(
        tuple(graph.name(path) for path in paths),
        tuple(graph.nodes[path] for path in paths),
        tuple(_targets(path, graph) for path in paths),
        len(graph.paths),
    )


def _targets(path: str, graph: LeanGraph) -> frozenset[str]:
    return frozenset(graph.name(lean.target) for lean in graph.dependencies.get(path, ()))


def _foremost(graph: LeanGraph, most: int) -> list[str]:
    foremost = sorted(graph.dependencies, key=lambda path: (-len(_targets(path, graph)), graph.name(path), path))
    return sorted(foremost[:most], key=lambda path: (graph.name(path), path))
