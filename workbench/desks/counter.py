"""A counter at which people have something changed: who may, and what the audit log is told."""

from concurrent.futures import Future
from typing import ClassVar, Final, NoReturn, TypeVar

from workbench.errors import Forbidden, Unauthorized, Unavailable, WorkbenchError
from workbench.hub import Hub
from workbench.one_line import one_line
from workbench.security.access import NOBODY, Caller
from workbench.security.scopes import ALL_SCOPES, Scope
from workbench.security.tokens import Tokens

T = TypeVar("T")

OWNER: Final = "notebook"
"""Who acts where no token is asked for: the owner of the process."""

_OWNER: Final = Caller(OWNER, ALL_SCOPES)


class Counter:
    """Has a hub change something, for people who may have that done.

    With `tokens`, everybody must present one or have signed in; without (None), whoever asks owns the process.
    """

    scope: ClassVar[Scope]
    """What a caller must be allowed."""

    def __init__(self, hub: Hub, tokens: Tokens | None = None) -> None:
        self._hub = hub
        self._tokens = tokens

    @property
    def asks_for_token(self) -> bool:
        """Whether people must present a token."""
        return self._tokens is not None

    @property
    def has_no_token(self) -> bool:
        """Whether people must present a token and there is none that they could."""
        return self._tokens is not None and not len(self._tokens)

    def caller(self, secret: str = "", signed_in: Caller = NOBODY) -> Caller:
        """Return who asks: the holder of a token, else who signed in; the owner where nobody has to say so.

        Raises Unauthorized for a token that is not known, Forbidden for one without the scope.
        """
        if self._tokens is None:
            return _OWNER
        if not secret and signed_in.is_known and self.scope in signed_in.scopes:
            return signed_in
        token = self._tokens.find(secret) if secret else None
        if token is None:
            if secret:
                self._tell("token.present", "at the pages", NOBODY, Unauthorized(""))
            raise Unauthorized("this token is not known here" if secret else "enter a token first")
        caller = Caller(token.name, token.scopes, "token")
        if self.scope not in token.scopes:
            self._tell("token.present", "at the pages", caller, Forbidden(""))
            raise Forbidden(f"the token {token.name} lacks the scope {self.scope}", scope=self.scope)
        return caller

    def turn_away(self, person: Caller) -> NoReturn:
        """Refuse somebody whose sign-in is over, and have the audit log told of it. Raises Unauthorized."""
        error = Unauthorized("you are signed out; sign in again")
        self._tell("sign-in.present", "at the pages", person, error)
        raise error

    def _told(self, action: str, subject: str, caller: Caller, asked: "Future[T]") -> "Future[T]":
        """Have the audit log told of a change once it is known how it ended."""

        def tell(done: "Future[T]") -> None:
            error = Unavailable("given up") if done.cancelled() else done.exception()
            known = error if error is None or isinstance(error, WorkbenchError) else WorkbenchError(str(error))
            self._tell(action, subject, caller, known)

        asked.add_done_callback(tell)
        return asked

    def _tell(self, action: str, subject: str, caller: Caller, error: WorkbenchError | None) -> None:
        self._hub.audit.record(
            actor=caller.name,
            means=caller.means,
            action=action,
            subject=one_line(subject),
            outcome="done" if error is None else "refused" if error.status in (401, 403) else "failed",
            status=200 if error is None else error.status,
            code="" if error is None else error.code,
            address="",
            origin="",
            request_id="",
        )
