"""A graph as the fast algorithms want it: nodes are numbers, arcs are pairs of them."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import networkx as nx
import rustworkx as rx


@dataclass(frozen=True)
class Arcs:
    """A directed graph of the nodes 0 to count - 1, without loops, each arc once."""

    count: int
    pairs: tuple[tuple[int, int], ...]

    @classmethod
    def between(cls, nodes: Iterable[Hashable], pairs: Iterable[tuple[Hashable, Hashable]]) -> "Arcs":
        """Return the arcs between named nodes, numbered in their order."""
        number = {node: n for n, node in enumerate(nodes)}
        found = dict.fromkeys((number[a], number[b]) for a, b in pairs if a != b)
        return cls(len(number), tuple(found))

    @classmethod
    def of(cls, graph: "nx.Graph[Any]") -> "Arcs":
        """Return the arcs of a networkx graph of any kind; parallel edges count once."""
        return cls.between(graph.nodes, graph.edges())

    @cached_property
    def directed(self) -> "rx.PyDiGraph[int, None]":
        """The same for rustworkx; not to be changed."""
        graph: rx.PyDiGraph[int, None] = rx.PyDiGraph(multigraph=False)
        graph.add_nodes_from(range(self.count))
        graph.add_edges_from_no_data(list(self.pairs))
        return graph

    @cached_property
    def undirected(self) -> "rx.PyGraph[int, None]":
        """The same for rustworkx without directions: two nodes are joined once; not to be changed."""
        graph: rx.PyGraph[int, None] = rx.PyGraph(multigraph=False)
        graph.add_nodes_from(range(self.count))
        graph.add_edges_from_no_data(self.joined)
        return graph

    @cached_property
    def joined(self) -> list[tuple[int, int]]:
        """The pairs that are joined in either direction, the lower number first, in order."""
        return sorted({(min(pair), max(pair)) for pair in self.pairs})
