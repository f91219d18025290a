"""/api/audit: who changed what, and what was refused."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from api.base import ApiHandler, off_loop
from api.queries import Position, Query, Text, parse_query
from workbench.audit import LONGEST_ANSWER, AuditQuery, Outcome, audit_model


class AuditParameters(Query):
    """Which entries: not older than a moment, older than an entry's id, of an actor, an action, an outcome."""

    since: AwareDatetime | None = None
    before: Position | None = None
    actor: Text | None = None
    action: Text | None = None
    outcome: Outcome | None = None
    limit: Annotated[int, Field(ge=1, le=LONGEST_ANSWER)] = 100

    def wanted(self) -> AuditQuery:
        """Return the query of the log."""
        since = self.since.timestamp() if self.since else None
        return AuditQuery(since, self.before, self.actor, self.action, self.outcome, self.limit)


class AuditHandler(ApiHandler):
    """GET: a bare array of entries, newest first."""

    access = "admin"

    async def get(self) -> None:
        query = parse_query(AuditParameters, self.request.query_arguments).wanted()
        entries = await off_loop(self.hub.audit.entries, query)
        self.finish_json([audit_model(entry) for entry in entries])
