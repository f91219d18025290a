"""What is answered while the server starts: the last known list of crates, and a clear "starting" for all else."""

import base64
import hashlib
import json
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import cache
from http.client import responses
from pathlib import Path
from typing import Final

from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
)

from workbench.errors import Starting
from workbench.files import replace_file
from workbench.security.access import AccessRules
from workbench.security.origins import OriginPolicy, is_loopback

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


class EarlyAnswers(HTTPServerConnectionDelegate):
    """What answers while the server starts. It needs nothing of Tornado but its HTTP, which is soon imported."""

    def __init__(self, beginning: Beginning) -> None:
        self._beginning = beginning

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> "_EarlyRequest":
        """Return what takes one request and answers it."""
        return _EarlyRequest(self._beginning, request_conn)


class _EarlyRequest(HTTPMessageDelegate):
    """A request that comes while the server starts; its body is passed over."""

    def __init__(self, beginning: Beginning, connection: HTTPConnection) -> None:
        self._beginning = beginning
        self._connection = connection

    def headers_received(self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders) -> None:
        """Take what is asked for."""
        assert isinstance(start_line, RequestStartLine)
        self._request = HTTPServerRequest(connection=self._connection, start_line=start_line, headers=headers)

    def finish(self) -> None:
        """Answer."""
        request = self._request
        is_read = request.method in ("GET", "HEAD")
        if is_read and request.path == "/health":
            self._tell_health()
        elif is_read and request.path == "/api/crates" and (kept := self._kept()) is not None:
            self._tell_list(*kept)
        else:
            self._refuse(is_page=is_read and "text/html" in request.headers.get("Accept", ""))

    def _tell_health(self) -> None:
        """Answer as the whole server does, before its first revision."""
        uptime = round(time.time() - self._beginning.at, 3)
        self._answer(200, json.dumps({"status": "ok", "revision": 0, "uptime_seconds": uptime}).encode())

    def _tell_list(self, body: bytes, moment: float) -> None:
        headers = {
            "Vary": "Accept-Encoding, Origin",
            STATE_HEADER: LAST_KNOWN,
            "Age": str(max(0, int(time.time() - moment))),
            "Last-Modified": formatdate(moment, usegmt=True),
        }
        self._answer(200, body, headers | ({"Content-Encoding": "gzip"} if self._takes_gzip else {}))

    def _refuse(self, *, is_page: bool) -> None:
        headers = {"Retry-After": str(_RETRY_SECONDS)}
        if is_page:
            page, policy = starting_page()
            headers |= {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy}
            self._answer(Starting.status, page.encode(), headers)
            return
        message = "the workbench is starting; try again in a second"
        error = {"code": Starting.code, "message": message, "details": dict[str, str](), "request_id": None}
        self._answer(Starting.status, json.dumps({"error": error}).encode(), headers)

    @property
    def _takes_gzip(self) -> bool:
        return "gzip" in self._request.headers.get("Accept-Encoding", "")

    @property
    def _origin(self) -> str | None:
        return self._request.headers.get("Origin")

    @property
    def _is_origin_allowed(self) -> bool:
        return self._origin is None or self._beginning.origins.allows(self._origin, self._request.host)

    def _kept(self) -> tuple[bytes, float] | None:
        """Return the last list and when it was kept, for a plain read of somebody who may see it."""
        beginning, request = self._beginning, self._request
        if beginning.last is None or request.query or not self._is_origin_allowed:
            return None
        may_see = beginning.shows_list_to(request.remote_ip or "", request.host)
        return beginning.last.read(zipped=self._takes_gzip) if may_see else None

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        common = {
            "Cache-Control": "no-store",
            "Content-Length": str(len(body)),
            "Content-Type": "application/json",
            "Date": formatdate(usegmt=True),
            "Vary": "Origin",
            "X-Content-Type-Options": "nosniff",
        }
        if self._origin is not None and self._is_origin_allowed:
            common["Access-Control-Allow-Origin"] = self._origin
            common["Access-Control-Expose-Headers"] = f"Retry-After, {STATE_HEADER}"
        line = ResponseStartLine("HTTP/1.1", status, responses[status])
        self._connection.write_headers(
            line, HTTPHeaders(common | dict(headers or {})), body if self._request.method != "HEAD" else None
        )
        self._connection.finish()


@cache
def starting_page() -> tuple[str, str]:
    """Return the page for browsers and its content security policy: it loads nothing, and asks only here."""
    tokens = (_FOLDER.parent / "dashboards" / "css" / "tokens.css").read_text("utf-8")
    page = (_FOLDER / "starting.html").read_text("utf-8").replace("/* tokens */", tokens)
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in _SCRIPT.findall(page)]
    scripts = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return page, (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src {scripts}; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
