"""The counter at which people ask for ports: what they would get, and why nobody is served."""

import time
from concurrent.futures import Future
from typing import ClassVar

from workbench.desks.assignments import Assignment, AssignmentRequest
from workbench.desks.counter import OWNER, Counter
from workbench.fleet.lookup import crate_records
from workbench.security.access import NOBODY, Caller
from workbench.security.scopes import Scope

__all__ = ["OWNER", "PortCounter"]


class PortCounter(Counter):
    """Hands out and takes back the ports of a hub."""

    scope: ClassVar[Scope] = "ports:write"

    @property
    def is_durable(self) -> bool:
        """Whether assignments survive a restart."""
        return self._hub.desk.is_durable

    @property
    def closed(self) -> str | None:
        """Why nobody is served now, as a sentence; None if people are."""
        if not self._hub.is_running:
            return "This workbench was scanned once and runs no hub, which alone hands out ports."
        if self._hub.guard.error is not None:
            return (
                f"The state file cannot be written ({self._hub.guard.error}); no port is handed out before a restart."
            )
        if self.has_no_token:
            return "This server has no token, so nobody can change anything here."
        return None

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
