"""Signing in at the pages with a password, by Panel's own login over a file of people."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Final

from panel.auth import BasicAuthProvider, BasicLoginHandler, _validate_next_url
from panel.config import config
from tornado.template import Template
from tornado.web import RequestHandler, decode_signed_value

from workbench.audit import AuditLog, Outcome
from workbench.errors import ConfigurationError
from workbench.one_line import one_line
from workbench.origins import OriginPolicy
from workbench.people import People

logger = logging.getLogger(__name__)

FOLDER: Final = Path(__file__).parent
SIGNED_OUT: Final = FOLDER / "signed_out.html"

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


class SignInResponses(RequestHandler):
    """What all ways to sign in share: headers, cookies that leave neither this site nor for scripts, the audit log."""

    audit: ClassVar[AuditLog]
    subject: str = ""
    """Who was refused, once that is known."""

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Frame-Options", "DENY")
        self.set_header("Referrer-Policy", "same-origin")
        self.set_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'")

    def set_cookie(self, name: str, value: Any, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("samesite", "Lax")
        kwargs.setdefault("secure", self.request.protocol == "https")
        super().set_cookie(name, value, *args, **kwargs)

    @property
    def theme(self) -> str:
        """The theme that was chosen at the pages, which `theme.js` keeps in a cookie; empty for the system's own."""
        kept = self.get_cookie("workbench-theme")
        return kept if kept in ("light", "dark") else ""

    def tell(self, name: str, outcome: Outcome, status: int) -> None:
        """Write down who signed in, or tried to."""
        is_known = outcome == "done"
        self.audit.record(
            actor=name if is_known else "",
            means="sign-in" if is_known else "nothing",
            action="sign-in",
            subject=one_line(name, 64),
            outcome=outcome,
            status=status,
            code="",
            address=self.request.remote_ip or "",
            origin=one_line(self.request.headers.get("Origin", "")),
            request_id="",
        )


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


class PeopleProvider(BasicAuthProvider):
    """Panel's login over a file of people. Whoever is taken out of the file is signed out."""

    def __init__(self, people: People, audit: AuditLog, origins: OriginPolicy) -> None:
        self._people = people
        # Panel asks for a class and makes the handlers itself; one of our own keeps two servers apart.
        known = {"people": people, "audit": audit, "origins": origins, "attempts": Attempts()}
        self._handler = type("SignInHandler", (SignInHandler,), known)
        super().__init__(logout_template=str(SIGNED_OUT))  # type: ignore[no-untyped-call]

    @property
    def get_user(self) -> Any:
        ask = super().get_user

        def get_user(handler: Any) -> str | None:
            name = ask(handler)
            return name if name and self._people.has(name) else None

        return get_user

    def knows(self, name: str) -> bool:
        """Whether a person who signed in once may still be signed in."""
        return self._people.has(name)

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

        def get_user(handler: Any) -> str | None:
            name = decode_signed_value(
                secret, "user", handler.get_cookie("user") or "", max_age_days=config.oauth_expiry
            )
            return name.decode("utf-8", "replace") if name else None

        return get_user


@cache
def _form() -> Template:
    return Template((FOLDER / "sign_in.html").read_text("utf-8"), autoescape="xhtml_escape")
