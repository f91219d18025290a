"""Every notebook opens as an application of `panel serve`, which shows what its cells answer."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import wait_for
from tests.notebooks.test_notebooks import NOTEBOOKS

ROOT = Path(__file__).parents[2]
SLOW = "04_live_and_deploy"
"""It waits for real deployments; executed as a notebook it does so in each run."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a server of all notebooks, and its log."""
    log = tmp_path_factory.mktemp("apps") / "log"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [
        sys.executable,
        "-m",
        "panel",
        "serve",
        *map(str, NOTEBOOKS),
        "--port",
        str(port),
        "--address",
        "127.0.0.1",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with log.open("wb") as sink:
        process = subprocess.Popen(words, cwd=ROOT, env=environment, stdout=sink, stderr=subprocess.STDOUT)
    try:
        wait_for(lambda: process.poll() is not None or b"Bokeh app running" in log.read_bytes(), 60)
        assert process.poll() is None, log.read_text()
        yield f"http://127.0.0.1:{port}", log
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.notebook
@pytest.mark.parametrize(
    "name",
    [pytest.param(p.stem, marks=pytest.mark.soak) if p.stem == SLOW else p.stem for p in NOTEBOOKS],
)
def test_a_notebook_opens_as_an_application(served: tuple[str, Path], name: str) -> None:
    url, log = served
    begun = len(log.read_bytes())
    answer = httpx.get(f"{url}/{name}", timeout=60)
    said = log.read_bytes()[begun:].decode()
    assert answer.status_code == 200, said
    assert "Error running application handler" not in said
    roots = re.findall(r'id="[^"]+" data-root-id="[^"]+"', answer.text)
    assert len(roots) > 10, "an answer for each cell and the text between them"
