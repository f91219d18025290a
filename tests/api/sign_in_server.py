"""A real server that people sign in at, in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

CHECKOUT = Path(__file__).resolve().parents[2]
SECRET = "the-operators-own"

SCRIPT = f"""\
import sys
from pathlib import Path
import panel as pn
from workbench.security.gate import Gate
from workbench.hub import Hub, HubOptions
from workbench.server import serve
from workbench.settings import load_settings
from workbench.security.tokens import Token, Tokens

def ready(address):
    print("READY", address.port, address.ws_port, flush=True)

host, fleet, settings, state = sys.argv[1:]
login = load_settings(Path(settings)).login
gate = Gate(Tokens([Token.of("operator", "{SECRET}")]), None, login, Path(state))
serve(Hub([fleet], HubOptions(watch=False)), host=host, port=0, ws_port=0, on_ready=ready, gate=gate,
      pages={{"fleet": lambda: pn.pane.Markdown("a page")}})
"""


class SignInServer:
    """A server over a fleet with the `[login]` of its settings; what it keeps and says is in a folder."""

    def __init__(self, fleet: Path, folder: Path, login: str, host: str = "127.0.0.1", **variables: str) -> None:
        self.state = folder / "state"
        self._log = folder / "log"
        settings = folder / "workbench.toml"
        settings.write_text(login)
        self._command = [sys.executable, "-c", SCRIPT, host, str(fleet), str(settings), str(self.state)]
        self._environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), **variables}
        self.start()

    def start(self) -> None:
        with self._log.open("a") as log:
            self.process = subprocess.Popen(
                self._command, env=self._environment, stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line.startswith("READY "):
            self.stop()
            raise AssertionError(self.said)
        self.port, self.ws_port = map(int, line.split()[1:])
        self.origin = f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=20)

    @property
    def said(self) -> str:
        """What stands in its log."""
        return self._log.read_text()

    @contextmanager
    def client(self, **options: bool) -> Iterator[httpx.Client]:
        with httpx.Client(base_url=self.origin, timeout=20, **options) as client:  # type: ignore[arg-type]
            yield client


def cookie_of(client: httpx.Client) -> str:
    """The Cookie header of whoever signed in with a client."""
    return f'user="{client.cookies["user"]}"'.replace('""', '"')


async def opened(port: int, path: str, **headers: str) -> int:
    """The status with which a socket of a server is opened, 101, or refused."""
    try:
        connection = await websocket_connect(HTTPRequest(f"ws://127.0.0.1:{port}{path}", headers=headers))
    except HTTPClientError as error:
        return error.code
    await connection.read_message()
    connection.close()
    while await connection.read_message() is not None:
        pass
    return 101
