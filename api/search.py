"""/api/search: crates, ports, services and findings by a part of their name or words."""

from typing import Annotated

from pydantic import Field

from api.encoded import SnapshotHandler
from api.models.search import HitGroup
from api.operation import operation
from api.queries import SnapshotQuery
from workbench.fleet.search import search

SearchedText = Annotated[str, Field(min_length=1, max_length=200)]


class SearchQuery(SnapshotQuery):
    """What is searched for."""

    q: SearchedText
    """Words that all stand in a hit, in any order and case."""
    limit: Annotated[int, Field(ge=1, le=100)] = 8
    """At most so many of each kind."""


class SearchHandler(SnapshotHandler):
    """GET: what is found, by kind, best first."""

    access = "read"

    @operation("Findings", "Search the fleet", list[HitGroup], query=SearchQuery, detail="By kind, best first.")
    async def get(self) -> None:
        query = self.query(SearchQuery)
        snapshot = await self.current(query.refresh)
        await self.send_model(
            snapshot,
            lambda: [
                {"kind": kind, "hits": [hit._asdict() for hit in hits]}
                for kind, hits in search(snapshot, query.q, query.limit).items()
            ],
        )
