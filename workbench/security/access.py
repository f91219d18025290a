"""Who calls, and what he may do: the rules that the API's routes and the pages share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import urlsplit

from workbench.security.origins import LOOPBACK_NAMES, is_address, is_loopback
from workbench.security.scopes import ALL_SCOPES, Scope, expanded
from workbench.security.tokens import Tokens

Means = Literal["nothing", "token", "sign-in", "loopback"]
"""How a caller said who it is."""

OPERATOR: Final = "operator"
PROXY_HEADERS: Final = ("X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via")
"""What shows that a request came through another program, so that its address says nothing."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls."""

    name: str = ""
    scopes: frozenset[Scope] = frozenset()
    means: Means = "nothing"

    @property
    def is_known(self) -> bool:
        """Whether it said who it is."""
        return self.means != "nothing"


NOBODY: Final = Caller()


@dataclass(frozen=True)
class AccessRules:
    """What a server asks of callers.

    `hosts` are the names under which browsers may know it, None for any; `admins` are people, by the name that
    they sign in with. `who_signed_in` says whose a cookie of the pages is, empty once that sign-in is over; without it
    they are believed for as long as they are open.
    """

    tokens: Tokens = field(default_factory=Tokens)
    reads_need_scope: bool = False
    sign_in_changes: bool = False
    person_scopes: frozenset[Scope] = frozenset({"read"})
    admins: frozenset[str] = frozenset()
    trusts_loopback: bool = False
    hosts: frozenset[str] | None = None
    who_signed_in: Callable[[str], str] | None = None

    def bearer(self, secret: str) -> Caller | None:
        """Return the caller who presents a token; None if it is not known, or over."""
        token = self.tokens.find(secret)
        return None if token is None else Caller(token.name, token.scopes, "token")

    def person(self, name: str) -> Caller:
        """Return the caller who has signed in at the pages under a name."""
        return Caller(name, ALL_SCOPES if name in self.admins else expanded(self.person_scopes), "sign-in")

    def neighbour(self, address: str, host: str, is_forwarded: bool) -> Caller | None:
        """Return the operator for a request of this very machine, where that is trusted; None otherwise.

        A name that an attacker's DNS points here is not trusted, nor what a proxy passed on.
        """
        is_near = is_loopback(address) and not is_forwarded and self.is_known_host(host)
        return Caller(OPERATOR, ALL_SCOPES, "loopback") if self.trusts_loopback and is_near else None

    def is_known_host(self, host: str) -> bool:
        """Whether a `Host` header names this server: an address, localhost, or one of its names."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return is_address(name) or name in LOOPBACK_NAMES or self.hosts is None or name in self.hosts
