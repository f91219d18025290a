"""/api/graph: the slot graph and the questions to it, all answered on worker threads."""

from typing import Annotated, Literal

from pydantic import Field

from api.crates import record_named
from api.encoded import Body, SnapshotHandler, json_bytes
from api.graph_questions import (
    Selection,
    blast_radius_model,
    connection_model,
    cycles_model,
    node_model,
    part_model,
)
from api.queries import MAX_PAGE, SnapshotQuery, Text
from workbench.fleet.snapshot import Snapshot

NodeType = Literal["crate", "port", "foundation", "endpoint", "capability", "external"]
EdgeType = Literal["OWNS", "REFERENCES", "SISTER_OF", "DEPENDS_ON", "BUILT_ON", "CLONED_FROM", "EXPOSES"]


class GraphQuery(SnapshotQuery):
    """Filters of the graph; a repeated parameter means any of its values. `q` shows matches and their neighbours."""

    type: tuple[NodeType, ...] = ()
    edge_type: tuple[EdgeType, ...] = ()
    q: Text | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] | None = None

    def selection(self) -> Selection:
        """Return the part of the graph that is meant."""
        return Selection(self.type, self.edge_type, self.q, self.limit)


class PathQuery(SnapshotQuery):
    """The ends of a path; `directed` follows edges only the way they point."""

    source: Annotated[Text, Field(alias="from")]
    target: Annotated[Text, Field(alias="to")]
    directed: bool = False


class GraphHandler(SnapshotHandler):
    """GET: the graph, or the part of it that is asked for, as node-link JSON."""

    access = "read"

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

    async def get(self, node: str) -> None:
        snapshot = await self.current(self.query(SnapshotQuery).refresh)
        await self.send_model(snapshot, lambda: node_model(node, snapshot))


class BlastRadiusHandler(SnapshotHandler):
    """GET: the crates that are hit when one fails."""

    access = "read"

    async def get(self, name: str) -> None:
        snapshot = await self.current(self.query(SnapshotQuery).refresh)
        record = record_named(name, snapshot)
        await self.send_model(snapshot, lambda: blast_radius_model(record, snapshot))


class PathHandler(SnapshotHandler):
    """GET: a shortest way between two nodes."""

    access = "read"

    async def get(self) -> None:
        query = self.query(PathQuery)
        snapshot = await self.current(query.refresh)
        await self.send_model(snapshot, lambda: connection_model(query.source, query.target, query.directed, snapshot))


class CyclesHandler(SnapshotHandler):
    """GET: a bare array of the dependency cycles."""

    access = "read"

    async def get(self) -> None:
        snapshot = await self.current(self.query(SnapshotQuery).refresh)
        await self.send_body(snapshot, "cycles", lambda s: Body(lambda: json_bytes(cycles_model(s))))
