"""Blast radius: whom a failure reaches, or what a crate needs, how far away, and how strongly."""

import heapq
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

from workbench.errors import InvalidRequest
from workbench.fleet.analysis.answer import Answer, columns, counted
from workbench.fleet.analysis.leans import WEIGHTS, Lean, LeanGraph, LeanType, lean_graph
from workbench.fleet.lookup import crate_records
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.tables import Column, Row

Direction = Literal["up", "down"]
"""`up`: those who lean on a crate, whom its failure hits. `down`: those it leans on, whose failure hits it."""


class Hit(NamedTuple):
    """One crate that is reached: how far away it is, how strongly it is hit, and by which declaration."""

    path: str
    crate: str
    node: str
    depth: int
    impact: float
    """From 0 to 1: the greatest product of weights along any way there."""
    through: str
    """The crate next to it on a shortest way."""
    lean: Lean
    """The declaration that makes the last step of that way."""


@dataclass(frozen=True, slots=True)
class BlastRadius(Answer):
    """Which crates are reached from one, nearest first."""

    crate: str
    node: str
    direction: Direction
    ports: tuple[int, ...]
    of: int
    """How many other crates there are."""
    hits: tuple[Hit, ...]

    columns: ClassVar[tuple[Column, ...]] = columns(
        ("crate", "text", "crate that is reached"),
        ("depth", "integer", "steps on a shortest way"),
        ("impact", "number", "0 to 1: the greatest product of the weights along any way"),
        ("through", "text", "its neighbour on a shortest way"),
        ("type", "text", "how they are joined: BUILT_ON, DEPENDS_ON or REFERENCES"),
        ("path", "text", "manifest that declares it"),
        ("line", "integer", "line, from 1"),
        ("declared", "text", "key"),
    )

    @property
    def direct(self) -> int:
        """How many are reached in one step."""
        return sum(hit.depth == 1 for hit in self.hits)

    @property
    def nodes(self) -> tuple[str, ...]:
        return self.node, *(hit.node for hit in self.hits)

    @property
    def explanation(self) -> str:
        if not self.hits:
            return f"Nothing leans on {self.crate}." if self.direction == "up" else f"{self.crate} leans on nothing."
        deepest = self.hits[-1].depth
        reached = (
            f"{counted(len(self.hits), 'crate')} of {self.of:,}, {self.direct:,} directly "
            f"and the last in {counted(deepest, 'step')}."
        )
        return (
            f"If {self.crate} fails, it hits {reached}" if self.direction == "up" else f"{self.crate} needs {reached}"
        )

    def __len__(self) -> int:
        return len(self.hits)

    def rows(self) -> Iterator[Row]:
        for hit in self.hits:
            site = hit.lean.site
            yield hit.crate, hit.depth, hit.impact, hit.through, hit.lean.type, site.path, site.line, site.key


def blast_radius(
    snapshot: Snapshot,
    name: str,
    direction: Direction = "up",
    depth: int | None = None,
    weights: Mapping[LeanType, float] | None = None,
) -> BlastRadius:
    """Return which crates are reached from one, at most `depth` steps away.

    `weights` replace some of `WEIGHTS`; a type of weight 0 counts for nothing and is not followed. Raises
    UnknownCrate with the nearest names, and InvalidRequest for a weight outside 0 to 1 or a depth below 1.
    """
    record = crate_records(name, snapshot)[0]
    assert record.crate is not None
    if direction not in ("up", "down"):
        raise InvalidRequest(f'the direction is "up" or "down", not {direction!r}')
    if depth is not None and depth < 1:
        raise InvalidRequest(f"the depth is at least 1, not {depth}")
    graph, path = lean_graph(snapshot), record.crate.path
    hits = spread(graph, [path], direction, depth, checked_weights(weights))
    owned = sorted({claim.port for claim in record.claims if claim.role == "owner"})
    return BlastRadius(record.crate.name, graph.nodes[path], direction, tuple(owned), len(graph.crates) - 1, hits)


def checked_weights(weights: Mapping[LeanType, float] | None) -> Mapping[LeanType, float]:
    """Return the weights of all types; raises InvalidRequest for an unknown type or a weight outside 0 to 1."""
    given = weights or {}
    for kind, weight in given.items():
        if kind not in WEIGHTS:
            raise InvalidRequest(f"{kind!r} is no type of lean; there are {', '.join(WEIGHTS)}")
        if not 0 <= weight <= 1:
            raise InvalidRequest(f"the weight of {kind} is from 0 to 1, not {weight}")
    return {**WEIGHTS, **given}


def spread(
    graph: LeanGraph,
    starts: Iterable[str],
    direction: Direction = "up",
    depth: int | None = None,
    weights: Mapping[LeanType, float] = WEIGHTS,
) -> tuple[Hit, ...]:
    """Return what is reached from some manifests, nearest first; the starts themselves are not hit."""
    beside = graph.dependents if direction == "up" else graph.dependencies
    distance = dict.fromkeys(starts, 0)
    found: dict[str, tuple[str, Lean]] = {}
    queue = deque(distance)
    while queue:
        path = queue.popleft()
        if distance[path] == depth:
            break
        for lean in beside.get(path, ()):
            other = lean.source if direction == "up" else lean.target
            if other not in distance and weights[lean.type] > 0:
                distance[other] = distance[path] + 1
                found[other] = path, lean
                queue.append(other)
    impacts = _impacts(beside, [path for path, far in distance.items() if far == 0], direction, weights)
    return tuple(
        Hit(
            path,
            graph.name(path),
            graph.nodes[path],
            distance[path],
            round(impacts[path], 6),
            graph.name(through),
            lean,
        )
        for path, (through, lean) in found.items()
    )


def _impacts(
    beside: Mapping[str, Iterable[Lean]],
    starts: Iterable[str],
    direction: Direction,
    weights: Mapping[LeanType, float],
) -> dict[str, float]:
    """Return the greatest product of weights along any way from the starts, by manifest (Dijkstra's algorithm)."""
    best = dict.fromkeys(starts, 1.0)
    heap = [(-1.0, path) for path in best]
    while heap:
        negative, path = heapq.heappop(heap)
        if -negative < best[path]:
            continue
        for lean in beside.get(path, ()):
            other = lean.source if direction == "up" else lean.target
            passed = -negative * weights[lean.type]
            if passed > best.get(other, 0.0):
                best[other] = passed
                heapq.heappush(heap, (-passed, other))
    return best
