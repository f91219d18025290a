"""Who looks at a page: the person who signed in, the operator of this machine, or nobody that is known."""

from typing import Any

import panel as pn

from workbench.access import NOBODY, OPERATOR, PROXY_HEADERS, AccessRules, Caller
from workbench.scopes import ALL_SCOPES


def page_caller(rules: AccessRules | None) -> Caller:
    """Return who looks at the page that is being built; in a notebook, the owner of its process."""
    document = pn.state.curdoc
    context = document.session_context if document is not None else None
    if context is None:
        return Caller(OPERATOR, ALL_SCOPES, "loopback")
    if rules is None:
        return NOBODY
    name = signed_in()
    if name:
        return rules.person(name)
    request: Any = getattr(context, "request", None)
    headers = getattr(request, "headers", None) or {}
    known = {str(key).lower(): str(value) for key, value in dict(headers).items()}
    is_forwarded = any(header.lower() in known for header in PROXY_HEADERS)
    address = str(getattr(request, "remote_ip", None) or "")
    return rules.neighbour(address, known.get("host", ""), is_forwarded) or NOBODY


def signed_in() -> str:
    """Return the name under which somebody has signed in for this session; empty if nobody has."""
    return str(pn.state.user or "") if pn.state.curdoc is not None else ""
