"""The health gate: an instance is asked over HTTP until it was healthy often enough, or for too long was not."""

import socket
import threading
import time
from collections.abc import Callable
from typing import Final

import httpx

from workbench.deploy.model import Gate, Instance
from workbench.errors import CommandFailed

_BODY: Final = 65_536
_REQUEST_SECONDS: Final = 3.0
_VACANT_SECONDS: Final = 5.0
_LOOK_EVERY: Final = 0.1


def pass_gate(gate: Gate, instance: Instance, say: Callable[[str], None], abort: threading.Event) -> None:
    """Return once an instance is healthy. Raises CommandFailed with what was seen last if it does not become so."""
    deadline = time.monotonic() + gate.timeout
    url = f"http://{gate.host}:{instance.port}{gate.path}"
    in_a_row, seen = 0, ""
    timeout = httpx.Timeout(min(_REQUEST_SECONDS, gate.timeout))
    with httpx.Client(trust_env=False, timeout=timeout, follow_redirects=False) as client:
        while in_a_row < gate.threshold:
            problem = _problem(client, url, instance.version if gate.expect_version else None)
            in_a_row = 0 if problem else in_a_row + 1
            told = problem or "healthy"
            if told != seen:
                say(f"{url}: {told}")
                seen = told
            if in_a_row < gate.threshold and abort.wait(gate.interval):
                raise CommandFailed("it was ended")
            if in_a_row < gate.threshold and time.monotonic() > deadline:
                raise CommandFailed(f"not healthy within {gate.timeout:g} s: {seen}", url=url)


def _problem(client: httpx.Client, url: str, version: str | None) -> str | None:
    """Return what is wrong with an answer; None if it is healthy."""
    try:
        with client.stream("GET", url) as answer:
            if not answer.is_success:
                return f"status {answer.status_code}"
            return None if version is None else _other_version(answer, version)
    except httpx.HTTPError as error:
        return type(error).__name__


def _other_version(answer: httpx.Response, version: str) -> str | None:
    body = b""
    for chunk in answer.iter_bytes():
        body += chunk
        if len(body) > _BODY:
            return "the answer is too long"
    try:
        found = httpx.Response(200, content=body).json()
    except ValueError:
        return "the answer is no JSON"
    told = found.get("version") if isinstance(found, dict) else None
    return None if told == version else f"answers as version {str(told)[:64]}"


def check_vacant(host: str, port: int, abort: threading.Event) -> None:
    """Return once nothing listens on a port. Raises CommandFailed if something goes on to."""
    deadline = time.monotonic() + _VACANT_SECONDS
    while _listens(host, port):
        if time.monotonic() > deadline:
            raise CommandFailed(
                f"something listens on {port} that was not deployed from here; stop it first", port=port
            )
        if abort.wait(_LOOK_EVERY):
            raise CommandFailed("it was ended")


def _listens(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1.0):
            return True
    except OSError:
        return False
