"""The settings of who may call: `[api]` and `[login]`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field, model_validator

from workbench.sections.ports import Section
from workbench.security.scopes import Scope

if TYPE_CHECKING:
    from workbench.desks.audit import AuditRetention
    from workbench.security.access import AccessRules
    from workbench.security.tokens import Tokens

_PUBLIC: Final = frozenset({"azure", "azurev2", "bitbucket", "github", "gitlab", "google"})


class ApiSettings(Section):
    """`[api]`: what programs need in order to read, and how long the audit log is kept."""

    reads_need_scope: bool = False
    audit_days: Annotated[float, Field(gt=0)] = 365.0
    audit_refused: Annotated[int, Field(ge=0)] = 100_000

    def retention(self) -> "AuditRetention":
        """Return how long entries of the audit log are kept."""
        from workbench.desks.audit import AuditRetention

        return AuditRetention(self.audit_days, self.audit_refused)


class LoginSettings(Section):
    """`[login]`: how people sign in at the pages, and what they may do then."""

    users: str | None = None
    oauth_provider: str | None = None
    oauth_key: str | None = None
    oauth_secret: str | None = None
    oauth_redirect_uri: str | None = None
    oauth_extra_params: dict[str, str] = Field(default_factory=dict)
    oauth_users: tuple[str, ...] = ()
    scopes: tuple[Scope, ...] = ("read",)
    admins: tuple[str, ...] = ()
    changes: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> "LoginSettings":
        if self.users and self.oauth_provider:
            raise ValueError("people sign in with a users' file or with an OAuth provider, not both")
        return self

    @property
    def lets_strangers_in(self) -> bool:
        """Whether everyone may sign in who has an account with a provider that is open to everyone."""
        is_own = any(name in self.oauth_extra_params for name in ("tenant", "url"))
        return self.oauth_provider in _PUBLIC and not is_own and not self.oauth_users

    @property
    def is_configured(self) -> bool:
        """Whether people must sign in."""
        return bool(self.users or self.oauth_provider)


def access_rules(
    api: ApiSettings,
    login: LoginSettings,
    tokens: "Tokens",
    *,
    hosts: frozenset[str] | None = None,
    trusts_loopback: bool = False,
    who_signed_in: "Callable[[str], str] | None" = None,
) -> "AccessRules":
    """Return what a server with these settings asks of callers; `hosts` are the names that it is known under.

    `who_signed_in` says whose a cookie of the pages is.
    """
    from workbench.security.access import AccessRules

    return AccessRules(
        tokens,
        api.reads_need_scope,
        login.changes,
        frozenset(login.scopes),
        frozenset(login.admins),
        trusts_loopback,
        hosts,
        who_signed_in,
    )
