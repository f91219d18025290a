"""The counter at which people ask for ports: who may ask, what they would get, and why nobody is served."""

import time
from concurrent.futures import Future
from typing import Final

from workbench.access import NOBODY, Caller
from workbench.assignments import Assignment, AssignmentRequest
from workbench.errors import Forbidden, Unauthorized, Unavailable, WorkbenchError
from workbench.fleet.lookup import crate_records
from workbench.hub import Hub
from workbench.one_line import one_line
from workbench.scopes import ALL_SCOPES, Scope
from workbench.tokens import Tokens

OWNER: Final = "notebook"
"""Who acts where no token is asked for: the owner of the process."""

_OWNER: Final = Caller(OWNER, ALL_SCOPES)

_SCOPE: Final[Scope] = "ports:write"


class PortCounter:
    """Hands out and takes back the ports of a hub, for people who may have that done.

    With `tokens`, everybody must present one or have signed in; without (None), whoever asks owns the process.
    """

    def __init__(self, hub: Hub, tokens: Tokens | None = None) -> None:
        self._hub = hub
        self._tokens = tokens

    @property
    def asks_for_token(self) -> bool:
        """Whether people must present a token."""
        return self._tokens is not None

    @property
    def is_durable(self) -> bool:
        """Whether assignments survive a restart."""
        return self._hub.desk.is_durable

    @property
    def closed(self) -> str | None:
        """Why nobody is served now, as a sentence; None if people are."""
        if not self._hub.is_running:
            return "This workbench was scanned once and runs no hub, which alone hands out ports."
        if self._hub.journal_error is not None:
            return (
                f"The state file cannot be written ({self._hub.journal_error}); no port is handed out before a restart."
            )
        if self._tokens is not None and not len(self._tokens):
            return "This server has no token, so nobody can change anything here."
        return None

    def caller(self, secret: str = "", signed_in: Caller = NOBODY) -> Caller:
        """Return who asks: the holder of a token, else who signed in; the owner where nobody has to say so.

        Raises Unauthorized for a token that is not known, Forbidden for one that may not change ports.
        """
        if self._tokens is None:
            return _OWNER
        if not secret and signed_in.is_known and _SCOPE in signed_in.scopes:
            return signed_in
        token = self._tokens.find(secret) if secret else None
        if token is None:
            if secret:
                self._tell("token.present", "at the pages", NOBODY, Unauthorized(""))
            raise Unauthorized("this token is not known here" if secret else "enter a token first")
        caller = Caller(token.name, token.scopes, "token")
        if _SCOPE not in token.scopes:
            self._tell("token.present", "at the pages", caller, Forbidden(""))
            raise Forbidden(f"the token {token.name} lacks the scope {_SCOPE}", scope=_SCOPE)
        return caller

    def preview(self, request: AssignmentRequest, *, is_new: bool = False) -> Assignment:
        """Return what would be handed out now; nothing is changed or kept.

        `is_new` says that the crate has no manifest yet. Raises UnknownCrate, PortTaken, BlockFull, UnknownBlock, or
        InvalidRequest if it is not clear which block to choose from.
        """
        snapshot = self._hub.snapshot
        if not is_new:
            crate_records(request.crate_name, snapshot)
        book, now = self._hub.desk.book.copy(), time.time()
        book.expire(now)
        made, _ = book.assign(request, snapshot, now)
        return made

    def assign(
        self, request: AssignmentRequest, secret: str = "", signed_in: Caller = NOBODY, *, is_new: bool = False
    ) -> "Future[Assignment]":
        """Ask the hub for a port; the future holds what was handed out, or why nothing was.

        Raises Unauthorized, Forbidden, and UnknownCrate unless the crate `is_new`, without asking.
        """
        caller = self.caller(secret, signed_in)
        if not is_new:
            crate_records(request.crate_name, self._hub.snapshot)
        asked = self._hub.assign(request, actor=caller.name)
        return self._told("port.assign", f"{request.crate_name} {request.label}", caller, asked)

    def release(self, held: Assignment, secret: str = "", signed_in: Caller = NOBODY) -> "Future[Assignment]":
        """Ask the hub to end this very assignment; the future holds it, ended. Raises Unauthorized and Forbidden."""
        caller = self.caller(secret, signed_in)
        subject = f"{held.crate_name} {held.label} {held.port}"
        return self._told("port.release", subject, caller, self._hub.release(held.port, held.id, caller.name))

    def _told(self, action: str, subject: str, caller: Caller, asked: "Future[Assignment]") -> "Future[Assignment]":
        """Have the audit log told of a change once it is known how it ended."""

        def tell(done: "Future[Assignment]") -> None:
            error = Unavailable("given up") if done.cancelled() else done.exception()
            known = error if error is None or isinstance(error, WorkbenchError) else WorkbenchError(str(error))
            self._tell(action, subject, caller, known)

        asked.add_done_callback(tell)
        return asked

    def _tell(self, action: str, subject: str, caller: Caller, error: WorkbenchError | None) -> None:
        self._hub.audit.record(
            actor=caller.name,
            means=caller.means,
            action=action,
            subject=one_line(subject),
            outcome="done" if error is None else "refused" if error.status in (401, 403) else "failed",
            status=200 if error is None else error.status,
            code="" if error is None else error.code,
            address="",
            origin="",
            request_id="",
        )
