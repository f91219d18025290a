"""A real Jupyter server with the extension, on a free port, over a fleet of a test's own."""

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from jupyter_server.serverapp import ServerApp
from tornado import log
from traitlets.config import Config

from tests.conftest import WriteManifest
from workbench.jupyter.extension import WorkbenchExtension

TOKEN = "a-token-of-jupyter"
DEADLINE = 20.0


class JupyterServer:
    """A Jupyter server on a loop in a thread of its own; `options` are the traits of its classes."""

    def __init__(self, root: Path, **options: Any) -> None:
        own = {
            "ServerApp": {
                "root_dir": str(root),
                "jpserver_extensions": {"workbench": True},
                "reraise_server_extension_failures": True,
                "port": 0,
                "port_retries": 0,
                "open_browser": False,
                "allow_root": True,
                "base_url": "/hub/ada/",
            },
            "IdentityProvider": {"token": TOKEN},
        }
        for name, traits in options.items():
            own[name] = {**own.get(name, {}), **traits}
        self.app = ServerApp(config=Config(own))
        self.app.init_signal = lambda: None  # type: ignore[method-assign]
        self.left_over: list[str] = []
        self.failure: Exception | None = None
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="jupyter-server")

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        try:
            await self._listen()
        except Exception as error:  # noqa: BLE001 - raised in the test's own thread
            self.failure = error
            return
        finally:
            self._started.set()
        await self._stop.wait()
        await self.app._cleanup()
        await self.app.http_server.close_all_connections()
        if others := asyncio.all_tasks() - {asyncio.current_task()}:
            _, left = await asyncio.wait(others, timeout=DEADLINE)
            self.left_over = [str(task) for task in left]

    async def _listen(self) -> None:
        self.app.initialize(argv=[], find_extensions=False)
        async with asyncio.timeout(DEADLINE):
            while not self.app.http_server._sockets:  # noqa: ASYNC110 - bound by a callback of the loop
                await asyncio.sleep(0)
        self.port = next(iter(self.app.http_server._sockets.values())).getsockname()[1]

    @property
    def extension(self) -> WorkbenchExtension:
        return self.app.extension_manager.extension_points["workbench"].app

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.app.base_url}workbench"

    def start(self) -> "JupyterServer":
        self._thread.start()
        assert self._started.wait(DEADLINE)
        if self.failure is not None:
            raise self.failure
        self.client = httpx.Client(base_url=self.url, timeout=DEADLINE)
        self.signed_in = httpx.Client(base_url=self.url, timeout=DEADLINE, headers={"Authorization": f"token {TOKEN}"})
        return self

    def stop(self) -> None:
        for client in (self.client, self.signed_in):
            client.close()
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(DEADLINE)
        assert not self._thread.is_alive()
        assert self.left_over == []


StartJupyter = Callable[..., JupyterServer]


@pytest.fixture(autouse=True)
def jupyter_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep Jupyter's own files out of the home directory."""
    for name in ("CONFIG", "DATA", "RUNTIME"):
        monkeypatch.setenv(f"JUPYTER_{name}_DIR", str(tmp_path / "jupyter" / name.lower()))
    for name in [name for name in os.environ if name.startswith("WORKBENCH_")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """Give Tornado's logs back the names and places that Jupyter takes over for the whole process."""
    logs = [log.access_log, log.app_log, log.gen_log]
    before = [(item.name, item.parent, item.level, item.propagate, list(item.handlers)) for item in logs]
    yield
    for item, kept in zip(logs, before, strict=True):
        item.name, item.parent, item.level, item.propagate, item.handlers = kept


@pytest.fixture
def start_jupyter(fleet_dir: Path) -> Iterator[StartJupyter]:
    """Start a Jupyter server over `fleet_dir`; afterwards no thread or task of it is left."""
    before = set(threading.enumerate())
    servers: list[JupyterServer] = []

    def start(**options: Any) -> JupyterServer:
        servers.append(JupyterServer(fleet_dir, **options).start())
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
    left = [thread.name for thread in set(threading.enumerate()) - before]
    assert not [name for name in left if name.startswith(("workbench", "query"))], left


@pytest.fixture
def jupyter(start_jupyter: StartJupyter, write_manifest: WriteManifest) -> JupyterServer:
    """A Jupyter server over two crates, as it is without any setting of ours."""
    write_manifest("core/vault", '[smart-crate]\nname = "vault"\nversion = "1.0.0"\n[ports]\napi = 18010\n')
    write_manifest("edge/portal", '[smart-crate]\nname = "portal"\nversion = "2.0.0"\n[ports]\nui = 18030\n')
    return start_jupyter()
