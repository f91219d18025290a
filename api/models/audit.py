"""The audit log."""

from api.models.base import Model, Moment
from workbench.desks.audit import Outcome


class AuditEntry(Model):
    """One thing that was tried."""

    id: int
    """Rises with time."""
    at: Moment
    actor: str | None
    """The name of a token or of a person; null if that is not known."""
    means: str | None
    """How the actor said so: token, sign-in, loopback or nothing."""
    action: str | None
    subject: str | None
    outcome: Outcome
    status: int | None
    code: str | None
    """The code of the error; null if there was none."""
    address: str | None
    origin: str | None
    """The page that the request came from."""
    request_id: str | None
