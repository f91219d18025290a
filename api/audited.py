"""What of the requests goes into the audit log."""

import re
from typing import TYPE_CHECKING, Final

from workbench.desks.audit import Outcome
from workbench.one_line import one_line

if TYPE_CHECKING:
    from api.base import Responder

_WORDS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


def audit(handler: "Responder") -> None:
    """Record a request if it was a change, or was refused for who sent it or where from."""
    outcome = _outcome(handler)
    if outcome is None:
        return
    request = handler.request
    handler.hub.audit.record(
        actor=one_line(handler.caller.name),
        means=handler.caller.means,
        action=action_of(handler),
        subject=one_line(handler.subject or request.path),
        outcome=outcome,
        status=handler.get_status(),
        code=handler.error.code if handler.error else "",
        address=one_line(request.remote_ip or ""),
        origin=one_line(handler.origin or ""),
        request_id=handler.request_id,
    )


def action_of(handler: "Responder") -> str:
    """Return what the audit log calls what a route does."""
    return handler.action or _WORDS.sub("-", type(handler).__name__.removesuffix("Handler")).lower()


def _outcome(handler: "Responder") -> Outcome | None:
    """Return how the request ended; None if it was no change and nobody was refused."""
    status, request = handler.get_status(), handler.request
    if status == 403 or (status == 401 and (handler.is_guarded or "Authorization" in request.headers)):
        return "refused"
    if (
        not handler.is_guarded
        or handler.is_exempt
        or request.method not in handler.methods()
        or request.method in ("GET", "HEAD", "OPTIONS")
    ):
        return None
    return "done" if status < 400 else "failed"
