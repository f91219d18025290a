"""The health gate against real servers."""

import http.server
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.demo import free_pairs
from workbench.deploy.health import check_vacant, pass_gate
from workbench.deploy.model import Gate, Instance
from workbench.errors import CommandFailed


class Service:
    """Answers with a list of answers, the last one for ever."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes]] = [(200, b"{}")]
        self.asked = 0
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = service.answers[min(service.asked, len(service.answers) - 1)]
                service.asked += 1
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                if status == 302:
                    self.send_header("Location", "http://127.0.0.1:1/")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None: ...

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()


@pytest.fixture
def service() -> Iterator[Service]:
    running = Service()
    yield running
    running.server.shutdown()
    running.thread.join()
    running.server.server_close()


def gate(service: Service, **changes: Any) -> list[str]:
    said: list[str] = []
    wanted = Gate(**{"interval": 0.02, "threshold": 3, "timeout": 5.0, **changes})
    pass_gate(wanted, Instance("2.0", service.port), said.append, threading.Event())
    return [line.partition(": ")[2] for line in said]


OK, ILL = (200, b"{}"), (503, b"")


def test_it_must_be_healthy_often_enough_in_a_row(service: Service) -> None:
    service.answers = [ILL, OK, OK, ILL, OK, OK, OK]
    assert gate(service) == ["status 503", "healthy", "status 503", "healthy"]
    assert service.asked == 7


@pytest.mark.parametrize(("answer", "reason"), [
    (ILL, "status 503"), ((302, b""), "status 302"), ((404, b""), "status 404"),
])  # fmt: skip
def test_it_must_become_healthy_in_time(service: Service, answer: tuple[int, bytes], reason: str) -> None:
    service.answers = [answer]
    with pytest.raises(CommandFailed, match=f"not healthy within 0.2 s: {reason}"):
        gate(service, timeout=0.2)


@pytest.mark.parametrize(("body", "reason"), [
    (b'{"version": "1.0"}', "answers as version 1.0"),
    (b"[]", "answers as version None"),
    (b"<html>", "the answer is no JSON"),
    (b'"' + b"a" * 100_000 + b'"', "the answer is too long"),
])  # fmt: skip
def test_another_version_is_not_the_one_that_was_started(service: Service, body: bytes, reason: str) -> None:
    service.answers = [(200, body)]
    with pytest.raises(CommandFailed, match=reason):
        gate(service, timeout=0.1, expect_version=True)
    service.answers = [(200, json.dumps({"version": "2.0"}).encode())]
    assert gate(service, expect_version=True) == ["healthy"]


def test_nobody_there_and_an_abort(service: Service) -> None:
    abort = threading.Event()
    abort.set()
    (port,) = free_pairs(1)
    with pytest.raises(CommandFailed, match="ConnectError"):
        pass_gate(Gate(interval=0.01, timeout=0.05), Instance("1", port), lambda _: None, threading.Event())
    with pytest.raises(CommandFailed, match="it was ended"):
        pass_gate(Gate(interval=60), Instance("1", port), lambda _: None, abort)


def test_a_port_that_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.deploy.health._VACANT_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CommandFailed, match=f"something listens on {port} that was not deployed from here"):
            check_vacant("127.0.0.1", port, threading.Event())
    check_vacant("127.0.0.1", port, threading.Event())
