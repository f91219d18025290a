"""The pages that people have open: none outlives the sign-in that it was opened with."""

import logging
from typing import Any, Final

from tornado.ioloop import PeriodicCallback

from workbench.dashboards.sign_ins import COOKIE, SignIns

logger = logging.getLogger(__name__)

BEAT_SECONDS: Final = 1.0
"""How often it is asked, which is as often as of the API's sockets and streams."""
_POLICY_VIOLATION: Final = 1008
_REASON: Final = "the sign-in is over"


class OpenPages:
    """Ends the sessions of a Bokeh application on the running loop, once their sign-ins are over.

    A page that is told so asks for itself again, and finds that it must be signed in for.
    """

    def __init__(self, pages: Any, sign_ins: SignIns, seconds: float = BEAT_SECONDS) -> None:
        self._pages = pages
        self._sign_ins = sign_ins
        self._beat = PeriodicCallback(self.check, seconds * 1000)

    def start(self) -> None:
        """Begin to ask."""
        self._beat.start()

    def stop(self) -> None:
        """Ask no more."""
        self._beat.stop()

    def check(self) -> None:
        """End what is over; each sign-in is asked about once, however many pages it opened."""
        sessions = [session for path in self._pages.app_paths for session in self._pages.get_sessions(path)]
        opened_with = [_cookie_of(session) for session in sessions]
        holds = {cookie: bool(self._sign_ins.name_of(cookie)) for cookie in set(opened_with)}
        for session, cookie in zip(sessions, opened_with, strict=True):
            if not holds[cookie]:
                _end(session)


def _cookie_of(session: Any) -> str:
    """Return the cookie with which a session was opened; empty if there was none."""
    context = session.document.session_context
    request = context.request if context is not None else None
    return str(request.cookies.get(COOKIE, "")) if request is not None else ""


def _end(session: Any) -> None:
    """Let a session go, also if somebody has come back to it meanwhile."""
    # Bokeh ends sessions of itself once nobody is connected; it has no word for the server to hang up.
    connections = list(session._subscribed_connections)
    if connections:
        logger.info("%s: closed a page", _REASON)
    session.request_expiration()
    for connection in connections:
        connection._socket.close(_POLICY_VIOLATION, _REASON)
