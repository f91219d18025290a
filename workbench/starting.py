"""What is answered while the server starts: the last known list of crates, and a clear "starting" for all else."""

import base64
import hashlib
import json
import logging
import re
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import cache
from pathlib import Path
from typing import Final

from tornado.web import Application, RequestHandler

from workbench.access import AccessRules
from workbench.errors import Starting
from workbench.files import replace_file
from workbench.origins import OriginPolicy, is_loopback

logger = logging.getLogger(__name__)

STATE_HEADER: Final = "X-Fleet-State"
LAST_KNOWN: Final = "last-known"
_RETRY_SECONDS: Final = 1
_FOLDER: Final = Path(__file__).parent
_SCRIPT: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)


class LastList:
    """The list of crates as it was last served, kept as bytes in the state folder, plain and gzipped.

    `key` names what it was made from, so that another fleet's list is never served.
    """

    def __init__(self, folder: Path, key: str) -> None:
        digest = hashlib.blake2b(key.encode(), digest_size=8).hexdigest()
        self._plain = folder / f"last-crates-{digest}.json"
        self._zipped = folder / f"last-crates-{digest}.json.gz"

    def write(self, plain: bytes, zipped: bytes) -> None:
        """Keep a list. A failure is logged: the file is only a convenience."""
        try:
            replace_file(self._zipped, zipped)
            replace_file(self._plain, plain)
        except OSError as error:
            logger.warning("the last list of crates could not be kept: %s", error)

    def read(self, *, zipped: bool) -> tuple[bytes, float] | None:
        """Return (bytes, when they were kept); None if there are none."""
        path = self._zipped if zipped else self._plain
        try:
            return path.read_bytes(), path.stat().st_mtime
        except OSError:
            return None


@dataclass(frozen=True)
class Beginning:
    """What is known from the first moment: the last list, if anybody may read it, and who may ask.

    `hosts` are the names under which browsers may know the server, None for any.
    """

    last: LastList | None = None
    origins: OriginPolicy = field(default_factory=OriginPolicy)
    hosts: frozenset[str] | None = None
    at: float = field(default_factory=time.time)

    def shows_list_to(self, address: str, host: str) -> bool:
        """Whether a caller from an address, who knows the server as `host`, may read the last list."""
        return not is_loopback(address) or AccessRules(hosts=self.hosts).is_known_host(host)


class _StartingHandler(RequestHandler):
    """Whatever is asked for while the server starts."""

    def initialize(self, beginning: Beginning) -> None:
        self.beginning = beginning

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Type", "application/json")
        self.set_header("X-Content-Type-Options", "nosniff")

    def prepare(self) -> None:
        self._tell_origin()
        if not self.is_answered():
            self._refuse()

    def is_answered(self) -> bool:
        """Whether there is an answer already; it is finished then."""
        return False

    def _tell_origin(self) -> None:
        self.set_header("Vary", "Origin")
        origin = self.request.headers.get("Origin")
        if origin is not None and self.beginning.origins.allows(origin, self.request.host):
            self.set_header("Access-Control-Allow-Origin", origin)
            self.set_header("Access-Control-Expose-Headers", f"Retry-After, {STATE_HEADER}")

    def _refuse(self) -> None:
        self.set_status(Starting.status)
        self.set_header("Retry-After", str(_RETRY_SECONDS))
        if self.request.method in ("GET", "HEAD") and "text/html" in self.request.headers.get("Accept", ""):
            page, policy = starting_page()
            self.set_header("Content-Type", "text/html; charset=utf-8")
            self.set_header("Content-Security-Policy", policy)
            self.finish(page)
            return
        message = "the workbench is starting; try again in a second"
        error = {"code": Starting.code, "message": message, "details": dict[str, str](), "request_id": None}
        self.finish(json.dumps({"error": error}))

    def compute_etag(self) -> None:
        """Leave out Tornado's hash of the body: nothing of this is to be kept."""


class _HealthHandler(_StartingHandler):
    """/health: the process lives."""

    def is_answered(self) -> bool:
        """Answer as the whole server does, before its first revision."""
        if self.request.method not in ("GET", "HEAD"):
            return False
        uptime = round(time.time() - self.beginning.at, 3)
        self.finish({"status": "ok", "revision": 0, "uptime_seconds": uptime})
        return True


class _CratesHandler(_StartingHandler):
    """/api/crates: the last known list, with its age."""

    def is_answered(self) -> bool:
        """Answer a plain read, if there is a list that the caller may see."""
        request, beginning = self.request, self.beginning
        is_plain = request.method in ("GET", "HEAD") and not request.query
        if beginning.last is None or not is_plain:
            return False
        if not beginning.shows_list_to(request.remote_ip or "", request.host):
            return False
        zipped = "gzip" in request.headers.get("Accept-Encoding", "")
        if (kept := beginning.last.read(zipped=zipped)) is None:
            return False
        body, moment = kept
        self.set_header("Vary", "Accept-Encoding, Origin")
        self.set_header(STATE_HEADER, LAST_KNOWN)
        self.set_header("Age", str(max(0, int(time.time() - moment))))
        self.set_header("Last-Modified", formatdate(moment, usegmt=True))
        if zipped:
            self.set_header("Content-Encoding", "gzip")
        self.finish(body)
        return True


def starting_application(beginning: Beginning) -> Application:
    """Return what answers while the server starts."""
    given = {"beginning": beginning}
    return Application(
        [(r"/health", _HealthHandler, given), (r"/api/crates", _CratesHandler, given), (r".*", _StartingHandler, given)]
    )


@cache
def starting_page() -> tuple[str, str]:
    """Return the page for browsers and its content security policy: it loads nothing, and asks only here."""
    tokens = (_FOLDER / "dashboards" / "css" / "tokens.css").read_text("utf-8")
    page = (_FOLDER / "starting.html").read_text("utf-8").replace("/* tokens */", tokens)
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in _SCRIPT.findall(page)]
    scripts = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return page, (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src {scripts}; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
