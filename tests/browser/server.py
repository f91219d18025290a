"""The server that the browser tests look at, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

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

    def manifest(self, path: str) -> Path:
        return self.folder / path / "smart-crate.toml"
