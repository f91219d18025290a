"""The first notebook in a real JupyterLab, where one is installed: it is no dependency of the tests."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.server import ROOT
from tests.conftest import wait_for

pytest.importorskip("jupyterlab")
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

NOTEBOOK = "01_explore_the_fleet.ipynb"
SETTINGS = {
    "notification": {"fetchNews": "false", "checkForUpdates": False},
    "themes": {"theme": "JupyterLab Light"},
}
EXECUTED = """() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]
    .every((prompt) => /\\[\\d+\\]/.test(prompt.textContent))"""
CONNECT = """\
from jupyter_server.serverapp import list_running_servers
here = next(list_running_servers())
Workbench.connect(here["url"] + "workbench", token=here["token"])"""


class Lab:
    """A JupyterLab in a process of its own, with its own settings, over a copy of the notebooks."""

    def __init__(self, folder: Path) -> None:
        self.token = "a-token-of-jupyterlab"
        root = folder / "root"
        for part in ("notebooks", "data/fleet"):
            shutil.copytree(ROOT / part, root / part)
        for name, value in SETTINGS.items():
            file = folder / "settings" / "@jupyterlab" / "apputils-extension" / f"{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(value))
        (folder / "config").mkdir()
        (folder / "config" / "jupyter_server_config.json").write_text(
            '{"ServerApp": {"jpserver_extensions": {"workbench": true}}}'
        )
        own = {name: str(folder / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{free.getsockname()[1]}"
        options = [
            f"--port={self.url.rpartition(':')[2]}",
            f"--ServerApp.root_dir={root}",
            f"--IdentityProvider.token={self.token}",
        ]
        self._log = (folder / "log").open("w")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.port_retries=0", *options],
            env={
                **os.environ, "PYTHONPATH": str(ROOT), "IPYTHONDIR": str(folder / "ipython"),
                "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
                **{f"JUPYTER_{name}_DIR": path for name, path in own.items()},
            },
            stdout=self._log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        wait_for(self._answers, 60)

    def _answers(self) -> bool:
        assert self._process.poll() is None, Path(self._log.name).read_text()
        try:
            return httpx.get(f"{self.url}/api").is_success
        except httpx.TransportError:
            return False

    def close(self) -> None:
        self._process.terminate()
        assert self._process.wait(30) == 0
        self._log.close()


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Where `page` is at home."""
    lab = Lab(tmp_path_factory.mktemp("lab"))
    yield lab
    lab.close()


def choose(page: Page, *entries: str) -> None:
    """Choose an entry of a menu, by the entries that lead there."""
    menu, *rest = entries
    page.get_by_role("menuitem", name=menu, exact=True).click()
    for entry in rest:
        page.locator(".lm-Menu-itemLabel").get_by_text(entry, exact=True).click()


def test_a_notebook_lives_in_jupyterlab(page: Page, fleet: Lab) -> None:
    page.set_default_timeout(60_000)
    page.goto(f"/lab/tree/notebooks/{NOTEBOOK}?token={fleet.token}&reset")
    page.get_by_text(re.compile(r"Python 3 .* Idle")).wait_for()
    choose(page, "Run", "Run All Cells")
    page.wait_for_function(EXECUTED)

    expect(page.locator("[data-mime-type$='jupyter.error'], [data-mime-type$='jupyter.stderr']")).to_have_count(0)
    view = page.locator(".jp-OutputArea").last
    expect(view.get_by_text("showing 54 of 54 nodes")).to_be_visible()
    view.get_by_role("button", name="port", exact=True).click()
    expect(view.get_by_text("showing 170 of 170 nodes")).to_be_visible()

    for theme, card in (("Dark", "rgb(30, 41, 59)"), ("Light", "rgb(255, 255, 255)")):
        choose(page, "Settings", "Theme", f"JupyterLab {theme}")
        expect(view.locator(".wb-card").first).to_have_css("background-color", card)

    page.locator(".jp-CodeCell .cm-content").last.click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text("wb.cra")
    page.keyboard.press("Tab")
    expect(page.locator(".jp-Completer-item").first).to_contain_text("crate")
    page.keyboard.press("Escape")

    page.keyboard.press("Control+A")
    page.keyboard.insert_text(CONNECT)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".jp-OutputArea").last).to_contain_text(re.compile(r"54\s*crates"))
