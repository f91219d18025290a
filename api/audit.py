"""/api/audit: who changed what, and what was refused."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from api.base import ApiHandler, off_loop
from api.models import audit as models
from api.operation import Answer, operation
from api.queries import Position, Query, Text, parse_query
from workbench.desks.audit import LONGEST_ANSWER, AuditQuery, Outcome, audit_model


class AuditParameters(Query):
    """Which entries."""

    since: AwareDatetime | None = None
    """Not older than this moment, with its time zone."""
    before: Position | None = None
    """Older than the entry of this id; for the next page."""
    actor: Text | None = None
    """The name of a token or of a person."""
    action: Text | None = None
    """What was tried, such as port.assign."""
    outcome: Outcome | None = None
    """How it ended."""
    limit: Annotated[int, Field(ge=1, le=LONGEST_ANSWER)] = 100
    """At most so many."""

    def wanted(self) -> AuditQuery:
        """Return the query of the log."""
        since = self.since.timestamp() if self.since else None
        return AuditQuery(since, self.before, self.actor, self.action, self.outcome, self.limit)


class AuditHandler(ApiHandler):
    """GET: a bare array of entries, newest first."""

    access = "admin"

    @operation(
        "System",
        "Read the audit log",
        answers={200: Answer("The entries, newest first.", list[models.AuditEntry])},
        query=AuditParameters,
    )
    async def get(self) -> None:
        query = parse_query(AuditParameters, self.request.query_arguments).wanted()
        entries = await off_loop(self.hub.audit.entries, query)
        self.finish_json([audit_model(entry) for entry in entries])
