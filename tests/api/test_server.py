import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import orjson
import pytest
from tornado.websocket import websocket_connect

from workbench.errors import AddressInUse, ConfigurationError
from workbench.hub import Hub
from workbench.security.gate import Gate
from workbench.server import serve

CHECKOUT = Path(__file__).resolve().parents[2]

SCRIPT = """\
import sys
import panel as pn
from workbench.errors import WorkbenchError
from workbench.security.gate import Gate
from workbench.hub import Hub
from workbench.server import serve

def page():
    return pn.pane.Markdown("a page")

def ready(address):
    print("READY", address.port, address.ws_port, flush=True)

try:
    serve(Hub([sys.argv[1]]), port=int(sys.argv[2]), ws_port=int(sys.argv[3]), on_ready=ready,
          pages={"fleet": page, "ports": page})
except WorkbenchError as error:
    sys.exit(f"{error.code}: {error.message}")
"""


class Running(NamedTuple):
    process: "subprocess.Popen[str]"
    port: int
    ws_port: int

    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", headers=headers, timeout=10)

    def end(self, number: int) -> tuple[int, str, float]:
        """Send a signal; return (exit code, what stderr said, seconds until the end)."""
        started = time.monotonic()
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=10)
        return self.process.returncode, said, time.monotonic() - started


def launch(fleet_dir: Path, port: int = 0, ws_port: int = 0) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", SCRIPT, str(fleet_dir), str(port), str(ws_port)]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=fleet_dir, env=environment, stdout=pipe, stderr=pipe, text=True)


@pytest.fixture
def running(fleet_dir: Path) -> Iterator[Running]:
    process = launch(fleet_dir)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("READY "), process.communicate()[1]
    _, port, ws_port = line.split()
    yield Running(process, int(port), int(ws_port))
    process.kill()
    process.communicate()


def test_pages_api_and_sockets_then_a_clean_end(running: Running, run: Callable[..., Any]) -> None:
    home = running.get("/")
    assert (home.status_code, home.headers["Location"]) == (302, "/fleet")
    page = running.get("/fleet")
    assert page.status_code == 200
    assert "cdn." not in page.text
    assert running.get("/api/nothing").json()["error"]["code"] == "not-found"

    own = f"http://localhost:{running.port}"
    assert running.get("/health", Origin=own).headers["Access-Control-Allow-Origin"] == own

    async def talk() -> Any:
        urls = [f"127.0.0.1:{running.port}/ws", f"127.0.0.1:{running.ws_port}/", f"127.0.0.1:{running.ws_port}/ws"]
        connections = [await websocket_connect(f"ws://{url}") for url in urls]
        hellos = [orjson.loads(await c.read_message() or b"") for c in connections]
        ended = await asyncio.to_thread(running.end, signal.SIGTERM)
        last = [await c.read_message() for c in connections]
        for connection in connections:
            connection.close()
        return hellos, ended, last, [c.close_code for c in connections]

    hellos, (code, said, seconds), last, codes = run(talk())
    assert [hello["type"] for hello in hellos] == ["hello"] * 3
    assert len({hello["data"]["instance"] for hello in hellos}) == 1
    assert (code, said) == (0, "")
    assert seconds < 5
    assert (last, codes) == ([None] * 3, [1001] * 3)


def test_the_sockets_port_answers_others_in_json_and_an_interrupt_ends_it(running: Running) -> None:
    answer = httpx.get(f"http://127.0.0.1:{running.ws_port}/api/crates")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not-found")
    assert running.end(signal.SIGINT)[:2] == (0, "")


@pytest.mark.parametrize("option", ["--port", "--ws-port"])
def test_a_busy_port_is_one_clear_line(fleet_dir: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = launch(fleet_dir, **{"port" if option == "--port" else "ws_port": port})
        out, said = process.communicate(timeout=10)
    assert (process.returncode, out) == (1, "")
    advice = f"stop that one, or choose another port with {option}"
    assert said == f"address-in-use: port {port} is in use by another program; {advice}\n"


def test_a_busy_port_starts_nothing(fleet_dir: Path) -> None:
    hub = Hub([fleet_dir])
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(AddressInUse) as caught:
        serve(hub, port=taken.getsockname()[1], ws_port=None, pages={})
    assert caught.value.details["option"] == "--port"
    assert not hub.is_running


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_of_another_machine(fleet_dir: Path, host: str) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot listen on .*; see --host and --port$"):
        serve(Hub([fleet_dir]), host=host, port=0, ws_port=None, pages={}, gate=Gate(is_unsafe=True))


@pytest.mark.parametrize("host", ["192.0.2.1", "0.0.0.0", "", "::", "desk.lan"])
def test_a_server_that_others_reach_must_be_closed_or_opened_on_purpose(fleet_dir: Path, host: str) -> None:
    hub = Hub([fleet_dir])
    with pytest.raises(
        ConfigurationError, match=r"--basic-auth FILE .* --oauth-provider NAME, or say --unsafe-no-auth"
    ):
        serve(hub, host=host, port=0, ws_port=None, pages={})
    assert not hub.is_running
