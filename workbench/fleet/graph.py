"""The slot graph: crates, ports and what they lean on, as a networkx multigraph with typed nodes and edges."""

from typing import Any, Final, Protocol, TypeVar

import networkx as nx

from workbench.fleet.claims import Names
from workbench.fleet.cycles import Link
from workbench.fleet.model import Crate, PortClaim, Site, worst
from workbench.fleet.snapshot import Record, Snapshot

NODE_TYPES: Final = ("crate", "port", "foundation", "endpoint", "capability", "external")
EDGE_TYPES: Final = ("OWNS", "REFERENCES", "SISTER_OF", "DEPENDS_ON", "BUILT_ON", "CLONED_FROM", "EXPOSES")


def slot_graph(snapshot: Snapshot) -> "nx.MultiDiGraph[str]":
    """Return the slot graph of a snapshot; shared, so copy it before changing it.

    Nodes are named by type, such as `crate:sx9-gateway` or `port:18600`, and carry `type` and `label`;
    crates also `path`, `version`, `classification`, `stale` and `severity` (of their worst finding).
    Edges are keyed by type and declaration, and carry `type`, the declaration's `path`, `line` and
    `declared` (its key), and what else is known of them, such as `label`.
    """
    return snapshot.derive("slot-graph", _build)


def crate_node(crate: Crate, names: Names) -> str:
    """Return the node of a crate; a second crate of one name gets its path appended."""
    bearers = [path for path in names.paths(crate.name) if names.name_of(path) == crate.name]
    return f"crate:{crate.name}" if not bearers or bearers[0] == crate.path else f"crate:{crate.name}@{crate.path}"


class Graph(Protocol):
    """What the nodes and edges of the slot graph are put into."""

    def add_node(self, node: str, /, **attributes: Any) -> object:
        """Take a node."""

    def add_edge(self, source: str, target: str, key: str, /, **attributes: Any) -> object:
        """Take an edge between nodes that are there."""

    def __contains__(self, node: object, /) -> bool:
        """Whether a node is there."""


G = TypeVar("G", bound=Graph)


def filled(graph: G, snapshot: Snapshot) -> G:
    """Return a graph with the nodes and edges of `slot_graph` put into it, in the same order."""
    _Builder(snapshot, graph).build()
    return graph


def _build(snapshot: Snapshot) -> "nx.MultiDiGraph[str]":
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(revision=snapshot.revision)
    return filled(graph, snapshot)  # type: ignore[type-var]  # the stubs know two forms of add_edge


class _Builder:
    def __init__(self, snapshot: Snapshot, graph: Graph) -> None:
        self.snapshot = snapshot
        self.names = snapshot.names
        self.graph = graph
        self.node_of = {
            path: crate_node(record.crate, self.names)
            for path, record in snapshot.records.items()
            if record.crate is not None
        }

    def build(self) -> None:
        for path, record in self.snapshot.records.items():
            if record.crate is not None:
                self._add_crate(path, record, record.crate)
        for path, record in self.snapshot.records.items():
            if record.crate is not None:
                self._add_claims(path, record)
                self._add_links(path, record, record.crate)
                self._add_offers(path, record.crate)

    def _add_crate(self, path: str, record: Record, crate: Crate) -> None:
        self.graph.add_node(
            self.node_of[path],
            type="crate",
            label=crate.name,
            path=path,
            version=crate.version,
            classification=crate.classification,
            stale=record.is_stale,
            severity=worst(self.snapshot.findings_of(crate)),
        )

    def _node(self, kind: str, name: str) -> str:
        node = f"{kind}:{name}"
        if node not in self.graph:
            self.graph.add_node(node, type=kind, label=name.rpartition("/")[2] if kind == "endpoint" else name)
        return node

    def _edge(self, source: str, target: str, kind: str, site: Site, **attributes: Any) -> None:
        place = {"path": site.path, "line": site.line, "declared": site.key}
        self.graph.add_edge(source, target, f"{kind}:{site.key}", type=kind, **place, **attributes)

    def _add_claims(self, path: str, record: Record) -> None:
        node = self.node_of[path]
        for claim in record.claims:
            port = self._node("port", str(claim.port))
            if claim.role == "owner":
                self._edge(node, port, "OWNS", claim.site, label=claim.label)
            elif claim.role == "reference":
                self._edge(node, port, "REFERENCES", claim.site, label=claim.label, of=claim.of)
                self._add_external_target(port, claim)
            elif claim.primary is not None and claim.role == "sister":
                self._edge(port, self._node("port", str(claim.primary)), "SISTER_OF", claim.site, derived=claim.derived)

    def _add_external_target(self, port: str, claim: PortClaim) -> None:
        if not claim.resolved:
            self._edge(self._node("external", claim.of), port, "OWNS", claim.site, label=claim.label, presumed=True)

    def _add_links(self, path: str, record: Record, crate: Crate) -> None:
        node = self.node_of[path]
        resolved = {link.key_path for link in record.links}
        for link in record.links:
            self._link(node, crate, link)
        for item in crate.dependencies:
            if item.key_path not in resolved:
                target = self._node("foundation" if item.kind == "runtime" else "external", item.target)
                self._edge(node, target, "DEPENDS_ON", crate.site(*item.key_path), label=item.alias)
        foundation_path = (*crate.header, "foundation")
        if crate.foundation and foundation_path not in resolved:
            self._edge(node, self._node("foundation", crate.foundation), "BUILT_ON", crate.site(*foundation_path))
        for alias in crate.aliases:
            self._edge(node, self._former(alias), "CLONED_FROM", crate.site("metadata", "cloned_from"))

    def _link(self, node: str, crate: Crate, link: Link) -> None:
        self._edge(node, self.node_of[link.target], link.type, crate.site(*link.key_path))

    def _former(self, alias: str) -> str:
        paths = self.names.by_name.get(alias, ())
        return self.node_of[paths[0]] if paths else self._node("external", alias)

    def _add_offers(self, path: str, crate: Crate) -> None:
        node = self.node_of[path]
        for name, route in crate.endpoints.items():
            endpoint = self._node("endpoint", f"{crate.name}{route if route.startswith('/') else '/' + route}")
            self._edge(node, endpoint, "EXPOSES", crate.site("endpoints", name), label=name)
        if crate.capabilities:
            table = "service" if crate.source.holds(("service", "capabilities")) else "smart_meta"
            for capability in crate.capabilities:
                self._edge(node, self._node("capability", capability), "EXPOSES", crate.site(table, "capabilities"))
