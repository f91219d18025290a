"""How a server is closed: its tokens, its login, and what an operator has opened on purpose."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from workbench.errors import ConfigurationError
from workbench.security.origins import is_loopback

if TYPE_CHECKING:
    from workbench.sections.access import ApiSettings, LoginSettings
    from workbench.security.access import AccessRules
    from workbench.security.people import People
    from workbench.security.tokens import Tokens

logger = logging.getLogger(__name__)

COOKIE_FILE: Final = "cookie-secret"

_TRUSTED: Final = (
    "Started with --trust-loopback: every allowed page on this machine acts as the operator, without a token."
)
_OPEN: Final = "Started with --unsafe-no-auth: everyone who reaches this machine sees the fleet."
_STRANGERS: Final = (
    "Everyone who has an account with the provider may sign in here: name those who may in login.oauth_users."
)


@dataclass(frozen=True)
class Gate:
    """What an operator chose. `folder` is the state folder, where the secret of the cookies is kept."""

    tokens: "Tokens | None" = None
    api: "ApiSettings | None" = None
    login: "LoginSettings | None" = None
    folder: Path | None = None
    trusts_loopback: bool = False
    is_unsafe: bool = False

    @property
    def has_login(self) -> bool:
        """Whether people must sign in."""
        return self.login is not None and self.login.is_configured

    @property
    def closes_reads(self) -> bool:
        """Whether only those may read who say who they are."""
        return self.has_login or (self.api is not None and self.api.reads_need_scope)

    def check(self, host: str) -> None:
        """Raise ConfigurationError if the server would be open to others by oversight, or its login cannot work."""
        if not (host == "localhost" or is_loopback(host) or self.has_login or self.is_unsafe):
            raise ConfigurationError(
                f"--host {host or '0.0.0.0'} shows the fleet to everyone who reaches this machine: let people sign in "
                "with --basic-auth FILE (see `workbench users set`) or --oauth-provider NAME, or say --unsafe-no-auth"
            )
        if self.login is not None and self.login.users:
            self.people().read()

    def people(self) -> "People":
        """Return the people who sign in with a password."""
        from workbench.security.people import People

        assert self.login is not None
        assert self.login.users is not None
        return People(Path(self.login.users))

    def rules(
        self,
        names: Iterable[str],
        origins: Iterable[str],
        who_signed_in: "Callable[[str], str] | None" = None,
    ) -> "AccessRules":
        """Return what is asked of callers by a server known under names, and through other origins.

        `who_signed_in` says whose a cookie of the pages is.
        """
        from workbench.runtime import default_tokens
        from workbench.sections.access import ApiSettings, LoginSettings, access_rules

        return access_rules(
            self.api or ApiSettings(),
            self.login or LoginSettings(),
            default_tokens() if self.tokens is None else self.tokens,
            hosts=self.hosts(names, origins),
            trusts_loopback=self.trusts_loopback,
            who_signed_in=who_signed_in,
        )

    def hosts(self, names: Iterable[str], origins: Iterable[str]) -> frozenset[str] | None:
        """Return the names under which browsers may know the server; None for any."""
        others = {urlsplit(origin).hostname or "" for origin in origins}
        return None if self.is_unsafe else frozenset({*(name.lower() for name in names), *others})

    def cookie_secret(self) -> str:
        """Return the secret that signs cookies: that of the state folder, made once, else one of this run only."""
        import secrets

        from workbench.security.secret_file import kept_secret

        try:
            if self.folder is not None:
                return kept_secret(self.folder / COOKIE_FILE)[0]
        except OSError as error:
            logger.warning("no secret can be kept in %s (%s): people sign in anew after a restart", self.folder, error)
        return secrets.token_urlsafe(32)

    def notices(self) -> tuple[str, ...]:
        """Return what every page must say about how open the server is."""
        said = {
            _TRUSTED: self.trusts_loopback,
            _OPEN: self.is_unsafe and not self.has_login,
            _STRANGERS: self.login is not None and self.login.lets_strangers_in,
        }
        return tuple(notice for notice, holds in said.items() if holds)
