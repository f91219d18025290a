"""What every route has in common: who may call it, from where, and how errors are told."""

import asyncio
import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from functools import cached_property
from types import TracebackType
from typing import Any, ClassVar, Final, Literal, ParamSpec, TypeVar, get_args

import orjson
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, RequestHandler

from api.refusals import envelope, refusal
from workbench.errors import Forbidden, MethodNotAllowed, NotFound, Unauthorized, WorkbenchError
from workbench.hub import Hub
from workbench.origins import OriginPolicy, default_policy
from workbench.runtime import default_tokens
from workbench.tokens import Tokens

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

Access = Literal["public", "read", "ports:write"]
"""Who may call a route: anyone who reaches the port, whoever may see the pages, or who has a token of that scope."""

JSON: Final = "application/json"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_BEARER: Final = re.compile(r"bearer +(\S+) *", re.IGNORECASE)
_REQUEST_ID: Final = re.compile(r"[\w.:-]{1,64}", re.ASCII)
_EXPOSED: Final = "ETag, Link, Location, X-Muted-Count, X-Request-Id, X-Total-Count"
_ALLOWED_HEADERS: Final = "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, X-Request-Id"


class Responder(RequestHandler):
    """Base of the HTTP handlers and the sockets: request id, origins, user, error envelope."""

    access: ClassVar[Access]
    """Who may call. Each class that is mounted says so itself: `check_access` refuses those that do not."""

    hub: Hub
    actor: str = ""
    """The name of the token that the caller presented; empty on routes that need none."""

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
    def tokens(self) -> Tokens:
        """The tokens that may change something."""
        tokens: Tokens | None = self.application.settings.get("api_tokens")
        return default_tokens() if tokens is None else tokens

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
        if self._must_check_origin() and not self.is_origin_allowed:
            logger.warning(
                "refused %s %s from origin %s: not in the allow-list (request %s)",
                self.request.method, self.request.path, self.origin, self.request_id,
            )  # fmt: skip
            raise Forbidden(f"pages of {self.origin} may not do this", origin=self.origin)
        if self.access not in ("public", "read"):
            self._check_token()
            return None
        provider = getattr(self.application, "auth_provider", None)
        if self.access == "public" or provider is None or self.request.method == "OPTIONS":
            return None
        return self._check_user(provider) if provider.get_user or provider.get_user_async else None

    def _must_check_origin(self) -> bool:
        return self.request.method not in SAFE_METHODS or "Access-Control-Request-Method" in self.request.headers

    def _check_token(self) -> None:
        """Raise Unauthorized or Forbidden unless the caller has a token of the route's scope.

        A sign-in at the pages is not enough: a browser sends its cookie along whoever makes it call.
        """
        if self.request.method == "OPTIONS" or self.request.method not in self.methods():
            return
        given = _BEARER.fullmatch(self.request.headers.get("Authorization", ""))
        token = self.tokens.find(given[1]) if given else None
        if token is None:
            reason = "the token is not known here" if given else "send `Authorization: Bearer <token>`"
            raise Unauthorized(f"{reason}; the server says at its start where its token is kept")
        if self.access not in token.scopes:
            raise Forbidden(f"the token {token.name} lacks the scope {self.access}", scope=self.access)
        self.actor = token.name

    async def _check_user(self, provider: Any) -> None:
        """Ask the pages' own login, which Panel does not do for routes mounted beside them."""
        user = await provider.get_user_async(self) if provider.get_user_async else provider.get_user(self)
        if not user:
            raise Unauthorized("sign in at the pages of this server first")

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
        self.set_status(error.status)
        if error.status == 401 and self.access not in ("public", "read"):
            self.set_header("WWW-Authenticate", "Bearer")
        if error.status in (429, 503):
            self.set_header("Retry-After", str(error.details.get("retry_after", 1)))
        self.finish(envelope(error, self.request_id))

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
        if getattr(handler, "access", None) not in get_args(Access):
            raise TypeError(f"{pattern}: {handler.__name__} does not say who may call it (`access`)")
    return routes
