import importlib
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench import runtime
from workbench.config import sample_fleet
from workbench.errors import RootError
from workbench.hub import Hub


@pytest.fixture(autouse=True)
def no_hub_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WORKBENCH_STATE", str(tmp_path / "state"))
    runtime.set_hub(None)
    yield
    runtime.set_hub(None)


def test_routes_over_the_hub_of_the_process(still_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_SERVER_WS_PORT", "0")
    runtime.set_hub(still_hub)
    routes = importlib.import_module("api").ROUTES
    assert {kwargs["hub"] for _, _, kwargs in routes} == {still_hub}
    assert [pattern for pattern, _, _ in routes][-1] == r"/api(?:/.*)?"


def test_importing_starts_nothing() -> None:
    importlib.reload(sys.modules["api"])
    assert runtime._current.hub is None


def test_other_names_are_no_attributes() -> None:
    with pytest.raises(AttributeError, match="module 'api' has no attribute 'ROUTERS'"):
        _ = importlib.import_module("api").ROUTERS


def test_a_taken_socket_port_is_a_warning(
    still_hub: Hub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    runtime.set_hub(still_hub)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("WORKBENCH_SERVER_WS_PORT", str(port))
        assert importlib.import_module("api").ROUTES
    assert caplog.messages == [
        f"no WebSocket on port {port} of its own (Address already in use); /ws of the pages' port works"
    ]


def test_roots_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORKBENCH_ROOTS", raising=False)
    assert runtime.configured_roots() == [sample_fleet()]
    monkeypatch.setenv("WORKBENCH_ROOTS", os.pathsep.join([str(tmp_path), "", "/b"]))
    assert runtime.configured_roots() == [tmp_path, Path("/b")]


def test_roots_come_from_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORKBENCH_ROOTS", raising=False)
    (tmp_path / "workbench.toml").write_text('[discovery]\nroots = ["crates"]\n[server]\nws_port = 0\n')
    assert runtime.configured_roots() == [tmp_path / "crates"]
    assert runtime.current_settings().server.ws_port == 0


def test_the_hub_is_made_once_and_runs(fleet_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_ROOTS", str(fleet_dir))
    hub = runtime.current_hub()
    try:
        assert runtime.current_hub() is hub
        assert hub.wait_ready(10)
        assert len(runtime.current_workbench().snapshot.crates) == 7
    finally:
        hub.stop()


def test_a_missing_root_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_ROOTS", str(tmp_path / "gone"))
    with pytest.raises(RootError, match="no such directory"):
        runtime.current_hub()
    assert runtime._current.hub is None
