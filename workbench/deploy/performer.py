"""Carries out one step: its command, its gate or its check, with everything said in the deployment's log."""

import shlex
import threading
from collections.abc import Callable
from pathlib import Path

from workbench.deploy.child import Child
from workbench.deploy.health import check_vacant, pass_gate
from workbench.deploy.log_file import LogFile
from workbench.deploy.machine import Run
from workbench.deploy.model import ProcessId
from workbench.deploy.runner import Command, Runners
from workbench.errors import CommandFailed, WorkbenchError

Announce = Callable[[Run, ProcessId], None]
"""Writes down which process carries out a step, before it begins; raises if that cannot be done."""


def perform(run: Run, runners: Runners, log: LogFile, abort: threading.Event, announce: Announce) -> str | None:
    """Carry out a step; returns why it failed, None if it did not."""
    step = run.step
    log.say(step.title)
    try:
        if abort.is_set():
            raise CommandFailed("it was ended")
        if step.action == "gate":
            pass_gate(run.target.gate, step.instance, log.say, abort)
        elif step.action == "vacant":
            check_vacant(run.target.gate.host, step.instance.port, abort)
        else:
            command = runners.named(run.target.runner).command(step, run.target)
            if command is not None:
                _run(run, command, log, abort, announce)
    except WorkbenchError as error:
        log.say(f"{step.title} failed: {error.message}")
        return error.message
    except OSError as error:
        log.say(f"{step.title} failed: {error}")
        return str(error)
    return None


def _run(run: Run, command: Command, log: LogFile, abort: threading.Event, announce: Announce) -> None:
    log.say(shlex.join(command.arguments))
    if command.makes_directory:
        Path(command.directory).mkdir(parents=True, exist_ok=True, mode=0o700)
    child = Child(command, run.id)
    try:
        announce(run, child.process)
        child.let_go()
    except BaseException:
        child.discard()
        raise
    try:
        child.wait(log.take, abort)
    finally:
        log.flush()
