"""Asking crates for their health: real servers that answer, refuse, hang, send too much or lie."""

from collections.abc import Callable, Iterator

import pytest

from tests.conftest import wait_for
from tests.mux.fake_mux import FakeMux, Reply, hang
from workbench.fleet.health import Evidence
from workbench.fleet.health_target import HealthTarget
from workbench.sources.health_probe import HealthProber
from workbench.sources.rounds import Target


@pytest.fixture
def server() -> Iterator[FakeMux]:
    with FakeMux() as server:
        yield server


@pytest.fixture
def ask() -> Iterator[Callable[..., Evidence]]:
    started: list[HealthProber] = []

    def once(*ports: int, host: str = "127.0.0.1") -> Evidence:
        rounds: list[int] = []
        target = Target(host, interval=600.0, timeout=0.5, health=True)
        prober = HealthProber([target], lambda: [HealthTarget("a", ports, "/health")], lambda: rounds.append(1))
        started.append(prober)
        prober.start()
        wait_for(lambda: rounds)
        ((crate, evidence),) = prober.evidence()
        assert crate == "a"
        return evidence

    yield once
    for prober in started:
        prober.stop()


@pytest.mark.parametrize(
    ("reply", "state", "words"),
    [
        (Reply({"status": "ok"}), "healthy", 'HTTP 200, "ok" from /health on port'),
        (Reply(b"fine"), "healthy", "HTTP 200 from /health on port"),
        (Reply({"status": "degraded"}), "degraded", 'HTTP 200, "degraded"'),
        (Reply({"status": "DOWN"}), "unhealthy", 'HTTP 200, "DOWN"'),
        (Reply({}, 503), "unhealthy", "HTTP 503"),
        (Reply({}, 401), "degraded", "HTTP 401"),
        (Reply({}, 302, {"Location": "http://127.0.0.1:1/"}), "degraded", "HTTP 302"),
        (Reply(None), "degraded", "HTTP 404"),
        (Reply(hang), "unhealthy", "no answer from /health on port"),
        (Reply(b"x" * 5_000_000), "healthy", "HTTP 200"),
    ],
)
def test_what_an_answer_means(
    server: FakeMux, ask: Callable[..., Evidence], reply: Reply, state: str, words: str
) -> None:
    if reply.body is not None:
        server.replies["/health"] = reply
    found = ask(server.port)
    assert (found.source, found.state) == ("http-probe", state)
    assert found.detail.startswith(words)


def test_the_first_port_that_answers_counts(server: FakeMux, ask: Callable[..., Evidence], closed_port: int) -> None:
    server.replies["/health"] = {"status": "ok"}
    assert ask(closed_port, server.port).detail == f'HTTP 200, "ok" from /health on port {server.port}'


def test_nobody_there(ask: Callable[..., Evidence], closed_port: int) -> None:
    found = ask(closed_port)
    assert (found.state, found.detail) == ("silent", f"nobody answers on {closed_port} at 127.0.0.1")


@pytest.fixture
def closed_port() -> int:
    with FakeMux() as gone:
        return gone.port
