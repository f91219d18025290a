"""Installing the package enables the extension, and until somebody asks for the fleet that is all."""

import os
import shutil
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import httpx

from tests.conftest import WriteManifest, wait_for

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SHARED = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
TOKEN = "a-token-of-jupyter"


def installed(folder: Path) -> dict[str, str]:
    """Lay out what a wheel puts beside the packages, and return the environment of a Jupyter that finds it there."""
    for source, target in SHARED.items():
        (folder / target).parent.mkdir(parents=True)
        shutil.copy(ROOT / source, folder / target)
    own = {f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("DATA", "RUNTIME")}
    config = {"JUPYTER_CONFIG_DIR": str(folder / "etc" / "jupyter")}
    return {**os.environ, "PYTHONPATH": str(ROOT), **own, **config}


def test_naming_the_extension_loads_nothing_else_of_ours() -> None:
    script = """
import sys
import jupyter_server.serverapp
before = set(sys.modules)
import workbench
(point,) = workbench._jupyter_server_extension_points()
assert point["app"].name == "workbench"
heavy = {"api", "duckdb", "networkx", "numpy", "pandas", "panel", "pyarrow", "pydantic"}
print(sorted(heavy & (set(sys.modules) - before)))
"""
    told = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert told.stdout.strip() == "[]"


def test_what_is_installed_serves_the_fleet_and_ends_with_the_server(
    tmp_path: Path, fleet_dir: Path, write_manifest: WriteManifest
) -> None:
    write_manifest("edge/portal")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path / "log"
    options = [f"--port={port}", f"--ServerApp.root_dir={fleet_dir}", f"--IdentityProvider.token={TOKEN}"]
    with log.open("w") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--debug", *options],
            env=installed(tmp_path / "prefix"), stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def answers() -> bool:
        assert server.poll() is None, log.read_text()
        try:
            return httpx.get(f"http://127.0.0.1:{port}/api").is_success
        except httpx.TransportError:
            return False

    try:
        wait_for(answers, 60)
        crates = httpx.get(f"http://127.0.0.1:{port}/workbench/api/crates", headers={"Authorization": f"token {TOKEN}"})
        assert [crate["name"] for crate in crates.json()] == ["portal"]
    finally:
        server.terminate()
        status = server.wait(30)
    said = log.read_text()
    assert status == 0, said
    assert "workbench | extension app 'workbench' stopped" in said
    assert "Traceback" not in said
    assert [path.name for path in fleet_dir.iterdir()] == ["edge"], "nothing is written beside the manifests"
