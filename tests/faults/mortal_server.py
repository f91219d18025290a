"""A server process that can be killed and started again on the same state folder."""

import os
import signal
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
SECRET = "a-token-for-tests"
TOKEN = {"Authorization": f"Bearer {SECRET}"}


class MortalServer:
    """Runs a script that prints READY and its port; `words` and the secret of its token are the script's arguments."""

    def __init__(self, script: str, *words: object) -> None:
        self._command = [sys.executable, "-c", script, *map(str, words), SECRET]
        self.start()

    def start(self) -> None:
        environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
        self.process = subprocess.Popen(self._command, env=environment, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("READY ")
        self.url = f"http://127.0.0.1:{line.split()[1]}"

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()
