"""Processes by an identity that outlives us, and groups of them that are ended whole."""

import os
import signal
import threading
import time
from contextlib import suppress
from typing import Final

import psutil

from workbench.deploy.model import ProcessId

MARK: Final = "WORKBENCH_DEPLOYMENT"
"""The variable that every command of a deployment finds in its environment; its value is the deployment's id."""

_OVER: Final = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
_SAME_MOMENT: Final = 1.0
"""By how many seconds the start time of one process may differ between two readings: the clock may be set meanwhile."""

_GRACE: Final = 2.0
_LOOK_EVERY: Final = 0.02


def identity_of(pid: int) -> ProcessId | None:
    """Return the identity of a process; None if there is none, or it has ended and only waits to be reaped."""
    try:
        process = psutil.Process(pid)
        return None if process.status() in _OVER else ProcessId(pid, process.create_time())
    except psutil.Error:
        return None


def is_same(process: ProcessId) -> bool:
    """Whether a process still runs, and is no later one with its number."""
    found = identity_of(process.pid)
    return found is not None and abs(found.born - process.born) < _SAME_MOMENT


def end_group(group: int, grace: float = _GRACE) -> None:
    """End all processes of a group: ask, wait `grace` seconds, then kill. Returns when none is left."""
    for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, _GRACE)):
        try:
            os.killpg(group, number)
        except (ProcessLookupError, PermissionError):
            return
        deadline = time.monotonic() + patience
        while (is_left := bool(_members(group))) and time.monotonic() < deadline:
            threading.Event().wait(_LOOK_EVERY)
        if not is_left:
            return


def end_orphans(process: ProcessId, mark: str) -> bool:
    """End what is left of a command of an earlier run of the workbench; returns whether there was anything.

    Nothing is touched that only has its number: the leader must have been born when it was, or, where it is gone,
    the members must bear the deployment's mark.
    """
    if is_same(process) or _is_marked(process.pid, mark):
        end_group(process.pid)
        return True
    return False


def _is_marked(group: int, mark: str) -> bool:
    """Whether all living members of a group bear a mark, and there are any."""
    members = _members(group)
    return bool(members) and all(_bears(member, mark) for member in members)


def _bears(process: psutil.Process, mark: str) -> bool:
    with suppress(psutil.Error, OSError):
        return process.environ().get(MARK) == mark
    return False


def _members(group: int) -> list[psutil.Process]:
    """Return the living processes of a group; those that only wait to be reaped do not count."""
    found = (_member(pid, group) for pid in psutil.pids())
    return [process for process in found if process is not None]


def _member(pid: int, group: int) -> psutil.Process | None:
    try:
        if os.getpgid(pid) != group:
            return None
        process = psutil.Process(pid)
        return None if process.status() in _OVER else process
    except (psutil.Error, OSError):
        return None
