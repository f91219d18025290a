"""/api/mux/status and /api/mux/topology: what the Neural Mux told last, and how long ago."""

from typing import Annotated

from pydantic import Field

from api.base import ApiHandler, off_loop
from api.models import mux as models
from api.operation import operation
from api.queries import MAX_PAGE, Query, parse_query
from workbench.errors import MuxAway, MuxNotConfigured
from workbench.live.vitals_models import DEFAULT_MOST, merged_topology_model, mux_status_model, mux_topology_model


class TopologyQuery(Query):
    """Which topology."""

    merged: bool = False
    """Lay it over the slot graph: each node and edge with its standing."""
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = DEFAULT_MOST
    """Show at most so many nodes, and as many edges, of the merged topology."""


class MuxStatusHandler(ApiHandler):
    """GET: the services and their health as the Mux told them last. Nothing is waited for."""

    access = "read"

    @operation("Mux", "Read what the Mux tells", models.MuxStatus, query=Query, errors=(MuxNotConfigured, MuxAway))
    async def get(self) -> None:
        parse_query(Query, self.request.query_arguments)
        self.finish_json(await off_loop(mux_status_model, self.hub.vitals, self.hub.snapshot))


class MuxTopologyHandler(ApiHandler):
    """GET: nodes and edges as the Mux told them last, or laid over the slot graph."""

    access = "read"

    @operation(
        "Mux",
        "Read who leans on whom, as the Mux sees it",
        models.MuxTopology | models.MergedTopology,
        query=TopologyQuery,
        errors=(MuxNotConfigured, MuxAway),
    )
    async def get(self) -> None:
        query = parse_query(TopologyQuery, self.request.query_arguments)
        vitals, snapshot = self.hub.vitals, self.hub.snapshot
        if query.merged:
            self.finish_json(await off_loop(merged_topology_model, vitals, snapshot, query.limit))
        else:
            self.finish_json(await off_loop(mux_topology_model, vitals, snapshot))
