"""Signing out: the cookie is taken back, for this browser and for whoever has a copy of it."""

from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from panel.auth import LogoutHandler

from workbench.dashboards.sign_in_responses import FOLDER, SignInResponses
from workbench.dashboards.sign_ins import COOKIE, SignIns
from workbench.desks.audit import AuditLog

if TYPE_CHECKING:
    from panel.auth import BasicAuthProvider as Login
else:
    Login = object

SIGNED_OUT: Final = FOLDER / "signed_out.html"


class SignOutHandler(SignInResponses, LogoutHandler):
    """/logout: ends the sign-in of the browser that asks."""

    def get(self) -> None:
        name = self.sign_ins.end(self.get_cookie(COOKIE) or "")
        if name:
            self.tell(name, "done", 200, "sign-out")
        # Panel renders the page, and knows nothing of a theme.
        self._logout_template = SimpleNamespace(render=partial(self._logout_template.render, theme=self.theme))
        super().get()  # type: ignore[no-untyped-call]


class EndingSignIns(Login):
    """What Panel's logins lack: a sign-in that is over is over at once, wherever its cookie may still be."""

    sign_ins: SignIns
    audit: AuditLog

    @property
    def logout_handler(self) -> Any:
        # Panel asks for a class and makes the handlers itself; one of our own keeps two servers apart.
        known = {"sign_ins": self.sign_ins, "audit": self.audit}
        return type("SignOutHandler", (SignOutHandler, super().logout_handler), known)

    def still_knows(self, handler: Any) -> bool:
        """Whether the sign-in still holds on the strength of which a request was let in."""
        return bool(self.sign_ins.name_of(handler.get_cookie(COOKIE) or ""))
