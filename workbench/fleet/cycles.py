"""Dependency cycles: the strongly connected parts of the fleet, each shown by one shortest circle."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from workbench.fleet.positions import KeyPath

LinkType = Literal["DEPENDS_ON", "BUILT_ON"]


class Link(NamedTuple):
    """A dependency between two manifests of the fleet, by path, with the key that declares it."""

    source: str
    target: str
    type: LinkType
    key_path: KeyPath


def cycles_of(links: Mapping[str, Sequence[Link]]) -> Iterator[tuple[list[Link], int]]:
    """Yield (one shortest cycle, size of the component) for each strongly connected component.

    Components are Tarjan's; a crate that is only founded on itself is no cycle.
    """
    for component in _components({path: [link.target for link in found] for path, found in links.items()}):
        if len(component) > 1:
            edges = {path: [link for link in links[path] if link.target != path] for path in component}
            yield _witness(edges, component), len(component)


def _witness(edges: Mapping[str, Sequence[Link]], component: set[str]) -> list[Link]:
    start = min(component)
    came: dict[str, Link] = {}
    queue = deque([start])
    while queue:
        path = queue.popleft()
        for link in edges[path]:
            if link.target == start:
                circle = [link]
                while circle[0].source != start:
                    circle.insert(0, came[circle[0].source])
                return circle
            if link.target in component and link.target not in came:
                came[link.target] = link
                queue.append(link.target)
    raise AssertionError("a strongly connected component has a cycle through each of its members")


def _components(graph: Mapping[str, Sequence[str]]) -> Iterator[set[str]]:
    """Yield Tarjan's strongly connected components, without recursion, in a stable order."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    for root in sorted(graph):
        if root in index:
            continue
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        work = [(root, iter(graph.get(root, ())))]
        while work:
            node, targets = work[-1]
            for target in targets:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(graph.get(target, ()))))
                    break
                if target in on_stack:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    component: set[str] = set()
                    while node not in component:
                        member = stack.pop()
                        on_stack.discard(member)
                        component.add(member)
                    yield component
