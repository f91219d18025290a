"""The slot graph: crates, ports and what they lean on, as typed nodes and edges."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, Final, NamedTuple

import networkx as nx

from workbench.fleet.claims import Names
from workbench.fleet.cycles import Link
from workbench.fleet.model import Crate, PortClaim, Site, SourceText, locate_sites, worst
from workbench.fleet.positions import KeyPath, dotted
from workbench.fleet.snapshot import Record, Snapshot

NODE_TYPES: Final = ("crate", "port", "foundation", "endpoint", "capability", "external")
EDGE_TYPES: Final = ("OWNS", "REFERENCES", "SISTER_OF", "DEPENDS_ON", "BUILT_ON", "CLONED_FROM", "EXPOSES")

_CAPABILITIES: Final = re.compile(r"\ncapabilities[ \t]*=")
_HEADER: Final = re.compile(r"\[([A-Za-z0-9_-]+)\]")


class Slot(NamedTuple):
    """An edge of the slot graph, with the place of its declaration, which is looked up when it is asked for."""

    source: str
    target: str
    type: str
    known: Mapping[str, Any]
    """What else is known of it, such as `label`."""
    origin: SourceText
    key_path: KeyPath
    at: tuple[int, int] | None = None

    @property
    def site(self) -> Site:
        """Where it is declared."""
        return Site(self.origin, self.key_path, None, self.at)


class SlotSketch:
    """The slot graph without lines: for who looks at the whole of it, and at few of its lines.

    The edges are kept in columns: as objects of their own they would hold up the garbage collector, and with it
    everybody, for a tenth of a second at 10,000 crates.
    """

    def __init__(self, nodes: Mapping[str, Mapping[str, Any]], columns: Sequence[Sequence[Any]]) -> None:
        self.nodes = nodes
        self._columns = columns

    @property
    def edges(self) -> Iterator[Slot]:
        """All edges, one after another."""
        return map(Slot, *self._columns)

    @property
    def sites(self) -> Iterator[Site]:
        """Where all edges are declared, one after another."""
        *_, origins, key_paths, places = self._columns
        return map(Site, origins, key_paths, repeat(None), places)

    def leaving(self, node: str) -> Sequence[Slot]:
        """Return the edges that lead away from a node."""
        return self._with(0, node)

    def entering(self, node: str) -> Sequence[Slot]:
        """Return the edges that lead to a node."""
        return self._with(1, node)

    def _with(self, end: int, node: str) -> Sequence[Slot]:
        return [
            Slot(*(column[place] for column in self._columns))
            for place, name in enumerate(self._columns[end])
            if name == node
        ]


def slot_sketch(snapshot: Snapshot) -> SlotSketch:
    """Return the nodes and edges of `slot_graph`, at a fraction of its cost."""
    return snapshot.derive("slot-sketch", lambda s: _Builder(s).built())


def slot_graph(snapshot: Snapshot) -> "nx.MultiDiGraph[str]":
    """Return the slot graph of a snapshot as a networkx multigraph; shared, so copy it before changing it.

    Nodes are named by type, such as `crate:sx9-gateway` or `port:18600`, and carry `type` and `label`;
    crates also `path`, `version`, `classification`, `stale` and `severity` (of their worst finding).
    Edges are keyed by type and declaration, and carry `type`, the declaration's `path`, `line` and
    `declared` (its key), and what else is known of them, such as `label`.
    """
    return snapshot.derive("slot-graph", _located)


def crate_node(crate: Crate, names: Names) -> str:
    """Return the node of a crate; a second crate of one name gets its path appended."""
    bearers = [path for path in names.paths(crate.name) if names.name_of(path) == crate.name]
    return f"crate:{crate.name}" if not bearers or bearers[0] == crate.path else f"crate:{crate.name}@{crate.path}"


def located_edges(sketch: SlotSketch, *, lines: bool = True) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Yield the edges of a sketch as (source, target, key, attributes).

    Their lines are found together; where nobody asks for them, they are left out.
    """
    if lines:
        locate_sites(sketch.sites)
    for source, target, kind, known, origin, key_path, at in sketch.edges:
        declared = dotted(key_path)
        line = {"line": (at or origin.locate(key_path))[0]} if lines else {}
        attributes = {"type": kind, "path": origin.path, **line, "declared": declared, **known}
        yield source, target, f"{kind}:{declared}", attributes


def _located(snapshot: Snapshot) -> "nx.MultiDiGraph[str]":
    sketch = slot_sketch(snapshot)
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(revision=snapshot.revision)
    graph.add_nodes_from((node, dict(data)) for node, data in sketch.nodes.items())
    for source, target, key, attributes in located_edges(sketch):
        graph.add_edge(source, target, key, **attributes)
    return graph


class _Builder:
    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.names = snapshot.names
        self.nodes: dict[str, dict[str, Any]] = {}
        self.columns: tuple[list[Any], ...] = tuple([] for _ in Slot._fields)
        self.places: dict[tuple[str, str, str, KeyPath], int] = {}
        self.node_of = {
            path: crate_node(record.crate, self.names)
            for path, record in snapshot.records.items()
            if record.crate is not None
        }

    def built(self) -> SlotSketch:
        for path, record in self.snapshot.records.items():
            if record.crate is not None:
                self._add_crate(path, record, record.crate)
        for path, record in self.snapshot.records.items():
            if record.crate is not None:
                self._add_claims(path, record)
                self._add_links(path, record, record.crate)
                self._add_offers(path, record.crate)
        return SlotSketch(self.nodes, self.columns)

    def _add_crate(self, path: str, record: Record, crate: Crate) -> None:
        self.nodes[self.node_of[path]] = {
            "type": "crate",
            "label": crate.name,
            "path": path,
            "version": crate.version,
            "classification": crate.classification,
            "stale": record.is_stale,
            "severity": worst(self.snapshot.findings_of(crate)),
        }

    def _node(self, kind: str, name: str) -> str:
        node = f"{kind}:{name}"
        if node not in self.nodes:
            self.nodes[node] = {"type": kind, "label": name.rpartition("/")[2] if kind == "endpoint" else name}
        return node

    def _edge(self, source: str, target: str, kind: str, site: Site, **known: Any) -> None:
        """Add an edge; of two that are declared by one key, the later counts."""
        last = len(self.places)
        place = self.places.setdefault((source, target, kind, site.key_path), last)
        values = (source, target, kind, known, site.source, site.key_path, site.at)
        for column, value in zip(self.columns, values, strict=True):
            if place == last:
                column.append(value)
            else:
                column[place] = value

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
        if not crate.capabilities:
            return
        site = crate.site(_table_of_capabilities(crate), "capabilities")
        for capability in crate.capabilities:
            self._edge(node, self._node("capability", capability), "EXPOSES", site)


def _table_of_capabilities(crate: Crate) -> str:
    """Return the table that lists the capabilities, as a rule without finding the positions of all keys."""
    text = crate.source.text
    for match in _CAPABILITIES.finditer(text):
        header = _HEADER.match(text, text.rfind("\n[", 0, match.start()) + 1)
        if header and header[1] in ("service", "smart_meta"):
            return str(header[1])
    return "service" if ("service", "capabilities") in crate.source.positions else "smart_meta"
