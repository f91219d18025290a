"""/api/graph: the slot graph and the questions to it, all answered on worker threads."""

from typing import Annotated

from pydantic import Field

from api.crates import CrateName
from api.encoded import Body, SnapshotHandler, json_bytes
from api.graph_questions import (
    Selection,
    blast_radius_model,
    connection_model,
    cycles_model,
    node_model,
    part_model,
)
from api.models.graph import BlastRadius, Connection, Cycle, EdgeType, NodeDetail, NodeType, SlotGraph
from api.operation import operation
from api.queries import MAX_PAGE, SnapshotQuery, Text
from workbench.errors import NoPath, NotFound, UnknownCrate
from workbench.fleet.analysis.ways import MOST_WAYS
from workbench.fleet.lookup import crate_records
from workbench.fleet.snapshot import Snapshot

NodeName = Annotated[
    str, Field(description="A node, or the name of a crate or the number of a port alone.", examples=["port:18010"])
]


class GraphQuery(SnapshotQuery):
    """Filters of the graph; a repeated parameter means any of its values."""

    type: tuple[NodeType, ...] = ()
    """A type of node; repeated, any of them."""
    edge_type: tuple[EdgeType, ...] = ()
    """A type of edge; repeated, any of them."""
    q: Text | None = None
    """Words that all occur in a node's name; shows the matches and their neighbours."""
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] | None = None
    """At most so many nodes, the best connected first."""

    def selection(self) -> Selection:
        """Return the part of the graph that is meant."""
        return Selection(self.type, self.edge_type, self.q, self.limit)


class PathQuery(SnapshotQuery):
    """The ends of a path, and how many are wanted."""

    source: Annotated[Text, Field(alias="from", examples=["portal"])]
    """Where it begins: a node, or the name of a crate or the number of a port alone."""
    target: Annotated[Text, Field(alias="to", examples=["ledger"])]
    """Where it ends."""
    directed: bool = False
    """Follow edges only the way they point."""
    k: Annotated[int, Field(ge=1, le=MOST_WAYS)] = 1
    """How many ways to find; above 1, they are all in `ways`, shortest first."""


class GraphHandler(SnapshotHandler):
    """GET: the graph, or the part of it that is asked for, as node-link JSON."""

    access = "read"

    @operation("Graph", "Read the slot graph, or a part of it", SlotGraph, query=GraphQuery)
    async def get(self) -> None:
        query = self.query(GraphQuery)
        snapshot = await self.current(query.refresh)
        selection = query.selection()
        if selection == GraphQuery().selection():
            await self.send_body(snapshot, "graph", _whole)
        else:
            await self.send_model(snapshot, lambda: part_model(snapshot, selection))


def _whole(snapshot: Snapshot) -> Body:
    return Body(lambda: json_bytes(part_model(snapshot, Selection())))


class NodeHandler(SnapshotHandler):
    """GET: one node and its edges, by its name or that of a crate or port."""

    access = "read"

    @operation("Graph", "Read one node with its edges", NodeDetail, query=SnapshotQuery, errors=(NotFound,))
    async def get(self, node: NodeName) -> None:
        snapshot = await self.current(self.query(SnapshotQuery).refresh)
        await self.send_model(snapshot, lambda: node_model(node, snapshot))


class BlastRadiusHandler(SnapshotHandler):
    """GET: the crates that are hit when one fails."""

    access = "read"

    @operation("Graph", "See what falls with a crate", BlastRadius, query=SnapshotQuery, errors=(UnknownCrate,))
    async def get(self, name: CrateName) -> None:
        snapshot = await self.current(self.query(SnapshotQuery).refresh)
        crate_records(name, snapshot)
        await self.send_model(snapshot, lambda: blast_radius_model(name, snapshot))


class PathHandler(SnapshotHandler):
    """GET: a shortest way between two nodes."""

    access = "read"

    @operation("Graph", "Find a shortest way", Connection, query=PathQuery, errors=(NotFound, NoPath))
    async def get(self) -> None:
        query = self.query(PathQuery)
        snapshot = await self.current(query.refresh)
        await self.send_model(
            snapshot,
            lambda: connection_model(query.source, query.target, query.directed, query.k, snapshot),
        )


class CyclesHandler(SnapshotHandler):
    """GET: a bare array of the dependency cycles."""

    access = "read"

    @operation("Graph", "List the dependency cycles", list[Cycle], query=SnapshotQuery)
    async def get(self) -> None:
        snapshot = await self.current(self.query(SnapshotQuery).refresh)
        await self.send_body(snapshot, "cycles", lambda s: Body(lambda: json_bytes(cycles_model(s))))
