"""The fast algorithms give what networkx gives, on graphs of any shape."""

from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.fleet.analysis.arcs import Arcs
from workbench.fleet.analysis.brandes import sampled_betweenness
from workbench.fleet.analysis.centrality import betweenness, chosen_pivots, pagerank
from workbench.fleet.analysis.communities import modularity, partition
from workbench.fleet.analysis.cut_points import separations
from workbench.fleet.analysis.layers import stratified

Graph = Any


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    count = draw(st.integers(1, 14))
    node = st.integers(0, count - 1)
    graph: Graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(count))
    graph.add_edges_from(draw(st.lists(st.tuples(node, node), max_size=30)))
    return graph


def plain(graph: Graph) -> Graph:
    """Return the graph as the questions see it: no loops, no parallels."""
    found: Graph = nx.DiGraph(graph)
    found.remove_edges_from(list(nx.selfloop_edges(found)))
    return found


@given(graphs())
def test_articulation_points_and_bridges(graph: Graph) -> None:
    points, bridges = separations(Arcs.of(graph))
    joined = plain(graph).to_undirected()
    assert set(points) == set(nx.articulation_points(joined))
    assert set(bridges) == {tuple(sorted(bridge)) for bridge in nx.bridges(joined)}
    for point, separates in points.items():
        rest = joined.subgraph(nx.node_connected_component(joined, point) - {point})
        parts = [len(part) for part in nx.connected_components(rest)]
        assert separates == sum(parts) - max(parts)
    for (a, b), separates in bridges.items():
        cut = joined.copy()
        cut.remove_edge(a, b)
        assert separates == min(len(nx.node_connected_component(cut, end)) for end in (a, b))


@given(graphs())
def test_layers(graph: Graph) -> None:
    heights, knots = stratified(Arcs.of(graph))
    parts = nx.condensation(plain(graph))
    expected = {}
    for layer, generation in enumerate(nx.topological_generations(parts.reverse())):
        for part in generation:
            expected.update(dict.fromkeys(parts.nodes[part]["members"], layer))
    assert heights == [expected[node] for node in graph]
    tied = [frozenset(m) for _, m in parts.nodes(data="members") if len(m) > 1]
    assert {frozenset(n for n in knots if knots[n] == k) for k in knots.values()} == set(tied)


@given(graphs())
def test_betweenness_exact_and_from_all_sources(graph: Graph) -> None:
    arcs = Arcs.of(graph)
    expected = list(nx.betweenness_centrality(plain(graph)).values())
    assert betweenness(arcs) == pytest.approx(expected, abs=1e-9)
    assert sampled_betweenness(arcs, range(arcs.count)) == pytest.approx(expected, abs=1e-9)


@given(graphs(), st.data())
def test_betweenness_from_some_sources(graph: Graph, data: st.DataObject) -> None:
    arcs = Arcs.of(graph)
    pivots = data.draw(st.lists(st.sampled_from(range(arcs.count)), min_size=1, unique=True))
    subset = nx.betweenness_centrality_subset(plain(graph), pivots, list(graph))
    scale = arcs.count / len(pivots) / max(1, (arcs.count - 1) * (arcs.count - 2))
    assert sampled_betweenness(arcs, pivots) == pytest.approx([subset[n] * scale for n in graph], abs=1e-9)


@given(graphs())
def test_pagerank(graph: Graph) -> None:
    from networkx.algorithms.link_analysis.pagerank_alg import _pagerank_python

    arcs = Arcs.of(graph)
    expected = _pagerank_python(plain(graph), tol=1e-12, max_iter=1000)
    assert pagerank(arcs) == pytest.approx([expected[node] for node in graph], abs=1e-6)
    assert sum(pagerank(arcs)) == pytest.approx(1)


@given(graphs())
def test_communities_are_a_connected_partition_with_the_modularity_that_is_said(graph: Graph) -> None:
    arcs = Arcs.of(graph)
    joined = plain(graph).to_undirected()
    found = partition(arcs)
    assert set(found) == {node for node, degree in joined.degree if degree}
    joined.remove_nodes_from(list(nx.isolates(joined)))
    parts = [{n for n in found if found[n] == k} for k in set(found.values())]
    assert all(nx.is_connected(joined.subgraph(part)) for part in parts)
    if parts:
        assert modularity(arcs, found) == pytest.approx(nx.community.modularity(joined, parts))
        assert modularity(arcs, found) >= modularity(arcs, dict.fromkeys(found, 0)) - 1e-12


def test_communities_are_as_good_as_those_of_networkx() -> None:
    graph: Graph = nx.planted_partition_graph(6, 20, 0.5, 0.02, seed=3)
    arcs = Arcs.of(graph)
    louvain = nx.community.louvain_communities(graph, seed=3)
    assert modularity(arcs, partition(arcs)) >= nx.community.modularity(graph, louvain) - 0.02


def test_all_sources_are_taken_while_that_is_quick() -> None:
    small = Arcs(100, ((0, 1),))
    large = Arcs(60_000, tuple((n, n + 1) for n in range(59_999)))
    assert chosen_pivots(small, None) is None
    assert len(chosen_pivots(small, 10) or ()) == 10
    assert chosen_pivots(small, 100) is None
    assert len(chosen_pivots(large, None) or ()) == 256
    assert chosen_pivots(large, None) == chosen_pivots(large, None)
