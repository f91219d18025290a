"""The server that the browser tests look at, in a process of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "data" / "fleet"
WIDTHS = {390: 844, 1280: 800, 2560: 1440}


class ServedFleet:
    """A server in a process of its own over a folder of manifests."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder
        self._start(port)

    def _start(self, port: int) -> None:
        # Through pipes only: the address comes out, and closing its input ends it even if this process dies.
        self._process = subprocess.Popen(
            [sys.executable, Path(__file__).parent / "served_fleet.py", self.folder, str(port)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        assert self.url.startswith("http://127.0.0.1:"), "the server did not start"

    def restart(self) -> None:
        """End the server and start it again at the same address."""
        port = urlsplit(self.url).port
        self.close()
        assert port is not None
        self._start(port)

    def close(self) -> None:
        self._process.communicate(timeout=20)

    def put_back(self) -> None:
        """Make the folder equal to the sample fleet again, and wait until the server has seen it."""
        wanted, found = files_below(SAMPLE), files_below(self.folder)
        for path in found.keys() - wanted.keys():
            (self.folder / path).unlink()
        changed = {path for path, content in wanted.items() if found.get(path) != content}
        for path in changed:
            (self.folder / path).write_bytes(wanted[path])
        if changed or found.keys() != wanted.keys():
            httpx.get(f"{self.url}/api/crates?refresh=true", timeout=20).raise_for_status()

    def manifest(self, path: str) -> Path:
        return self.folder / path / "smart-crate.toml"


def files_below(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@contextmanager
def served_sample(folder: Path, settings: str = "") -> Iterator[ServedFleet]:
    """Serve a copy of the sample fleet below a folder, with a settings file of its own if there is anything to set."""
    shutil.copytree(SAMPLE, folder / "fleet")
    if settings:
        (folder / "fleet" / "workbench.toml").write_text(settings, "utf-8")
    served = ServedFleet(folder / "fleet")
    yield served
    served.close()
