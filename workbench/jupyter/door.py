"""At the door of the API under a Jupyter server: Jupyter says who calls, and whether he may."""

import secrets
from contextvars import ContextVar
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode

from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import ensure_async
from tornado.httputil import HTTPServerRequest
from tornado.web import HTTPError, authenticated

from workbench.errors import Forbidden, InsufficientScope, WorkbenchError
from workbench.security.access import Caller
from workbench.security.scopes import Scope

if TYPE_CHECKING:
    from workbench.jupyter.served_fleet import ServedFleet

RESOURCE: Final = "workbench"
"""What Jupyter's authorizer is asked about."""

ACTIONS: Final[dict[Scope, str]] = {
    "read": "read",
    "ports:write": "write",
    "deploy": "execute",
    "admin": "execute",
}
"""What the authorizer must allow to whoever uses a scope."""

_TOKEN: Final = "token"
"""The parameter of an address with which one signs in at Jupyter."""

_guest: ContextVar["Door"] = ContextVar("guest")
"""The door through which a request came that the fleet's application answers."""


class Door(APIHandler):
    """Every request below our address: refused as Jupyter refuses, or handed on to the fleet's own application.

    Nothing of ours is loaded before Jupyter knows the caller and its authorizer lets him read.
    """

    def initialize(self, fleet: "ServedFleet") -> None:
        self._fleet = fleet

    async def allows(self, action: str) -> bool:
        """Ask Jupyter's authorizer about the caller."""
        return bool(await ensure_async(self.authorizer.is_authorized(self, self.current_user, action, RESOURCE)))

    @authenticated
    async def get(self) -> None:
        """Let the fleet's application answer, whatever the verb, in place of this handler."""
        if not await self.allows("read"):
            raise HTTPError(403, f"not authorized to read {RESOURCE}")
        application = await self._fleet.application()
        self.update_api_activity()
        forget_token(self.request)
        self._auto_finish = False
        _guest.set(self)
        application(self.request)

    head = post = put = patch = delete = get

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Tell in the API's own envelope why there is no fleet; all other refusals are Jupyter's."""
        error = (kwargs.get("exc_info") or (None, None))[1]
        if not isinstance(error, WorkbenchError):
            super().write_error(status_code, **kwargs)
            return
        from api.refusals import envelope

        self.set_status(error.status)
        self.set_header("Content-Type", "application/json")
        self.finish(envelope(error, secrets.token_hex(8)))

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if isinstance(value, WorkbenchError):
            self.log.warning("workbench | %s", value.message)
        else:
            super().log_exception(typ, value, tb)


class Gatekeeper:
    """Says who came through the door, for a route that asks for a scope; raises Forbidden or InsufficientScope.

    `scopes` are those that a sign-in at Jupyter brings; for each its authorizer is asked as well.
    """

    def __init__(self, scopes: frozenset[Scope]) -> None:
        self._scopes = scopes

    async def __call__(self, scope: Scope) -> Caller:
        door = _guest.get()
        if scope not in self._scopes:
            message = f"a sign-in at this Jupyter server does not bring the scope {scope} (WorkbenchExtension.scopes)"
            raise InsufficientScope(message, scope=scope)
        action = ACTIONS[scope]
        if not await door.allows(action):
            raise Forbidden(f'this Jupyter server does not let you "{action}" its {RESOURCE}', action=action)
        return Caller(door.current_user.username, self._scopes, "sign-in")


def forget_token(request: HTTPServerRequest) -> None:
    """Take the token of a sign-in out of the address: no route knows such a parameter, and nothing must keep it."""
    if _TOKEN not in request.query_arguments or request.uri is None:
        return
    for arguments in (request.arguments, request.query_arguments):
        arguments.pop(_TOKEN, None)
    kept = [pair for pair in parse_qsl(request.query, keep_blank_values=True) if pair[0] != _TOKEN]
    request.query = urlencode(kept)
    request.uri = request.path + (f"?{request.query}" if kept else "")
