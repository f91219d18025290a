"""At the door of every route: who calls, and whether he may."""

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from workbench.errors import Forbidden, InsufficientScope, InvalidToken, Unauthorized, WorkbenchError
from workbench.security.access import NOBODY, PROXY_HEADERS, Caller
from workbench.security.origins import is_loopback
from workbench.security.scopes import Scope

if TYPE_CHECKING:
    from api.base import Responder

ACTION_HEADER: Final = "X-Requested-With"
"""Must come with changes on the strength of a sign-in. No form can send it, and no page of another origin may."""

_BEARER: Final = re.compile(r"bearer +(\S+) *", re.IGNORECASE)
_BEARER_BEGIN: Final = re.compile(r"bearer\b", re.IGNORECASE)


Gatekeeper = Callable[[Scope], Awaitable[Caller]]
"""Who stands before a whole application (its `api_gatekeeper`): says who calls a route that asks for a scope, or raises
Unauthorized, Forbidden or InsufficientScope. Then nothing else is asked, and no tokens or logins count."""


def admit(handler: "Responder") -> Awaitable[None] | None:
    """Set the handler's caller if he may call; the answer is awaited where the pages' own login must be asked.

    Raises Unauthorized, InvalidToken, InsufficientScope or Forbidden.
    """
    gatekeeper: Gatekeeper | None = handler.application.settings.get("api_gatekeeper")
    if gatekeeper is not None and handler.access != "public":
        return _admit_guest(handler, gatekeeper(handler.access))
    caller = _bearer(handler) or _neighbour(handler)
    if caller is None and (provider := login_of(handler)) is not None:
        return _admit_person(handler, provider)
    _let_in(handler, caller or NOBODY, _needed(handler))
    return None


def is_still_admitted(handler: "Responder") -> bool:
    """Whether what an open connection was let in by still holds: its token, or the sign-in.

    A login that cannot tell without asking the browser is believed until the connection ends.
    """
    caller = handler.caller
    if caller.means == "token":
        given = _BEARER.fullmatch(handler.request.headers.get("Authorization", ""))
        return given is not None and handler.rules.bearer(given[1]) is not None
    if caller.means == "sign-in":
        still_knows = getattr(login_of(handler), "still_knows", None)
        return still_knows is None or bool(still_knows(handler))
    return True


def login_of(handler: "Responder") -> Any:
    """Return the application's login (a Panel `auth_provider`); None if people need not sign in."""
    provider = getattr(handler.application, "auth_provider", None)
    return provider if provider is not None and (provider.get_user or provider.get_user_async) else None


def challenge(error: WorkbenchError) -> str | None:
    """Return the `WWW-Authenticate` of an answer, after RFC 6750; None if it has none."""
    if isinstance(error, InsufficientScope):
        return f'Bearer error="insufficient_scope", scope="{error.details["scope"]}"'
    if isinstance(error, InvalidToken):
        return 'Bearer error="invalid_token"'
    return "Bearer" if isinstance(error, Unauthorized) else None


def _needed(handler: "Responder") -> Scope | None:
    """Return the scope that the route asks for; None where anybody may read."""
    if handler.access == "public" or handler.is_exempt:
        return None
    is_closed = handler.is_guarded or handler.rules.reads_need_scope or login_of(handler) is not None
    return handler.access if is_closed else None


def _bearer(handler: "Responder") -> Caller | None:
    given = handler.request.headers.get("Authorization", "")
    if not _BEARER_BEGIN.match(given):
        return None
    matched = _BEARER.fullmatch(given)
    caller = handler.rules.bearer(matched[1]) if matched else None
    if caller is None:
        raise InvalidToken("the token is not known here, or over; the server says at its start where its token is kept")
    return caller


def _neighbour(handler: "Responder") -> Caller | None:
    """Return the operator for what a page of the allow-list sends from this machine, where that is trusted."""
    request = handler.request
    if not handler.rules.trusts_loopback or handler.origin is None or not handler.is_origin_allowed:
        return None
    is_forwarded = any(name in request.headers for name in PROXY_HEADERS)
    return handler.rules.neighbour(request.remote_ip or "", request.host, is_forwarded)


async def _admit_guest(handler: "Responder", asked: Awaitable[Caller]) -> None:
    handler.caller = await asked


async def _admit_person(handler: "Responder", provider: Any) -> None:
    """Ask the pages' own login, which Panel does not do for routes mounted beside them."""
    user = await provider.get_user_async(handler) if provider.get_user_async else provider.get_user(handler)
    if not user:
        _let_in(handler, NOBODY, _needed(handler))
        return
    handler.caller = handler.rules.person(str(user))
    if handler.is_guarded and handler.request.method not in ("GET", "HEAD"):
        _check_intent(handler)
    _let_in(handler, handler.caller, _needed(handler))


def _check_intent(handler: "Responder") -> None:
    """Raise unless a change is meant: a browser sends its cookie along whoever makes it call."""
    if not handler.rules.sign_in_changes:
        raise Unauthorized("a sign-in is not enough for changes here; send `Authorization: Bearer <token>`")
    if handler.origin is None or handler.request.headers.get(ACTION_HEADER) is None:
        raise Forbidden(f"a change by sign-in must come from a page of this server, with the header {ACTION_HEADER}")


def _let_in(handler: "Responder", caller: Caller, needed: Scope | None) -> None:
    handler.caller = caller
    if needed is None:
        _check_host(handler)
    elif not caller.is_known:
        raise Unauthorized(
            "send `Authorization: Bearer <token>`; the server says at its start where its token is kept"
            if login_of(handler) is None
            else "sign in at the pages of this server first, or send `Authorization: Bearer <token>`"
        )
    elif needed not in caller.scopes:
        raise InsufficientScope(f"{caller.name} lacks the scope {needed}", scope=needed)


def _check_host(handler: "Responder") -> None:
    """Refuse what anybody may read to a page whose name an attacker's DNS points at this machine."""
    request, rules = handler.request, handler.rules
    is_near = is_loopback(request.remote_ip or "")
    if is_near and not handler.caller.is_known and not rules.is_known_host(request.host):
        message = "this server is not known under the name that was asked for; add it to `server.origins`"
        raise Forbidden(message, host=request.host)
