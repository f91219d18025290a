"""Who looks at a page: the person who signed in, the operator of this machine, or nobody that is known."""

from collections.abc import Callable
from typing import Any

import panel as pn

from workbench.dashboards.sign_ins import COOKIE
from workbench.security.access import NOBODY, OPERATOR, PROXY_HEADERS, AccessRules, Caller
from workbench.security.scopes import ALL_SCOPES

AskCaller = Callable[[], Caller]
"""Says who looks at a page at the moment of asking: a sign-in may be over while the page is still open."""


def nobody() -> Caller:
    """Return that it is not known who looks."""
    return NOBODY


def page_caller(rules: AccessRules | None) -> AskCaller:
    """Return what says who looks at the page that is being built; in a notebook, the owner of its process."""
    document = pn.state.curdoc
    context = document.session_context if document is not None else None
    if context is None:
        return lambda: Caller(OPERATOR, ALL_SCOPES, "loopback")
    if rules is None:
        return nobody
    request: Any = getattr(context, "request", None)
    if signed_in():
        return _person(rules, signed_in(), str(request.cookies.get(COOKIE, "")))
    headers = getattr(request, "headers", None) or {}
    known = {str(key).lower(): str(value) for key, value in dict(headers).items()}
    is_forwarded = any(header.lower() in known for header in PROXY_HEADERS)
    address = str(getattr(request, "remote_ip", None) or "")
    caller = rules.neighbour(address, known.get("host", ""), is_forwarded) or NOBODY
    return lambda: caller


def signed_in() -> str:
    """Return the name under which somebody has signed in for this session; empty if nobody has."""
    return str(pn.state.user or "") if pn.state.curdoc is not None else ""


def _person(rules: AccessRules, name: str, cookie: str) -> AskCaller:
    person, ask = rules.person(name), rules.who_signed_in
    return lambda: person if ask is None or ask(cookie) == name else NOBODY
