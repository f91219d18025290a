"""What every route has in common: who may call it, from where, and how errors are told."""

import asyncio
import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from functools import cached_property
from types import TracebackType
from typing import Any, ClassVar, Final, Literal, ParamSpec, TypeVar

import orjson
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, RequestHandler

from api.admission import admit, challenge
from api.audited import audit
from api.measures import measures_of
from api.refusals import envelope, refusal
from workbench.errors import Forbidden, MethodNotAllowed, NotFound, WorkbenchError
from workbench.hub import Hub
from workbench.logs import REQUEST_ID
from workbench.logs import access as access_log
from workbench.one_line import one_line
from workbench.runtime import default_rules
from workbench.security.access import NOBODY, PROXY_HEADERS, AccessRules, Caller
from workbench.security.origins import OriginPolicy, default_policy, is_loopback
from workbench.security.scopes import SCOPES, Scope
from workbench.security.tokens import Tokens

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

Access = Literal["public"] | Scope
"""Who may call a route: anyone who reaches the port, whoever may see the pages (`read`), or who has that scope."""

JSON: Final = "application/json"
_REQUEST_ID: Final = re.compile(r"[\w.:-]{1,64}", re.ASCII)
_EXPOSED: Final = (
    "ETag, Link, Location, Retry-After, X-Fleet-State, X-Muted-Count, X-Request-Id, X-Revision, X-Total-Count, "
    "X-Truncated"
)
_ALLOWED_HEADERS: Final = "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, X-Request-Id"


class Responder(RequestHandler):
    """Base of the HTTP handlers and the sockets: request id, origins, user, error envelope."""

    access: ClassVar[Access]
    """Who may call. Each class that is mounted says so itself: `check_access` refuses those that do not."""

    is_open_to_host: ClassVar[bool] = False
    """Whether programs of this host may call without a token, since existing ones send none."""

    is_measured: ClassVar[bool] = True
    """Whether it counts how long the answer took; a stream takes as long as its client stays."""

    action: ClassVar[str] = ""
    """What the audit log calls a change, such as `port.assign`; without it, the class's name is taken."""

    hub: Hub
    caller: Caller = NOBODY
    subject: str = ""
    """What a change is about, for the audit log; without it, the path."""
    error: WorkbenchError | None = None
    """Why the request was refused, once it was."""

    def initialize(self, hub: Hub) -> None:
        self.hub = hub

    @cached_property
    def request_id(self) -> str:
        """The caller's `X-Request-Id` if it is a sound one, else a new one."""
        given = self.request.headers.get("X-Request-Id", "")
        return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)

    @property
    def origin_policy(self) -> OriginPolicy:
        """The application's allow-list."""
        policy: OriginPolicy | None = self.application.settings.get("api_origins")
        return policy or default_policy()

    @property
    def rules(self) -> AccessRules:
        """What is asked of callers: the application's `api_access`, else the defaults with its `api_tokens`."""
        rules: AccessRules | None = self.application.settings.get("api_access")
        if rules is not None:
            return rules
        tokens: Tokens | None = self.application.settings.get("api_tokens")
        return default_rules() if tokens is None else AccessRules(tokens)

    @property
    def actor(self) -> str:
        """The name of the caller; empty where nobody had to say who it is."""
        return self.caller.name

    @property
    def origin(self) -> str | None:
        """The page that the request comes from; None for scripts, and for a page's own plain reads."""
        return self.request.headers.get("Origin")

    @cached_property
    def is_origin_allowed(self) -> bool:
        """Whether the request comes from no page or from an allowed one."""
        return self.origin is None or self.origin_policy.allows(self.origin, self.request.host)

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.set_header("Content-Type", JSON)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("X-Request-Id", self.request_id)
        self.set_header("Vary", "Origin")
        if self.origin is not None and self.is_origin_allowed:
            self.set_header("Access-Control-Allow-Origin", self.origin)
            self.set_header("Access-Control-Expose-Headers", _EXPOSED)

    def prepare(self) -> Awaitable[None] | None:
        REQUEST_ID.set(self.request_id)
        if not self.is_origin_allowed:
            logger.warning(
                "refused %s %s from origin %s: not in the allow-list (request %s)",
                one_line(self.request.method or ""), one_line(self.request.path), one_line(self.origin or ""),
                self.request_id,
            )  # fmt: skip
            raise Forbidden(f"pages of {self.origin} may not do this", origin=self.origin)
        is_open = self.access == "public" or self.request.method == "OPTIONS"
        if is_open or (self.is_guarded and self.request.method not in self.methods()):
            return None
        return admit(self)

    @property
    def is_guarded(self) -> bool:
        """Whether the route needs a scope even where reads are open."""
        return self.access not in ("public", "read")

    @property
    def is_exempt(self) -> bool:
        """Whether this very caller needs no scope: a program of this host, where those need none."""
        request = self.request
        is_forwarded = any(name in request.headers for name in PROXY_HEADERS)
        is_near = is_loopback(request.remote_ip or "") and not is_forwarded
        return self.is_open_to_host and is_near and "api_gatekeeper" not in self.application.settings

    def options(self, *_: str) -> None:
        """Answer a preflight: what may be sent here, and for how long to remember it."""
        methods = ", ".join(self.methods())
        self.set_status(204)
        self.clear_header("Content-Type")
        self.set_header("Allow", methods)
        if self.origin is not None:
            self.set_header("Access-Control-Allow-Methods", methods)
            self.set_header("Access-Control-Allow-Headers", _ALLOWED_HEADERS)
            self.set_header("Access-Control-Max-Age", "600")

    def set_location(self, path: str) -> None:
        """Say where what was made can be read, below the path at which the application mounts the API."""
        self.set_header("Location", self.application.settings.get("api_mount", "") + path)

    @classmethod
    def methods(cls) -> list[str]:
        """Return the methods that the route knows."""
        unknown = RequestHandler._unimplemented_method
        return [name for name in cls.SUPPORTED_METHODS if getattr(cls, name.lower()) is not unknown]

    def compute_etag(self) -> None:
        """Leave out Tornado's hash of the body: a revision is tag enough."""

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Write the error envelope; the only place that makes one."""
        error = refusal(status_code, (kwargs.get("exc_info") or (None, None))[1])
        if error.status == 405:
            known = self.methods()
            self.set_header("Allow", ", ".join(known))
            error = MethodNotAllowed(f"{self.request.path} does not know {self.request.method}", methods=known)
        self.error = error
        self.set_status(error.status)
        if (asked := challenge(error)) is not None:
            self.set_header("WWW-Authenticate", asked)
        if error.status in (429, 503):
            self.set_header("Retry-After", str(error.details.get("retry_after", 1)))
        self.finish(envelope(error, self.request_id))

    def on_finish(self) -> None:
        audit(self)
        if self.is_measured:
            request = self.request
            measures = measures_of(self.hub)
            measures.note_request(type(self), request.method or "", self.get_status(), request.request_time())
        if access_log.isEnabledFor(logging.INFO):
            self._log_access()

    def _log_access(self) -> None:
        request, milliseconds = self.request, round(self.request.request_time() * 1e3, 3)
        method, path = one_line(request.method or ""), one_line(request.path)
        fields = {
            "method": method,
            "path": path,
            "status": self.get_status(),
            "ms": milliseconds,
            "actor": one_line(self.caller.name),
            "request_id": self.request_id,
        }
        access_log.info("%s %s %d in %.1f ms", method, path, self.get_status(), milliseconds, extra={"fields": fields})

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        # A client that goes away while it is answered is no failure of ours.
        if isinstance(value, (WorkbenchError, HTTPError, StreamClosedError)):
            logger.debug("request %s: %s", self.request_id, value)
        else:
            logger.error(
                "request %s: %s %s failed", self.request_id, self.request.method, self.request.path,
                exc_info=(typ, value, tb) if typ and value else None,
            )  # fmt: skip


class ApiHandler(Responder):
    """Base of the JSON handlers. A verb parses, asks the hub or its snapshot, and finishes with a model."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "get" in cls.__dict__ and "head" not in cls.__dict__:
            cls.head = cls.get

    def finish_json(self, model: object, status: int = 200, *, cached: bool = False) -> None:
        """Finish with a model as JSON; it is never kept by a cache, unless its headers say already how it may be."""
        self.set_status(status)
        if not cached:
            self.set_header("Cache-Control", "no-store")
        self.finish(orjson.dumps(model, option=orjson.OPT_NON_STR_KEYS))


class NotFoundHandler(ApiHandler):
    """Everything under /api that no route knows."""

    access = "public"

    def prepare(self) -> None:
        super().prepare()
        if self.request.method != "OPTIONS":
            raise NotFound(f"there is no {self.request.path}", path=self.request.path)


async def off_loop(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return the result of a function that may take milliseconds, run on a worker thread."""
    return await asyncio.to_thread(function, *args, **kwargs)


Route = tuple[str, type[RequestHandler], dict[str, Any]]


def check_access(routes: list[Route]) -> list[Route]:
    """Return the routes; raises TypeError if one of them does not say who may call it."""
    for pattern, handler, _ in routes:
        if getattr(handler, "access", None) not in ("public", *SCOPES):
            raise TypeError(f"{pattern}: {handler.__name__} does not say who may call it (`access`)")
    return routes
