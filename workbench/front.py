"""What answers at our ports from the first moment: the last known list of crates, then the whole server.

Importing Panel and opening the state file take longer than binding a port. Until they are done, a client gets
the list of crates as it was when the server last ran, marked as such, and a clear "starting" for all else.
"""

import hashlib
import json
import logging
import socket
import time
from email.utils import formatdate
from pathlib import Path
from typing import Final

from tornado import httputil
from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler

from workbench.files import replace_file
from workbench.oversized import TORNADO_LIMIT, BoundedRequest

logger = logging.getLogger(__name__)

STATE_HEADER: Final = "X-Fleet-State"
LAST_KNOWN: Final = "last-known"
_RETRY_SECONDS: Final = 1
_STARTING: Final = f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="refresh" content="{_RETRY_SECONDS}">
<title>Crate Workbench</title>
<style>
body {{ margin: 0; display: grid; place-items: center; height: 100vh; background: #0f172a; color: #e2e8f0;
        font: 1rem system-ui, sans-serif }}
</style>
<p role="status">The workbench is starting.</p>
</html>
"""


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


class _Starting(RequestHandler):
    """Whatever is asked for while the server starts."""

    def initialize(self, last: LastList | None) -> None:
        self.last = last

    def set_default_headers(self) -> None:
        self.set_header("Cache-Control", "no-store")

    def prepare(self) -> None:
        wants_page = "text/html" in self.request.headers.get("Accept", "")
        self.set_status(503)
        self.set_header("Retry-After", str(_RETRY_SECONDS))
        if wants_page:
            self.finish(_STARTING)
        else:
            message = "the workbench is starting"
            error = {"code": "starting", "message": message, "details": dict[str, str](), "request_id": None}
            self.set_header("Content-Type", "application/json; charset=utf-8")
            self.finish(json.dumps({"error": error}))


class _Alive(_Starting):
    """GET /health: the process lives."""

    def prepare(self) -> None:
        """Let the verb answer."""

    def get(self) -> None:
        self.finish({"status": "ok", "phase": "starting"})


class _LastCrates(_Starting):
    """GET /api/crates: the last known list, with its age."""

    def prepare(self) -> None:
        zipped = "gzip" in self.request.headers.get("Accept-Encoding", "")
        kept = self.last.read(zipped=zipped) if self.last and not self.request.query else None
        if kept is None or self.request.method not in ("GET", "HEAD"):
            super().prepare()
            return
        body, moment = kept
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.set_header("Vary", "Accept-Encoding")
        self.set_header(STATE_HEADER, LAST_KNOWN)
        self.set_header("Age", str(max(0, int(time.time() - moment))))
        self.set_header("Last-Modified", formatdate(moment, usegmt=True))
        if zipped:
            self.set_header("Content-Encoding", "gzip")
        self.finish(body)


def starting_application(last: LastList | None) -> Application:
    """Return what answers while the server starts."""
    given = {"last": last}
    return Application([(r"/health", _Alive, given), (r"/api/crates", _LastCrates, given), (r".*", _Starting, given)])


class Front(httputil.HTTPServerConnectionDelegate):
    """The application behind a port until another takes its place, also on connections that stay open."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self._server = HTTPServer(self, max_body_size=TORNADO_LIMIT)

    def listen(self, sockets: list[socket.socket]) -> HTTPServer:
        """Answer at sockets that listen already; returns the server."""
        self._server.add_sockets(sockets)
        return self._server

    def give_way(self, application: Application) -> None:
        """Let another application answer every request from now on."""
        self.application = application

    def start_request(self, server_conn: object, request_conn: httputil.HTTPConnection) -> httputil.HTTPMessageDelegate:
        """Return what will hand the next request of a connection to the application of that moment.

        Tornado asks for it as soon as the one before is answered, which may be long before.
        """
        return BoundedRequest(request_conn, lambda: self.application.start_request(server_conn, request_conn))

    def on_close(self, server_conn: object) -> None:
        """Tell the application that a connection ended."""
        self.application.on_close(server_conn)
