"""The child process of a command: held back until it is written down that it exists, and ended with its whole group."""

import os
import selectors
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Final

from workbench.deploy.model import ProcessId
from workbench.deploy.processes import MARK, end_group, identity_of
from workbench.deploy.runner import Command
from workbench.errors import CommandFailed

_WAIT: Final = (
    "import os, sys\n"
    "gate = int(sys.argv[1])\n"
    "if not os.read(gate, 1): sys.exit(0)\n"
    "os.close(gate)\n"
    "os.execv(sys.argv[2], sys.argv[3:])\n"
)
"""Waits for one byte, then becomes the command. If the workbench dies first, the pipe ends, and so does this."""

_TICK: Final = 0.05
_CHUNK: Final = 65_536


class Child:
    """A command in a process group of its own, not let go yet. `let_go`, then `wait`; or `discard`."""

    def __init__(self, command: Command, mark: str) -> None:
        program = _program(command)
        gate, self._gate = os.pipe()
        wait = [sys.executable, "-I", "-S", "-c", _WAIT, str(gate), program, *command.arguments]
        try:
            self._process = subprocess.Popen(
                wait,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=command.directory,
                env={**command.environment, MARK: mark},
                pass_fds=(gate,),
                start_new_session=True,
            )
        except OSError as error:
            os.close(self._gate)
            raise CommandFailed(f"{command.directory}: {error.strerror or error}") from None
        finally:
            os.close(gate)
        self._is_held = True
        self._limit = command.time_limit

    @property
    def process(self) -> ProcessId:
        """The identity of the process."""
        return identity_of(self._process.pid) or ProcessId(self._process.pid, 0.0)

    def let_go(self) -> None:
        """Let the command begin."""
        os.write(self._gate, b"\n")
        self._close_gate()

    def wait(self, take: Callable[[bytes], None], abort: threading.Event) -> None:
        """Hand over what the command prints until it ends, and end what it leaves in its group.

        Raises CommandFailed unless it ends by itself, in time, with exit code 0.
        """
        try:
            reason = self._followed(take, abort, time.monotonic() + self._limit)
        finally:
            self.discard()
        code = self._process.returncode
        if reason is not None:
            raise CommandFailed(reason)
        if code != 0:
            raise CommandFailed(f"exit code {code}" if code > 0 else f"ended by signal {-code}", exit_code=code)

    def discard(self) -> None:
        """End the group, and give back everything that was held."""
        self._close_gate()
        end_group(self._process.pid)
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _followed(self, take: Callable[[bytes], None], abort: threading.Event, deadline: float) -> str | None:
        """Return why the command must be ended; None if it ended."""
        assert self._process.stdout is not None
        is_open = True
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while True:
                # What the command leaves running may hold its output open: that it ended is what counts.
                is_over = self._process.poll() is not None
                if is_open and selector.select(0 if is_over else _TICK):
                    chunk = os.read(self._process.stdout.fileno(), _CHUNK)
                    is_open = bool(chunk)
                    take(chunk)
                elif is_over:
                    return None
                elif not is_open:
                    abort.wait(_TICK / 10)
                if abort.is_set():
                    return "it was ended"
                if time.monotonic() > deadline:
                    return f"it took longer than its {self._limit:g} s"

    def _close_gate(self) -> None:
        if self._is_held:
            self._is_held = False
            os.close(self._gate)


def _program(command: Command) -> str:
    program = command.arguments[0]
    found = shutil.which(program, path=command.environment.get("PATH", os.defpath))
    if found is None:
        raise CommandFailed(f"there is no program {program}", program=program)
    return found
