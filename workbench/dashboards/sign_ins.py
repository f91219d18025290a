"""Who is signed in at the pages, by the cookie of the browser: until it runs out, is given back, or the person goes."""

import hashlib
import threading
import time
from collections.abc import Callable
from typing import Final

from panel.config import config
from tornado.web import decode_signed_value

COOKIE: Final = "user"
_DAY: Final = 86_400.0


class SignIns:
    """The sign-ins of one server. `secret` signs its cookies; `knows` says whether somebody may still be signed in.

    A cookie says by itself until when it holds. One that was given back is remembered for as long as it would have
    held, in this process; there are no more of them than people really signed in and out. May be asked from any thread.
    """

    def __init__(self, secret: str, knows: Callable[[str], bool], clock: Callable[[], float] = time.time) -> None:
        self._secret = secret
        self._knows = knows
        self._clock = clock
        self._ended: dict[bytes, float] = {}
        self._lock = threading.Lock()

    def name_of(self, cookie: str) -> str:
        """Return who signed in with a cookie; empty if that is over, or never was."""
        name = self._name_in(cookie)
        return name if name and _digest(cookie) not in self._ended and self._knows(name) else ""

    def begin(self, cookie: str) -> None:
        """Let a cookie hold that is handed out: who signs out and in within a second is given the same one again."""
        with self._lock:
            self._ended = {key: at for key, at in self._ended.items() if key != _digest(cookie)}

    def end(self, cookie: str) -> str:
        """Take a cookie back, so that no copy of it holds; returns whose it was, empty if it was over already."""
        name = self.name_of(cookie)
        if name:
            now = self._clock()
            with self._lock:
                lasting = {key: at for key, at in self._ended.items() if at > now - config.oauth_expiry * _DAY}
                self._ended = lasting | {_digest(cookie): now}
        return name

    def _name_in(self, cookie: str) -> str:
        name = decode_signed_value(self._secret, COOKIE, cookie, max_age_days=config.oauth_expiry, clock=self._clock)
        return name.decode("utf-8", "replace") if name else ""


def _digest(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode("utf-8", "replace")).digest()
