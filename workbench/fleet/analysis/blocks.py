"""The block-cut tree: the parts of a graph that no single node can part, hung together at the nodes that they share."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import rustworkx as rx

from workbench.fleet.analysis.arcs import Arcs


@dataclass(frozen=True, slots=True)
class BlockCutTree:
    """One connected component: its size, and what hangs below its articulation points and bridges."""

    size: int
    below: Mapping[int, tuple[int, ...]]
    """For each articulation point, the sizes of the parts that hang on it away from the root."""
    bridges: Mapping[tuple[int, int], int]
    """For each bridge, the size of one side."""


def block_cut_tree(arcs: Arcs) -> Iterator[BlockCutTree]:
    """Yield the block-cut tree of each component that has an edge, whatever way the arcs point."""
    members: defaultdict[int, set[int]] = defaultdict(set)
    for edge, block in rx.biconnected_components(arcs.undirected).items():
        members[block].update(edge)
    blocks_of: defaultdict[int, list[int]] = defaultdict(list)
    for block in sorted(members):
        for node in members[block]:
            blocks_of[node].append(block)
    seen: set[int] = set()
    for root in sorted(members):
        if root not in seen:
            order = _preorder(root, members, blocks_of)
            seen.update(block for block, _ in order)
            yield _measured(order, members, blocks_of)


def _preorder(
    root: int, members: Mapping[int, set[int]], blocks_of: Mapping[int, list[int]]
) -> list[tuple[int, int | None]]:
    """Return the blocks of a component, each after the one that it hangs on, with the node by which it hangs."""
    order: list[tuple[int, int | None]] = []
    stack: list[tuple[int, int | None]] = [(root, None)]
    while stack:
        block, by = stack.pop()
        order.append((block, by))
        for node in members[block] - {by}:
            stack += [(other, node) for other in blocks_of[node] if other != block]
    return order


def _measured(
    order: list[tuple[int, int | None]], members: Mapping[int, set[int]], blocks_of: Mapping[int, list[int]]
) -> BlockCutTree:
    hanging: defaultdict[int, list[int]] = defaultdict(list)
    bridges: dict[tuple[int, int], int] = {}
    weight = 0
    for block, by in reversed(order):
        weight = sum(1 + sum(hanging[node]) for node in members[block] if node != by)
        if len(members[block]) == 2:
            low, high = sorted(members[block])
            # At the root, one end stands for a side; elsewhere, all that hangs by this block does.
            bridges[low, high] = weight if by is not None else 1 + sum(hanging[low])
        if by is not None:
            hanging[by].append(weight)
    below = {node: tuple(sizes) for node, sizes in hanging.items() if len(blocks_of[node]) > 1}
    return BlockCutTree(weight, below, bridges)
