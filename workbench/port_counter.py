"""The counter at which people ask for ports: who may ask, what they would get, and why nobody is served."""

import time
from concurrent.futures import Future
from typing import Final

from workbench.assignments import Assignment, AssignmentRequest
from workbench.errors import Forbidden, Unauthorized
from workbench.fleet.lookup import crate_records
from workbench.hub import Hub
from workbench.tokens import Scope, Tokens

OWNER: Final = "notebook"
"""Who acts where no token is asked for: the owner of the process."""

_SCOPE: Final[Scope] = "ports:write"


class PortCounter:
    """Hands out and takes back the ports of a hub, for people who may have that done.

    With `tokens`, everybody must present one; without (None), whoever asks owns the process and needs none.
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

    def actor(self, secret: str) -> str:
        """Return the name of who presents a token, `OWNER` where none is asked for.

        Raises Unauthorized for a token that is not known, Forbidden for one that may not change ports.
        """
        if self._tokens is None:
            return OWNER
        token = self._tokens.find(secret) if secret else None
        if token is None:
            raise Unauthorized("this token is not known here" if secret else "enter a token first")
        if _SCOPE not in token.scopes:
            raise Forbidden(f"the token {token.name} lacks the scope {_SCOPE}", scope=_SCOPE)
        return token.name

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

    def assign(self, request: AssignmentRequest, secret: str = "", *, is_new: bool = False) -> "Future[Assignment]":
        """Ask the hub for a port; the future holds what was handed out, or why nothing was.

        Raises Unauthorized, Forbidden, and UnknownCrate unless the crate `is_new`, without asking.
        """
        actor = self.actor(secret)
        if not is_new:
            crate_records(request.crate_name, self._hub.snapshot)
        return self._hub.assign(request, actor=actor)

    def release(self, held: Assignment, secret: str = "") -> "Future[Assignment]":
        """Ask the hub to end this very assignment; the future holds it, ended. Raises Unauthorized and Forbidden."""
        return self._hub.release(held.port, held.id, self.actor(secret))
