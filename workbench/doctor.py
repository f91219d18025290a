"""What may keep a workbench from running well on this host, looked at without starting one."""

import http.client
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.error import HTTPError
from urllib.request import urlopen

from workbench.errors import WorkbenchError
from workbench.one_line import one_line

if TYPE_CHECKING:
    from workbench.deploy.runner import Command, Runner

Verdict = Literal["ok", "warning", "error"]

PACKAGES: Final = ("duckdb", "panel", "bokeh", "tornado", "pydantic", "networkx", "pyarrow", "watchfiles")
OLDEST_PYTHON: Final = (3, 11)
SECRET_FILES: Final = ("token", "tokens.jsonl", "cookie-secret")
_FILES: Final = 4_096
_WATCHES: Final = 65_536
_INSTANCES: Final = 128
_ROOM: Final = 200_000_000
_LARGE: Final = 5_000_000_000
_MUX_SECONDS: Final = 3.0
_INOTIFY: Final = Path("/proc/sys/fs/inotify")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at, how it is, and what to do about it."""

    subject: str
    verdict: Verdict
    message: str
    fix: str = ""


@dataclass(frozen=True)
class Patient:
    """What is looked at: the roots of the fleet, the state folder, and the ports that a server would listen on."""

    roots: Sequence[Path]
    state: Path
    host: str = "127.0.0.1"
    ports: Sequence[int] = ()
    mux: str | None = None
    """The address of the Neural Mux, if the settings name one."""
    runners: Callable[[], Iterable["Runner"]] = tuple
    """Returns what deploys, if the settings set that up; raises ConfigurationError if they may not."""


def examine(patient: Patient) -> list[Check]:
    """Return everything that was looked at, in order; what fails itself is an error of its own."""
    found: list[Check] = []
    for name, look in _LOOKS.items():
        try:
            found += look(patient)
        except (OSError, WorkbenchError) as error:
            found.append(Check(name, "error", str(error)))
    return found


def worst(checks: Sequence[Check]) -> Verdict:
    """Return the worst verdict."""
    verdicts = {check.verdict for check in checks}
    return "error" if "error" in verdicts else "warning" if "warning" in verdicts else "ok"


def report(checks: Sequence[Check]) -> dict[str, Any]:
    """Return the checks as JSON shows them: {verdict, checks: [{subject, verdict, message, fix}]}."""
    return {"verdict": worst(checks), "checks": [asdict(check) for check in checks]}


def _python(_: Patient) -> Iterator[Check]:
    is_old = sys.version_info < OLDEST_PYTHON
    fix = f"use Python {'.'.join(map(str, OLDEST_PYTHON))} or later" if is_old else ""
    yield Check("python", "error" if is_old else "ok", f"{platform.python_version()} at {sys.executable}", fix)
    for name in PACKAGES:
        try:
            yield Check(name, "ok", metadata.version(name))
        except metadata.PackageNotFoundError:
            yield Check(name, "error", "is not installed", f"pip install {name}")


def _roots(patient: Patient) -> Iterator[Check]:
    from workbench.sources.roots import check_roots

    for root in patient.roots:
        try:
            check_roots([root])
        except WorkbenchError as error:
            yield Check("root", "error", error.message, "name a directory that exists and can be read")
        else:
            yield Check("root", "ok", str(root.absolute()))


def _state(patient: Patient) -> Iterator[Check]:
    folder = patient.state
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        yield Check("state folder", "error", f"{there} cannot be written", "choose another --state folder")
        return
    room = shutil.disk_usage(there).free
    if room < _ROOM:
        yield Check("state folder", "warning", f"{there}: {_megabytes(room)} left", "make room on the disk")
    else:
        made = "" if folder.exists() else " (is made at the first start)"
        yield Check("state folder", "ok", f"{folder}{made}, {_megabytes(room)} left")
    for name in SECRET_FILES:
        if (path := folder / name).exists():
            is_open = path.stat().st_mode & 0o077
            yield (
                Check("secret", "error", f"{path} can be read by others", f"chmod 600 {path}")
                if is_open
                else Check("secret", "ok", f"{path} is its owner's alone")
            )


def _state_file(patient: Patient) -> Iterator[Check]:
    from workbench.store.inspection import NEWEST_VERSION, inspect_state

    found = inspect_state(patient.state)
    if found is None:
        yield Check("state file", "ok", "there is none yet")
    elif found.version is None:
        yield Check("state file", "ok", f"{found.path} is held by a running workbench, {_megabytes(found.size)}")
    elif found.version > NEWEST_VERSION:
        yield Check(
            "state file", "error", f"{found.path} is of a newer workbench", "use that, or another --state folder"
        )
    else:
        told = f"version {found.version} of {NEWEST_VERSION}, {found.revisions} revisions, {found.events} events"
        is_large = found.size > _LARGE
        fix = "lower the bounds of [history], or begin with another --state folder" if is_large else ""
        message = f"{found.path}: {told}, {_megabytes(found.size)}"
        yield Check("state file", "warning" if is_large else "ok", message, fix)


def _ports(patient: Patient) -> Iterator[Check]:
    for port in patient.ports:
        with closing(socket.socket(socket.AF_INET6 if ":" in patient.host else socket.AF_INET)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((patient.host, port))
            except OSError as error:
                yield _taken(patient.host, port, error)
            else:
                yield Check("port", "ok", f"{port} is free")


def _taken(host: str, port: int, error: OSError) -> Check:
    if _is_workbench(host, port):
        return Check("port", "ok", f"{port} is a running workbench's")
    reason = one_line(error.strerror or str(error))
    return Check(
        "port", "error", f"{port} cannot be listened on: {reason}", "stop what listens there, or choose another"
    )


def _is_workbench(host: str, port: int) -> bool:
    with closing(http.client.HTTPConnection(host, port, timeout=1)) as connection:
        try:
            connection.request("GET", "/health")
            answer = connection.getresponse()
            said = json.loads(answer.read(10_000))
        except (OSError, http.client.HTTPException, ValueError):
            return False
    # The WebSocket's own port knows no /health, and says so as we say it.
    return isinstance(said, dict) and ("uptime_seconds" in said or "request_id" in (said.get("error") or {}))


def _mux(patient: Patient) -> Iterator[Check]:
    if patient.mux is None:
        return
    try:
        # Any answer will do: which of its dialects it speaks is found out by the client that follows it.
        urlopen(patient.mux, timeout=_MUX_SECONDS).close()
    except HTTPError:
        pass
    except (OSError, http.client.HTTPException) as error:
        fix = "start it, or change [mux] url; without it the pages show what was known last"
        yield Check("mux", "warning", f"{patient.mux} does not answer: {one_line(str(error))}", fix)
        return
    yield Check("mux", "ok", f"{patient.mux} answers")


def _runners(patient: Patient) -> Iterator[Check]:
    for runner in patient.runners():
        path = runner.environment().get("PATH")
        absent = [name for name in runner.programs if shutil.which(name, path=path) is None]
        if absent:
            fix = "install it, or name its path; PATH is what environment and variables of the runner say"
            yield Check("runner", "warning", f"{runner.name}: there is no program {', '.join(absent)}", fix)
        elif runner.trial is None or (problem := _tried(runner.trial)) is None:
            yield Check("runner", "ok", f"{runner.name}: its programs are there")
        else:
            words = " ".join(runner.trial.arguments)
            yield Check("runner", "warning", f"{runner.name}: `{words}` fails: {problem}", "install what it needs")


def _tried(command: "Command") -> str | None:
    """Return what is wrong with a command that should end well; None if nothing is."""
    try:
        done = subprocess.run(
            command.arguments, cwd=command.directory, env=dict(command.environment), timeout=command.time_limit,
            capture_output=True, text=True, errors="replace", check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"no answer within {command.time_limit:g} s"
    said = next((line for line in (done.stderr + done.stdout).splitlines() if line.strip()), "it says nothing")
    return None if done.returncode == 0 else one_line(said)


def _limits(_: Patient) -> Iterator[Check]:
    try:
        import resource
    except ImportError:  # not on this operating system
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = soft != resource.RLIM_INFINITY and soft < _FILES
    fix = f"ulimit -n {_FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)}" if few else ""
    shown = "without a limit" if soft == resource.RLIM_INFINITY else str(soft)
    yield Check("open files", "warning" if few else "ok", f"{shown}; a thousand clients need {_FILES}", fix)
    for name, least in (("max_user_watches", _WATCHES), ("max_user_instances", _INSTANCES)):
        if (path := _INOTIFY / name).exists():
            found = int(path.read_text())
            few = found < least
            advice = f"sysctl fs.inotify.{name}={least}; without enough, changes are found by the beat" if few else ""
            yield Check("file events", "warning" if few else "ok", f"fs.inotify.{name} is {found}", advice)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


_LOOKS: Final[dict[str, Callable[[Patient], Iterator[Check]]]] = {
    "python": _python,
    "roots": _roots,
    "state folder": _state,
    "state file": _state_file,
    "ports": _ports,
    "mux": _mux,
    "runners": _runners,
    "limits": _limits,
}
