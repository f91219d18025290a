"""Signing in at a provider elsewhere (OAuth 2, OpenID Connect), by Panel's own login, for those who may come in."""

import logging
import secrets
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import cache
from http import HTTPStatus
from typing import Any, ClassVar, Final

from panel.auth import AUTH_PROVIDERS, OAuthLoginHandler, OAuthProvider, PasswordLoginHandler
from panel.config import config
from tornado.template import Template
from tornado.web import HTTPError

from workbench.dashboards.sign_in_responses import FOLDER, SignInResponses
from workbench.dashboards.sign_ins import SignIns
from workbench.dashboards.sign_out import SIGNED_OUT, EndingSignIns
from workbench.desks.audit import AuditLog
from workbench.errors import ConfigurationError
from workbench.one_line import one_line

logger = logging.getLogger(__name__)

ENDPOINT: Final = "/login"
_COOKIES: Final = ("user", "id_token", "access_token", "refresh_token", "oauth_expiry", "panel-oauth-state")
_MESSAGES: Final = {
    400: "Something went wrong on the way; begin again.",
    401: "The provider did not confirm who you are, or the attempt was begun elsewhere or too long ago.",
    403: "You may not come in here; who runs this workbench has to let you in.",
}
_BROKEN: Final = "The provider could not be asked; the log of the server says why."


class Guests:
    """Who may come in, by the name that the provider tells: patterns in which `*` stands for anything, in any case."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = tuple(pattern.lower() for pattern in patterns)

    def welcome(self, name: str) -> bool:
        """Whether a name is let in; without patterns everyone is whom the provider knows."""
        return not self._patterns or any(fnmatchcase(name.lower(), pattern) for pattern in self._patterns)


class ElsewhereHandler(SignInResponses, OAuthLoginHandler):
    """/login: leads to the provider, and takes who comes back from there."""

    guests: ClassVar[Guests]
    audit: ClassVar[AuditLog]

    @property
    def _redirect_uri(self) -> str:
        # Panel's own default is the first page, which would carry the code on in its address.
        return str(config.oauth_redirect_uri or f"{self.request.protocol}://{self.request.host}{ENDPOINT}")

    def get_state_cookie(self) -> str:
        """Return the state of the attempt that this browser began; one that nobody can name if it began none."""
        return super().get_state_cookie() or secrets.token_hex(16)  # type: ignore[no-untyped-call]

    async def get_authenticated_user(self, *args: Any, **kwargs: Any) -> Any:
        """Lead to the provider; with a code, return who it says has come. Raises HTTPError."""
        name = await super().get_authenticated_user(*args, **kwargs)  # type: ignore[no-untyped-call]
        if name is None:
            return None
        if not self.guests.welcome(str(name)):
            self.subject = str(name)
            raise HTTPError(403)
        self.tell(str(name), "done", 200)
        return name

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Say in our words why nobody was signed in, leaving no cookie behind."""
        for name in _COOKIES:
            self.clear_cookie(name)
        status = status_code if status_code in _MESSAGES else 502
        self.set_status(status, HTTPStatus(status).phrase)
        said = one_line(self.get_query_argument("error_description", self.get_query_argument("error", "")), 200)
        self.tell(self.subject, "refused", status)
        self.finish(_failed().generate(message=_MESSAGES.get(status, _BROKEN), said=said, theme=self.theme))


def providers() -> dict[str, type[OAuthLoginHandler]]:
    """Return Panel's providers by name, but for the one that would have us ask for the password."""
    known: dict[str, type] = dict(AUTH_PROVIDERS)
    return {
        name: handler
        for name, handler in known.items()
        if issubclass(handler, OAuthLoginHandler) and not issubclass(handler, PasswordLoginHandler)
    }


class ElsewhereProvider(EndingSignIns, OAuthProvider):
    """Panel's login at a provider that it knows by name, for guests; `secret` signs cookies."""

    def __init__(self, provider: str, guests: Guests, audit: AuditLog, secret: str) -> None:
        known = providers()
        if provider not in known:
            there_are = ", ".join(sorted(known))
            raise ConfigurationError(f'login.oauth_provider: there is no provider "{provider}"; there are {there_are}')
        self.sign_ins = SignIns(secret, guests.welcome)
        self.audit = audit
        # Panel asks for a class and makes the handlers itself; one of our own keeps two servers apart.
        self._handler = type(
            "ElsewhereHandler",
            (ElsewhereHandler, known[provider]),
            {"guests": guests, "audit": audit, "sign_ins": self.sign_ins},
        )
        super().__init__(logout_template=str(SIGNED_OUT))  # type: ignore[no-untyped-call]

    @property
    def get_user_async(self) -> Any:
        ask = super().get_user_async

        async def get_user(handler: Any) -> str | None:
            name = await ask(handler)
            return name if name and self.still_knows(handler) else None

        return get_user

    @property
    def login_handler(self) -> type[OAuthLoginHandler]:
        return self._handler


@cache
def _failed() -> Template:
    return Template((FOLDER / "sign_in_failed.html").read_text("utf-8"), autoescape="xhtml_escape")
