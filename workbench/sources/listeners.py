"""Which processes of this host listen on which ports, by psutil. Nothing a process was started with leaves here but
paths below the roots: command lines hold secrets.
"""

import os
import socket
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import psutil

from workbench.fleet.observed import Listener, Place, PlaceKind, Transport

_MOST: Final = 10_000
"""How many listeners are told of at most; no host has as many unless something is wrong with it."""


class Sight(NamedTuple):
    """What one look at this host showed."""

    listeners: tuple[Listener, ...] = ()
    sees_all: bool = False
    """Whether all listening ports were seen; some systems show other users' to the superuser only."""
    hidden: int = 0
    """How many listeners belong to processes that this user may not look at."""
    error: str | None = None


class _Process(NamedTuple):
    created: float
    name: str
    places: tuple[Place, ...]


class _Socket(NamedTuple):
    type: int
    laddr: Any
    raddr: Any
    status: str
    pid: int | None


class HostListeners:
    """Looks at this host. Processes are asked once; `roots` are the fleet's, each with the prefix of its manifests."""

    def __init__(self, roots: Sequence[tuple[str, str]]) -> None:
        self._roots = [(prefix, os.path.realpath(root)) for prefix, root in roots]
        self._processes: dict[int, _Process] = {}
        self._known: dict[tuple[Any, ...], Listener] = {}

    def look(self) -> Sight:
        """Return who listens now. Never raises: what is not permitted is left out, and said."""
        sockets: list[Any]
        try:
            sockets, sees_all, error = list(psutil.net_connections("inet")), True, None
        except psutil.AccessDenied:
            sockets, sees_all = list(_own_sockets()), False
            error = "this system shows the ports of other users' processes to the superuser only"
        except (psutil.Error, OSError, RuntimeError) as problem:
            return Sight((), False, 0, f"the listening ports cannot be read: {problem}")
        addresses: dict[tuple[int, Transport, int | None], set[str]] = defaultdict(set)
        for item in sockets:
            if _listens(item) and len(addresses) < _MOST:
                kind: Transport = "tcp" if item.type == socket.SOCK_STREAM else "udp"
                addresses[item.laddr.port, kind, item.pid].add(item.laddr.ip)
        pids = {pid for _, _, pid in addresses if pid is not None}
        self._processes = {pid: found for pid in pids if (found := self._process(pid))}
        listeners = tuple(self._listener(*key, addresses[key]) for key in sorted(addresses, key=repr))
        self._known = {item[:-1]: item for item in listeners}
        return Sight(listeners, sees_all, sum(item.pid is None for item in listeners), error)

    def _listener(self, port: int, kind: Transport, pid: int | None, addresses: set[str]) -> Listener:
        process = self._processes.get(pid) if pid is not None else None
        made = Listener(
            port, kind, tuple(sorted(addresses)), pid if process else None, process.name if process else "",
            process.places if process else (), pid == os.getpid(), time.time(),
        )  # fmt: skip
        return self._known.get(made[:-1], made)

    def _process(self, pid: int) -> _Process | None:
        known = self._processes.get(pid)
        try:
            process = psutil.Process(pid)
            created = process.create_time()
            if known is not None and known.created == created:
                return known
            with process.oneshot():
                return _Process(created, process.name(), tuple(self._places(process)))
        except psutil.Error:
            return None

    def _places(self, process: psutil.Process) -> Iterator[Place]:
        evidence: list[tuple[PlaceKind, str]] = []
        directory = _asked(process, "cwd")
        evidence.append(("executable", _asked(process, "exe")))
        evidence.append(("working-directory", directory))
        for argument in (_asked(process, "cmdline") or [])[1:]:
            path = os.path.join(directory or "/", argument)
            if os.path.isabs(argument) or os.path.isfile(path):
                evidence.append(("command-line", path))
        seen: set[Place] = set()
        for kind, path in evidence:
            place = self._below_roots(kind, path) if path else None
            if place is not None and place not in seen:
                seen.add(place)
                yield place

    def _below_roots(self, kind: PlaceKind, path: str) -> Place | None:
        real = os.path.realpath(path)
        for prefix, root in self._roots:
            if real == root or real.startswith(root.rstrip(os.sep) + os.sep):
                inner = os.path.relpath(real, root).replace(os.sep, "/")
                return Place(kind, (prefix + ("" if inner == "." else inner)).rstrip("/"))
        return None


def _asked(process: psutil.Process, attribute: str) -> Any:
    """Return what a process says of itself; empty where that is not permitted, or it has ended."""
    try:
        return getattr(process, attribute)()
    except (psutil.Error, OSError):
        return ""


def _own_sockets() -> Iterator[Any]:
    """Yield the sockets of the processes that this user may look at."""
    for process in psutil.process_iter():
        try:
            found = process.net_connections("inet")
        except (psutil.Error, OSError):
            continue
        for item in found:
            yield from (_Socket(item.type, item.laddr, item.raddr, item.status, process.pid) for item in found)


def _listens(item: Any) -> bool:
    if not item.laddr:
        return False
    if item.type == socket.SOCK_STREAM:
        return bool(item.status == psutil.CONN_LISTEN)
    return bool(item.type == socket.SOCK_DGRAM and not item.raddr and item.laddr.port)
