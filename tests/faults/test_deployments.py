"""A server that is killed in the middle of a deployment: none lost, none run twice, no process left behind."""

import json
import shutil
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import wait_for
from tests.demo import commands, free_pairs, marked, services, write_fleet
from tests.faults.mortal_server import TOKEN, MortalServer
from workbench.config import sample_settings

ENDED = {"succeeded", "failed", "cancelled", "rolled_back"}
SECONDS = 60

SCRIPT = """\
import sys
from dataclasses import replace
from pathlib import Path
from workbench.security.gate import Gate
from workbench.live_hub import live_hub
from workbench.server import serve
from workbench.settings import load_settings
from workbench.security.tokens import Token, Tokens

def ready(address):
    print("READY", address.port, flush=True)

fleet, state, file, secret = sys.argv[1:]
hub = live_hub([Path(fleet)], load_settings(Path(file), {}), Path(state), file=Path(file), is_named=True)
gate = Gate(Tokens([Token.of("tester", secret)]))
serve(hub, port=0, ws_port=None, on_ready=ready, pages={}, gate=gate)
"""

HOLD = """\
import os, sys, time
folder, service, verb, *rest = sys.argv[1:]
with open(os.path.join(folder, "ran"), "a") as file:
    file.write(" ".join([verb, *rest[1:]]) + "\\n")
while os.path.exists(os.path.join(folder, f"hold-{verb}")):
    time.sleep(0.02)
os.execv(sys.executable, [sys.executable, "-I", "-S", service, verb, *rest])
"""
"""Notes that a command runs, and holds it back while a file is there."""


class Server(MortalServer):
    """A server over a fleet that deploys."""

    def __init__(self, folder: Path, parallel: int, timeout: float) -> None:
        self.folder = folder
        self.state = folder / "state"
        (folder / "hold.py").write_text(HOLD)
        settings = folder / "workbench.toml"
        settings.write_text(self._settings(parallel, timeout))
        fleet = folder / "fleet"
        super().__init__(SCRIPT, fleet, self.state, settings)

    def _settings(self, parallel: int, timeout: float) -> str:
        service = str(sample_settings().parent / "service.py")
        begin = ["{python}", "-I", "-S", "./hold.py", str(self.folder), service]
        table = {
            "start": [*begin, "start", "{work}", "{crate}", "{version}", "{port}", "{parameters.mood}"],
            "stop": [*begin, "stop", "{work}", "{port}"],
            "switch": [*begin, "route", "{work}", "{port}"],
            "shift": [*begin, "route", "{work}", "{port}", "{percentage}"],
        }
        vectors = "\n".join(f"{verb} = {json.dumps(words)}" for verb, words in table.items())
        return (
            textwrap.dedent(f"""\
            [deploy]
            parallel = {parallel}
            [deploy.runners.demo]
            kind = "command"
            parameters.mood = {{ pattern = "good|bad|late", default = "good" }}
            health = {{ interval = 0.05, threshold = 2, timeout = {timeout}, expect_version = true }}
            """)
            + vectors
        )

    def start(self) -> None:
        super().start()
        wait_for(lambda: httpx.get(f"{self.url}/ready", timeout=10).status_code == 200, SECONDS)

    def hold(self, verb: str) -> None:
        (self.folder / f"hold-{verb}").touch()

    def release(self, verb: str) -> None:
        (self.folder / f"hold-{verb}").unlink()

    def ran(self) -> Counter[str]:
        try:
            return Counter((self.folder / "ran").read_text().splitlines())
        except FileNotFoundError:
            return Counter()

    def deploy(self, crate: str = "atlas", **body: Any) -> str:
        answer = httpx.post(f"{self.url}/api/crates/{crate}/deploy", json=body, headers=TOKEN, timeout=10)
        assert answer.status_code == 202, answer.text
        identity: str = answer.json()["id"]
        return identity

    def act(self, identity: str, verb: str) -> int:
        return httpx.post(
            f"{self.url}/api/deployments/{identity}/{verb}", json={}, headers=TOKEN, timeout=10
        ).status_code

    def read(self, identity: str) -> dict[str, Any]:
        model: dict[str, Any] = httpx.get(f"{self.url}/api/deployments/{identity}", timeout=10).json()
        return model


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    return dict(zip(["atlas", "beacon"], free_pairs(2), strict=True))


@pytest.fixture
def begin(tmp_path: Path, ports: dict[str, int]) -> Iterator[Callable[..., Server]]:
    started: list[Server] = []

    def start(strategy: str = "blue-green", parallel: int = 2, timeout: float = 20.0) -> Server:
        write_fleet(tmp_path / "fleet", ports, strategy)
        started.append(Server(tmp_path, parallel, timeout))
        return started[0]

    yield start
    for server in started:
        server.kill()
    for file in tmp_path.glob("hold-*"):
        file.unlink()
    shutil.rmtree(tmp_path / "state", ignore_errors=True)  # the demonstration's services end with their folder
    wait_for(lambda: commands(tmp_path) == [], 10)


def until_ended(server: Server, identity: str) -> dict[str, Any]:
    wait_for(lambda: server.read(identity)["state"] in ENDED, SECONDS)
    return server.read(identity)


def version_on(port: int) -> str | None:
    try:
        return str(httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False, timeout=5).json()["version"])
    except httpx.TransportError:
        return None


def test_killed_while_a_command_runs_and_another_waits(begin: Callable[..., Server], ports: dict[str, int]) -> None:
    server = begin(parallel=1)
    server.hold("start")
    held, waiting = server.deploy(), server.deploy("beacon")
    wait_for(server.ran)
    assert [server.read(identity)["state"] for identity in (held, waiting)] == ["running", "queued"]
    assert len(marked(held)) == 1
    server.kill()
    assert len(marked(held)) == 1, "the command has outlived its server"
    server.start()
    wait_for(lambda: server.ran()[f"start beacon 1.0.0 {ports['beacon']} good"] == 1, SECONDS)
    assert marked(held) == []
    server.release("start")
    failed, succeeded = until_ended(server, held), until_ended(server, waiting)
    assert (failed["state"], failed["error"]) == (
        "failed", f"start 1.0.0 on {ports['atlas']}: the workbench ended meanwhile",
    )  # fmt: skip
    assert succeeded["state"] == "succeeded"
    assert [count for line, count in server.ran().items() if line.startswith("start")] == [1, 1]
    assert (version_on(ports["atlas"]), version_on(ports["beacon"])) == (None, "1.0.0")
    assert len(services(server.state)) == 1


def test_killed_while_verifying(begin: Callable[..., Server], ports: dict[str, int]) -> None:
    server = begin(timeout=60)
    until_ended(server, server.deploy())
    doubtful = server.deploy(version="2.0.0-bad")
    wait_for(lambda: server.read(doubtful)["state"] == "verifying", SECONDS)
    server.kill()
    assert len(services(server.state)) == 2
    server.start()
    assert until_ended(server, doubtful)["state"] == "failed"
    assert (version_on(ports["atlas"]), version_on(ports["atlas"] + 32768)) == ("1.0.0", None)
    assert len(services(server.state)) == 1
    assert max(server.ran().values()) == 1
    # And it goes on: the next one finds its place free.
    assert until_ended(server, server.deploy(version="3.0.0"))["state"] == "succeeded"


@pytest.mark.parametrize("strategy", ["blue-green", "canary", "rolling"])
def test_killed_when_what_serves_was_touched(
    begin: Callable[..., Server], ports: dict[str, int], strategy: str
) -> None:
    server = begin(strategy)
    until_ended(server, server.deploy())
    verb = "start" if strategy == "rolling" else "route"
    server.hold(verb)
    before = sum(server.ran().values())
    second = server.deploy(version="2.0.0")
    expected = f"{verb} " + ("atlas 2.0.0" if verb == "start" else str(ports["atlas"] + 32768))
    wait_for(lambda: any(line.startswith(expected) for line in server.ran()), SECONDS)
    assert sum(server.ran().values()) > before
    server.kill()
    server.release(verb)
    server.start()
    ended = until_ended(server, second)
    assert ended["state"] == "rolled_back"
    assert "the workbench ended meanwhile" in ended["error"]
    assert (version_on(ports["atlas"]), version_on(ports["atlas"] + 32768)) == ("1.0.0", None)
    assert len(services(server.state)) == 1
    assert [line for line, count in server.ran().items() if "2.0.0" in line and count > 1] == []


def test_killed_while_rolling_back(begin: Callable[..., Server], ports: dict[str, int]) -> None:
    server = begin(timeout=2.5)
    until_ended(server, server.deploy())
    server.hold("stop")
    late = server.deploy(version="2.0.0-late")
    wait_for(lambda: server.ran()[f"stop {ports['atlas'] + 32768}"] == 1, SECONDS)
    assert server.read(late)["state"] == "rolling_back"
    assert server.act(late, "cancel") == 409
    server.kill()
    server.start()
    wait_for(lambda: server.ran()[f"stop {ports['atlas'] + 32768}"] == 2, SECONDS)
    assert len(set(marked(late)) - set(services(server.state))) == 1, "of the two commands the first is gone"
    server.release("stop")
    assert until_ended(server, late)["state"] == "rolled_back"
    assert (version_on(ports["atlas"]), version_on(ports["atlas"] + 32768)) == ("1.0.0", None)
    assert len(services(server.state)) == 1


def test_killed_while_cancelling_and_after_the_end(begin: Callable[..., Server], ports: dict[str, int]) -> None:
    server = begin(timeout=60)
    first, second = server.deploy(), server.deploy(version="2.0.0")
    until_ended(server, second)
    third = server.deploy(version="3.0.0-bad")
    wait_for(lambda: server.read(third)["state"] == "verifying", SECONDS)
    server.hold("stop")
    assert server.act(third, "cancel") == 202
    wait_for(lambda: server.ran()[f"stop {ports['atlas']}"] == 2, SECONDS)
    server.kill()
    server.release("stop")
    told = dict.fromkeys((first, second))
    server.start()
    assert until_ended(server, third)["state"] == "cancelled"
    assert [server.read(identity)["state"] for identity in told] == ["succeeded", "succeeded"]
    # What serves is known after the restart, and there is a way back.
    assert version_on(ports["atlas"] + 32768) == "2.0.0"
    assert server.act(second, "rollback") == 202
    wait_for(lambda: server.read(second)["state"] == "rolled_back", SECONDS)
    assert (version_on(ports["atlas"]), version_on(ports["atlas"] + 32768)) == ("1.0.0", None)
    assert len(services(server.state)) == 1
