"""What all pages of signing in and out have in common."""

from pathlib import Path
from typing import Any, ClassVar, Final

from tornado.web import RequestHandler

from workbench.dashboards.sign_ins import COOKIE, SignIns
from workbench.desks.audit import AuditLog, Outcome
from workbench.one_line import one_line

FOLDER: Final = Path(__file__).parent


class SignInResponses(RequestHandler):
    """What all ways to sign in share: headers, cookies that leave neither this site nor for scripts, the audit log."""

    audit: ClassVar[AuditLog]
    sign_ins: ClassVar[SignIns]
    subject: str = ""
    """Who was refused, once that is known."""

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Frame-Options", "DENY")
        self.set_header("Referrer-Policy", "same-origin")
        self.set_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'")

    def set_cookie(self, name: str, value: Any, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("samesite", "Lax")
        kwargs.setdefault("secure", self.request.protocol == "https")
        if name == COOKIE:
            self.sign_ins.begin(value.decode() if isinstance(value, bytes) else value)
        super().set_cookie(name, value, *args, **kwargs)

    @property
    def theme(self) -> str:
        """The theme that was chosen at the pages, which `theme.js` keeps in a cookie; empty for the system's own."""
        kept = self.get_cookie("workbench-theme")
        return kept if kept in ("light", "dark") else ""

    def tell(self, name: str, outcome: Outcome, status: int, action: str = "sign-in") -> None:
        """Write down who signed in, or tried to."""
        is_known = outcome == "done"
        self.audit.record(
            actor=name if is_known else "",
            means="sign-in" if is_known else "nothing",
            action=action,
            subject=one_line(name, 64),
            outcome=outcome,
            status=status,
            code="",
            address=self.request.remote_ip or "",
            origin=one_line(self.request.headers.get("Origin", "")),
            request_id="",
        )
