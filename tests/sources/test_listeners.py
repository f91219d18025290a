"""This host: real processes that listen on free ports, and systems that do not tell everything."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from workbench.fleet.observed import Listener, Place
from workbench.hub import Hub, HubOptions
from workbench.live.layer import LiveOptions
from workbench.sources.listeners import HostListeners

LISTEN = """\
import socket, sys
held = [socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)]
held[1].bind(("127.0.0.1", 0))
print(*(item.getsockname()[1] for item in held), flush=True)
sys.stdin.read()
"""


class Service:
    """A process that listens until it is stopped."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "serve.py").write_text(LISTEN)
        self.process = subprocess.Popen(
            [sys.executable, "serve.py", "--token=secret"], cwd=directory,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.tcp, self.udp = map(int, self.process.stdout.readline().split())

    def stop(self) -> None:
        self.process.communicate("")


@pytest.fixture
def service(fleet_dir: Path) -> Iterator[Service]:
    running = Service(fleet_dir / "atlas")
    yield running
    running.stop()


def at(listeners: tuple[Listener, ...], port: int, transport: str) -> list[Listener]:
    return [item for item in listeners if (item.port, item.transport) == (port, transport)]


def test_a_process_is_seen_with_where_it_comes_from_and_nothing_else(service: Service, fleet_dir: Path) -> None:
    host = HostListeners([("fleet/", str(fleet_dir))])
    sight = host.look()
    assert sight.error is None
    for port, transport in ((service.tcp, "tcp"), (service.udp, "udp")):
        (item,) = at(sight.listeners, port, transport)
        assert (item.addresses, item.pid, item.is_own) == (("127.0.0.1",), service.process.pid, False)
        assert item.places == (
            Place("working-directory", "fleet/atlas"),
            Place("command-line", "fleet/atlas/serve.py"),
        )
        assert abs(time.time() - item.since) < 60
    assert "secret" not in repr(sight)
    assert at(host.look().listeners, service.tcp, "tcp")[0] is at(sight.listeners, service.tcp, "tcp")[0]
    service.stop()
    assert at(host.look().listeners, service.tcp, "tcp") == []


def test_our_own_sockets_are_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        (item,) = at(HostListeners([]).look().listeners, held.getsockname()[1], "tcp")
        assert (item.is_own, item.places) == (True, ())


def test_where_only_ones_own_processes_may_be_seen(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(kind: str) -> Any:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "net_connections", denied)
    sight = HostListeners([]).look()
    assert (sight.sees_all, "superuser" in (sight.error or "")) == (False, True)
    assert at(sight.listeners, service.tcp, "tcp")[0].pid == service.process.pid


@pytest.mark.parametrize("problem", [OSError(13, "denied"), psutil.Error("odd"), RuntimeError("no /proc")])
def test_a_system_that_tells_nothing_is_survived(problem: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(kind: str) -> Any:
        raise problem

    monkeypatch.setattr(psutil, "net_connections", fail)
    sight = HostListeners([]).look()
    assert (sight.listeners, sight.sees_all, bool(sight.error)) == ((), False, True)


def test_a_socket_without_a_process_is_hidden(monkeypatch: pytest.MonkeyPatch, service: Service) -> None:
    def refuse(pid: int) -> Any:
        raise psutil.AccessDenied(pid)

    monkeypatch.setattr(psutil, "Process", refuse)
    sight = HostListeners([]).look()
    (item,) = at(sight.listeners, service.tcp, "tcp")
    assert (item.pid, item.process, sight.hidden >= 1, sight.sees_all) == (None, "", True, True)


def test_a_hub_follows_real_processes(fleet_dir: Path, wait_for: Callable[..., None]) -> None:
    """A crate's own service is its owner; a process from elsewhere on the same port is a stranger."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    directory = fleet_dir / "atlas"
    directory.mkdir()
    (directory / "smart-crate.toml").write_text(f'[smart-crate]\nname = "atlas"\n[ports]\nhttp = {port}\n')
    command = [
        sys.executable,
        "-c",
        f"import socket,sys; s=socket.create_server(('127.0.0.1',{port})); print(1,flush=True); sys.stdin.read()",
    ]

    def run(folder: Path) -> "subprocess.Popen[str]":
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"
        return process

    with Hub([fleet_dir], HubOptions(beat=0.5, live=LiveOptions(observe=True, beat=0.1))) as hub:
        assert hub.wait_ready(10)

        def kinds() -> set[str]:
            return {item.kind for item in hub.snapshot.findings if item.code >= "SC120" and port in item.ports}

        for folder, expected in ((directory, set[str]()), (fleet_dir.parent, {"drift-stranger"})):
            process = run(folder)
            wait_for(lambda: port in hub.snapshot.observed.listeners_at)
            assert kinds() == expected
            revision, looked_at = hub.snapshot.revision, hub.live.observer and hub.live.observer.looked_at
            wait_for(lambda: hub.live.observer and hub.live.observer.looked_at != looked_at)  # noqa: B023
            assert hub.snapshot.revision >= revision
            process.communicate("")
            wait_for(lambda: port not in hub.snapshot.observed.listeners_at)
        status = hub.status()["observation"]["host"]
        assert (status["enabled"], status["error"], status["age_seconds"] < 10) == (True, None, True)
