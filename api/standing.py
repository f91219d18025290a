"""Whether those who follow the events still may: what a token or a sign-in opened does not outlive it."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Hashable
from typing import Final, Protocol

from workbench.security.access import Caller

logger = logging.getLogger(__name__)

POLICY_VIOLATION: Final = 1008


class Follower(Protocol):
    """A connection that was let in on the strength of something that may end."""

    caller: Caller

    @property
    def credential(self) -> Hashable:
        """What let it in; equal for all that one question answers."""

    @property
    def is_following(self) -> bool:
        """Whether it is still open."""

    def may_stay(self) -> bool:
        """Whether what let it in still holds."""

    def dismiss(self, code: int, reason: str) -> None:
        """Close it."""


class Standing:
    """The followers of one event loop, asked again and again, once for all with the same credential."""

    def __init__(self) -> None:
        self._followers: set[Follower] = set()
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, follower: Follower, seconds: float) -> None:
        """Ask for a follower every so many seconds until it leaves; nothing is asked for one without a credential."""
        if follower.caller.means not in ("token", "sign-in"):
            return
        self._followers.add(follower)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._check, seconds)

    def _check(self, seconds: float) -> None:
        self._timer = None
        groups: defaultdict[Hashable, list[Follower]] = defaultdict(list)
        self._followers = {follower for follower in self._followers if follower.is_following}
        for follower in self._followers:
            groups[follower.credential].append(follower)
        for group in groups.values():
            if not group[0].may_stay():
                self._dismiss(group)
        if self._followers:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._check, seconds)

    def _dismiss(self, group: list[Follower]) -> None:
        caller = group[0].caller
        reason = "the token is over" if caller.means == "token" else "the sign-in is over"
        logger.info("%s of %s: closed %d of its sockets and streams", reason, caller.name, len(group))
        for follower in group:
            self._followers.discard(follower)
            follower.dismiss(POLICY_VIOLATION, reason)
