"""Questions to the slot graph on large fleets, and the algorithms below them beside those of networkx."""

import argparse
import gc
import random
from collections.abc import Callable, Mapping
from typing import Any

import networkx as nx

from benchmarks.measure import interleaved, report
from workbench.fleet.analysis.arcs import Arcs
from workbench.fleet.analysis.brandes import sampled_betweenness
from workbench.fleet.analysis.centrality import betweenness, centrality, pagerank
from workbench.fleet.analysis.circles import cycles
from workbench.fleet.analysis.communities import communities, partition
from workbench.fleet.analysis.cut_points import cut_points, separations
from workbench.fleet.analysis.failure import simulate_failure
from workbench.fleet.analysis.layers import layers, stratified
from workbench.fleet.analysis.leans import lean_graph
from workbench.fleet.analysis.orphans import orphans
from workbench.fleet.analysis.reach import blast_radius
from workbench.fleet.analysis.sharing import shared_dependencies
from workbench.fleet.analysis.twins import twins
from workbench.fleet.analysis.ways import ways
from workbench.fleet.manifest import parse_manifest
from workbench.fleet.snapshot import Snapshot

LEANS = 4


def fleet(crates: int, seed: int = 7) -> Snapshot:
    """Return a fleet in which each crate depends on up to four older ones: most of them near, some everybody's."""
    draw = random.Random(seed)
    manifests = {}
    for number in range(crates):
        near = [draw.randrange(max(0, number - 2000), number) for _ in range(LEANS) if number and draw.random() < 0.8]
        central = [int(number * draw.random() ** 3) for _ in range(LEANS - len(near)) if number]
        lines = ["[smart-crate]", f'name = "crate-{number:06}"', "[dependencies]"]
        lines += [f'd{n} = "crate-{target:06}"' for n, target in enumerate(sorted({*near, *central}))]
        path = f"crate-{number:06}/smart-crate.toml"
        manifests[path] = parse_manifest(path, "\n".join(lines).encode())
    return Snapshot().apply(manifests)


def questions(snapshot: Snapshot) -> Mapping[str, Callable[[], None]]:
    """Return each question as a candidate; who leans on whom, which all share, is made anew for the first alone."""
    names = [crate.name for crate in snapshot.crates]
    hub, leaf = names[0], names[-1]

    def anew(key: str, ask: Callable[[], object]) -> Callable[[], None]:
        def run() -> None:
            snapshot._derived.pop(key, None)
            ask()

        return run

    return {
        "who leans on whom": anew("lean-graph", lambda: lean_graph(snapshot).arcs),
        "blast radius of all": anew("", lambda: blast_radius(snapshot, hub)),
        "five shortest ways": anew("lean-digraph", lambda: ways(snapshot, leaf, hub, k=5)),
        "cycles": anew("cycles", lambda: cycles(snapshot)),
        "cut points": anew("", lambda: cut_points(snapshot)),
        "layers": anew("", lambda: layers(snapshot)),
        "centrality": anew("", lambda: centrality(snapshot)),
        "communities": anew("", lambda: communities(snapshot)),
        "orphans": anew("", lambda: orphans(snapshot)),
        "twins": anew("", lambda: twins(snapshot)),
        "shared dependencies": anew("", lambda: shared_dependencies(snapshot)),
        "failure of one": anew("", lambda: simulate_failure(snapshot, hub)),
    }


def algorithms(arcs: Arcs) -> Mapping[str, Mapping[str, Callable[[], Any]]]:
    """Return pairs of candidates: ours, and what networkx does for the same answer. Graphs are made beforehand."""
    graph: Any = nx.DiGraph(arcs.pairs)
    joined = graph.to_undirected()
    _ = arcs.directed, arcs.undirected
    pivots = range(0, arcs.count, max(1, arcs.count // 4))[:4]
    found: dict[str, Mapping[str, Callable[[], Any]]] = {
        "cut points": {
            "ours, with what they part": lambda: separations(arcs),
            "networkx, without": lambda: (set(nx.articulation_points(joined)), set(nx.bridges(joined))),
        },
        "layers": {
            "ours": lambda: stratified(arcs),
            "networkx": lambda: list(nx.topological_generations(nx.condensation(graph).reverse(copy=False))),
        },
        "PageRank": {
            "ours": lambda: pagerank(arcs),
            "networkx, pure Python": lambda: nx.algorithms.link_analysis.pagerank_alg._pagerank_python(graph, tol=1e-8),
        },
        "betweenness from 4 sources": {
            "ours": lambda: sampled_betweenness(arcs, pivots),
            "networkx": lambda: nx.betweenness_centrality_subset(graph, pivots, list(graph)),
        },
    }
    if arcs.count <= 1000:
        found = {
            "betweenness, exact": {
                "ours": lambda: betweenness(arcs),
                "networkx": lambda: nx.betweenness_centrality(graph),
            },
            "communities": {
                "ours, Leiden": lambda: partition(arcs),
                "networkx, Louvain": lambda: nx.community.louvain_communities(joined, seed=7),
            },
        }
    return found


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks graph", description=__doc__)
    parser.add_argument("--crates", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    for crates in [1000, *options.crates]:
        snapshot = fleet(crates)
        arcs = lean_graph(snapshot).arcs
        title = f"{crates:,} crates, {len(arcs.pairs):,} leans"
        gc.collect()
        gc.freeze()
        if crates > 1000:
            report(f"questions: {title}", interleaved(questions(snapshot), options.rounds, warmup=0))
        for name, candidates in algorithms(arcs).items():
            report(f"{name}: {title}", [*interleaved(wrapped(candidates), options.rounds, warmup=0)])
        gc.unfreeze()


def wrapped(candidates: Mapping[str, Callable[[], Any]]) -> dict[str, Callable[[], None]]:
    """Return candidates whose answers are thrown away."""

    def silent(run: Callable[[], Any]) -> Callable[[], None]:
        return lambda: run() and None

    return {name: silent(run) for name, run in candidates.items()}
