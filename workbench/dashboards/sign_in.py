"""Signing in at the pages with a password, by Panel's own login over a file of people."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar, Final

from panel.auth import BasicAuthProvider, BasicLoginHandler, _validate_next_url
from panel.config import config
from tornado.template import Template

from workbench.dashboards.sign_in_responses import FOLDER, SignInResponses
from workbench.dashboards.sign_ins import COOKIE, SignIns
from workbench.dashboards.sign_out import SIGNED_OUT, EndingSignIns
from workbench.desks.audit import AuditLog
from workbench.errors import ConfigurationError
from workbench.security.origins import OriginPolicy
from workbench.security.people import People

logger = logging.getLogger(__name__)

_MOST_FAILURES: Final = 10
_WINDOW: Final = 60.0
_MOST_KNOWN: Final = 10_000
_LONGEST: Final = 1_000
_WRONG: Final = "The name or the password is wrong."
_TOO_MANY: Final = "Too many attempts failed; wait a minute."
_DAMAGED: Final = "Nobody can sign in now; the server's log says why."


class Attempts:
    """Failed attempts of the last minute, by address and name: after ten, the next must wait."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: dict[tuple[str, str], deque[float]] = {}

    def may_try(self, who: tuple[str, str]) -> bool:
        """Whether another attempt is allowed."""
        failed = self._failed.get(who)
        while failed and failed[0] < self._clock() - _WINDOW:
            failed.popleft()
        return not failed or len(failed) < _MOST_FAILURES

    def failed(self, who: tuple[str, str]) -> None:
        """Count a failure."""
        if len(self._failed) >= _MOST_KNOWN:
            self._failed.pop(next(iter(self._failed)))
        self._failed.setdefault(who, deque(maxlen=_MOST_FAILURES)).append(self._clock())

    def succeeded(self, who: tuple[str, str]) -> None:
        """Forget the failures of who got in."""
        self._failed.pop(who, None)


class SignInHandler(SignInResponses, BasicLoginHandler):
    """/login: the form, and what it sends."""

    people: ClassVar[People]
    origins: ClassVar[OriginPolicy]
    attempts: ClassVar[Attempts]

    def get(self) -> None:
        self._show()

    async def post(self) -> None:
        name, password = (
            self.get_body_argument("username", "")[:_LONGEST],
            self.get_body_argument("password", "", strip=False),
        )
        origin = self.request.headers.get("Origin")
        if origin is not None and not self.origins.allows(origin, self.request.host):
            self.tell(name, "refused", 403)
            self._show("This page may not sign anybody in.", 403)
            return
        who = (self.request.remote_ip or "", name)
        if not self.attempts.may_try(who) or len(password) > _LONGEST:
            self.tell(name, "refused", 429)
            self._show(_TOO_MANY, 429)
            return
        # Counted beforehand, so that many at once gain nothing.
        self.attempts.failed(who)
        try:
            is_right = await asyncio.to_thread(self.people.accepts, name, password)
        except ConfigurationError as error:
            logger.error("nobody can sign in: %s", error.message)
            self._show(_DAMAGED, 503)
            return
        self.tell(name, "done" if is_right else "refused", 200 if is_right else 401)
        if not is_right:
            self._show(_WRONG, 401)
            return
        self.attempts.succeeded(who)
        self.set_current_user(name)  # type: ignore[no-untyped-call]
        self.redirect(_validate_next_url(self.get_query_argument("next", "/")) or "/")

    def _show(self, message: str = "", status: int = 200) -> None:
        following = _validate_next_url(self.get_query_argument("next", "")) or ""
        self.set_status(status)
        self.finish(_form().generate(message=message, following=following, theme=self.theme))


class PeopleProvider(EndingSignIns, BasicAuthProvider):
    """Panel's login over a file of people. Whoever is taken out of the file is signed out; `secret` signs cookies."""

    def __init__(self, people: People, audit: AuditLog, origins: OriginPolicy, secret: str) -> None:
        self.sign_ins = SignIns(secret, people.has)
        self.audit = audit
        # Panel asks for a class and makes the handlers itself; one of our own keeps two servers apart.
        shared = {"audit": audit, "sign_ins": self.sign_ins}
        known = {**shared, "people": people, "origins": origins, "attempts": Attempts()}
        self._handler = type("SignInHandler", (SignInHandler,), known)
        super().__init__(logout_template=str(SIGNED_OUT))  # type: ignore[no-untyped-call]

    @property
    def get_user(self) -> Any:
        ask = super().get_user

        def get_user(handler: Any) -> str | None:
            name = ask(handler)
            return name if name and self.still_knows(handler) else None

        return get_user

    @property
    def login_handler(self) -> type[SignInHandler]:
        return self._handler


class CookieLogin:
    """What a port beside Panel's own server asks: the cookie of a sign-in there, where there is a secret for it."""

    get_user_async = None

    @property
    def get_user(self) -> Callable[[Any], str | None] | None:
        """The function that reads a request's cookie; None where people do not sign in."""
        secret = config.cookie_secret
        if not secret:
            return None

        sign_ins = SignIns(secret, lambda _: True)
        return lambda handler: sign_ins.name_of(handler.get_cookie(COOKIE) or "") or None


@cache
def _form() -> Template:
    return Template((FOLDER / "sign_in.html").read_text("utf-8"), autoescape="xhtml_escape")
