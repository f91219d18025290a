"""A process of our own that works for us and may be ended at any time; and what it speaks with us.

A message is a JSON header and a content of bytes, each behind its length. A request names its verb; an answer
holds `error` if it failed.
"""

import contextlib
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from typing import IO, Any, Final

import orjson

from workbench.errors import QueryCancelled, QueryError, QueryMemory, QueryTimeout

Json = dict[str, Any]
Verb = Callable[[Json, bytes], tuple[Json, bytes]]

_LENGTHS: Final = struct.Struct("!QQ")
_ERRORS: Final = {kind.code: kind for kind in (QueryError, QueryTimeout)}
_KEPT_VARIABLES: Final = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")


class Worker:
    """A process that runs a module and answers one request at a time; started when it is first needed."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._process: subprocess.Popen[bytes] | None = None
        self._was_cancelled = threading.Event()
        self.holds: object = None
        """What was loaded into the process; None for a new one."""

    def begin(self) -> None:
        """Start the process, if there is none, so that it is ready by the time that it is asked.

        Raises QueryCancelled after a `cancel`.
        """
        self._running()

    def ask(self, header: Json, content: bytes, seconds: float) -> tuple[Json, bytes]:
        """Return the answer to a request; after some seconds the process is ended.

        Raises QueryError with what the process says, QueryTimeout, and QueryCancelled after a `cancel`.
        """
        process = self._running()
        is_late = threading.Event()

        def end() -> None:
            is_late.set()
            process.kill()

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            write_message(process.stdin, header, content)
            answer = read_message(process.stdout)
        except OSError:
            answer = None
        finally:
            timer.cancel()
        if answer is None:
            self._reap()
            if self._was_cancelled.is_set():
                raise QueryCancelled("the query was cancelled")
            if is_late.is_set():
                raise QueryTimeout("the query took too long and was stopped")
            raise QueryError("the query needs more memory than it may have")
        if answer[0].get("is_spent"):
            self._reap()
        if said := answer[0].get("error"):
            raise _ERRORS.get(said["code"], QueryError)(said["message"], **said["details"])
        return answer

    def cancel(self) -> None:
        """End the process, whatever it does."""
        self._was_cancelled.set()
        if (process := self._process) is not None:
            process.kill()

    def close(self) -> None:
        """End the process and wait for it; nobody may be asking."""
        self._reap()

    def reset(self) -> None:
        """Forget that the worker was cancelled."""
        self._was_cancelled.clear()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self._reap()
        if self._was_cancelled.is_set():
            raise QueryCancelled("the query was cancelled")
        if self._process is None:
            # Secrets of the environment are none of its business.
            variables = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, close_fds=True,
                env={**variables, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )  # fmt: skip
        return self._process

    def _reap(self) -> None:
        process, self._process, self.holds = self._process, None, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()


def serve_requests(verbs: Mapping[str, Verb]) -> None:
    """Answer requests on the standard streams until they are closed, or one took all the memory that there is.

    What such a request leaves behind, in pieces, the next would lack: `is_spent` asks for another process.
    """
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while message := read_message(requests):
        header, content = message
        try:
            answer, body = verbs[header["verb"]](header, content)
        except MemoryError:
            answer, body = _refusal(QueryMemory("the answer needs too much memory")), b""
        except QueryError as error:
            answer, body = _refusal(error), b""
        write_message(answers, answer, body)
        if "is_spent" in answer:
            return


def _refusal(error: QueryError) -> Json:
    told = {"error": {"code": error.code, "message": error.message, "details": error.details}}
    return told | ({"is_spent": True} if isinstance(error, QueryMemory) else {})


def write_message(stream: IO[bytes], header: Json, content: bytes) -> None:
    """Write a message."""
    head = orjson.dumps(header)
    stream.write(_LENGTHS.pack(len(head), len(content)) + head)
    stream.write(content)
    stream.flush()


def read_message(stream: IO[bytes]) -> tuple[Json, bytes] | None:
    """Return the next message; None at the end of the stream, also in the middle of one."""
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    head_size, size = _LENGTHS.unpack(lengths)
    head, content = stream.read(head_size), stream.read(size)
    return (orjson.loads(head), content) if len(head) == head_size and len(content) == size else None


def limit_memory(size: int) -> None:
    """Hold this process to some bytes of memory, where the system does that."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (size, size))
