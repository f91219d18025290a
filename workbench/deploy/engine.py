"""The engine: carries out what the state machine says, on threads of its own; a step is written down, then begun."""

import logging
import os
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, InvalidStateError, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from workbench.deploy.log_file import LogFile, LogPart, Masker, read_log
from workbench.deploy.machine import Abort, Asked, Keep, Machine, Restarted, Run, StepBegun, StepEnded, Stimulus
from workbench.deploy.model import Deployment, Instance, ProcessId
from workbench.deploy.performer import perform
from workbench.deploy.processes import end_orphans
from workbench.deploy.runner import Runners
from workbench.errors import StoreError, Unavailable, WorkbenchError

logger = logging.getLogger(__name__)

_LOGS_EVERY: Final = 0.5
_LINES_TOLD: Final = 50
_MOST_AT_ONCE: Final = 256
_NOT_KEPT: Final = "the state file cannot be written"


@dataclass(frozen=True, slots=True)
class LogGrowth:
    """A log has grown up to `next` bytes; `lines` are the newest."""

    deployment: Deployment
    lines: tuple[str, ...]
    next: int


class Keeper(Protocol):
    """Where the engine has things written down and told."""

    def keep(self, deployments: Sequence[Deployment]) -> None:
        """Write deployments down as they stand, durable before this returns, and tell of them. Raises StoreError."""

    def tell(self, growths: Sequence[LogGrowth]) -> None:
        """Tell that logs have grown; does not wait."""


@dataclass(frozen=True)
class EngineOptions:
    """How deployments are carried out. Without a `folder` their logs are kept nowhere."""

    runners: Runners = field(default_factory=Runners)
    folder: Path | None = None
    parallel: int = 2
    waiting: int = 1_000
    log_bytes: int = 1_000_000
    kept_logs: int = 500
    masker: Masker = field(default_factory=Masker)


@dataclass(frozen=True)
class _Task:
    stimulus: Stimulus
    answer: "Future[Deployment]" = field(default_factory=Future)


class Engine:
    """Carries out deployments. One thread of it takes stimuli in order; each step at work has another.

    `stop` ends the steps that are at work and leaves the rest to `start`, like a crash does.
    """

    def __init__(self, options: EngineOptions, keeper: Keeper) -> None:
        self.options = options
        self.book: Mapping[str, Deployment] = {}
        """All deployments by id, replaced whole when one changes."""
        self.live: Mapping[str, Instance] = {}
        """What serves each crate, as far as it was deployed from here."""
        self.left: Mapping[str, Instance] = {}
        """What a deployment that failed left behind, beside what serves."""
        self.error: str | None = None
        """Why nothing can be written down any more."""
        self._keeper = keeper
        self._machine = Machine(options.parallel, options.waiting)
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._aborts: dict[str, threading.Event] = {}
        self._growths: dict[str, list[str]] = {}
        self._growth_lock = threading.Lock()
        self._tell_at = 0.0
        self._thread: threading.Thread | None = None
        self._performers: ThreadPoolExecutor | None = None
        self._steps: set[Future[None]] = set()
        self._lock = threading.Lock()
        self._is_stopping = False

    # ------------------------------------------------------------------ for any thread

    def start(self, kept: Sequence[Deployment] = ()) -> None:
        """Take up deployments of earlier runs, in the order in which they were written last."""
        self._machine = Machine(self.options.parallel, self.options.waiting, kept)
        self._publish()
        if any(not item.has_ended for item in kept):
            self.ask(Restarted())

    def ask(self, stimulus: Stimulus) -> "Future[Deployment]":
        """Hand in a stimulus; the future holds the deployment as it stood right after, written down."""
        task = _Task(stimulus)
        with self._lock:
            if self._is_stopping:
                task.answer.set_exception(Unavailable("the server is stopping"))
                return task.answer
            if self._thread is None:
                most = 2 * self.options.parallel + 2
                self._performers = ThreadPoolExecutor(most, "workbench-deploy-step")
                self._thread = threading.Thread(target=self._loop, name="workbench-deploy", daemon=True)
                self._thread.start()
            self._tasks.put(task)
        return task.answer

    def stop(self) -> None:
        """End the steps at work, and all threads; returns when they have ended."""
        with self._lock:
            self._is_stopping = True
            thread = self._thread
        if thread is None:
            return
        self._tasks.put(None)
        thread.join()

    def log_path(self, identity: str) -> Path:
        """Return the file of a deployment's log."""
        folder = self.options.folder
        return folder / "logs" / f"{identity}.log" if folder is not None else Path(os.devnull)

    def read_log(self, identity: str, since: int = 0) -> LogPart:
        """Return what a deployment's log holds from an offset on."""
        return read_log(self.log_path(identity), since)

    # ------------------------------------------------------------------ the thread

    def _loop(self) -> None:
        while True:
            try:
                task = self._tasks.get(timeout=_LOGS_EVERY if self._growths else None)
            except queue.Empty:
                self._tell_logs()
                continue
            tasks = [task]
            while task is not None and len(tasks) < _MOST_AT_ONCE and not self._tasks.empty():
                task = self._tasks.get()
                tasks.append(task)
            try:
                self._serve([item for item in tasks if item is not None])
            except Exception:
                logger.exception("the engine of the deployments failed")
                for item in tasks:
                    _refuse(item, Unavailable("the deployment failed; the log says why"))
            if task is None:
                break
        self._wind_up()

    def _serve(self, tasks: Sequence[_Task]) -> None:
        """Hand stimuli to the machine, write down what changed in one go, then act and answer."""
        changed: dict[str, Deployment] = {}
        acts: list[Run | Abort] = []
        answers: list[tuple[_Task, Deployment | None]] = []
        for task in tasks:
            try:
                for instruction in self._handled(task.stimulus):
                    if isinstance(instruction, Keep):
                        changed[instruction.deployment.id] = instruction.deployment
                    else:
                        acts.append(instruction)
                answers.append((task, self._meant(task.stimulus)))
            except WorkbenchError as error:
                _refuse(task, error)
        if not self._kept(list(changed.values())):
            _refuse_asked(answers, self.error or _NOT_KEPT)
        self._publish()
        for act in acts:
            self._act(act)
        for task, item in answers:
            if item is not None:
                _answer(task, self.book.get(item.id, item))
            elif not task.answer.done():
                task.answer.cancel()
        self._tell_logs()

    def _handled(self, stimulus: Stimulus) -> "Sequence[Keep | Run | Abort]":
        if isinstance(stimulus, Asked):
            if self.error is not None:
                raise StoreError(f"{_NOT_KEPT}: {self.error}")
            if stimulus.key is not None and self._machine.repeated(stimulus.actor, stimulus.key, stimulus.request):
                return ()
        if isinstance(stimulus, Restarted):
            self._end_orphans()
        return self._machine.handle(stimulus, round(time.time(), 3))

    def _meant(self, stimulus: Stimulus) -> Deployment | None:
        if isinstance(stimulus, Restarted):
            return None
        if isinstance(stimulus, Asked) and stimulus.key is not None:
            return self._machine.repeated(stimulus.actor, stimulus.key, stimulus.request)
        return self._machine.deployments.get(stimulus.id)

    def _kept(self, changed: Sequence[Deployment]) -> bool:
        """Write down what changed; once that failed, what is at work is carried on from memory and nothing begins."""
        if not changed:
            return True
        try:
            self._keeper.keep(changed)
        except WorkbenchError as error:
            if self.error is None:
                logger.error("deployments cannot be written down: %s", error.message)
            self.error = error.message
        return self.error is None

    def _act(self, act: Run | Abort) -> None:
        if isinstance(act, Abort):
            if act.id in self._aborts:
                self._aborts[act.id].set()
            return
        if self.error is not None and act.position == 0:
            self._tasks.put(_Task(StepEnded(act.id, 0, _NOT_KEPT)))
            return
        abort = self._aborts[act.id] = threading.Event()
        assert self._performers is not None
        self._steps = {step for step in self._steps if not step.done()}
        self._steps.add(self._performers.submit(self._perform, act, abort))

    def _end_orphans(self) -> None:
        for item in self._machine.deployments.values():
            step = item.step
            if not item.has_ended and step is not None and step.state == "running" and step.process is not None:
                was_there = end_orphans(step.process, item.id)
                logger.warning(
                    "deployment %s of %s was interrupted at: %s%s", item.id, item.crate_name, step.title,
                    "; what was left of its command is ended" if was_there else "",
                )  # fmt: skip

    def _publish(self) -> None:
        self.book = dict(self._machine.deployments)
        for identity in [name for name in self._aborts if name not in self.book or self.book[name].has_ended]:
            del self._aborts[identity]
        self.live, self.left = dict(self._machine.live), dict(self._machine.left)

    def _tell_logs(self) -> None:
        if not self._growths or time.monotonic() < self._tell_at:
            return
        self._tell_at = time.monotonic() + _LOGS_EVERY
        with self._growth_lock:
            growths, self._growths = self._growths, {}
        told = []
        for identity, lines in growths.items():
            with suppress(OSError, KeyError):
                size = self.log_path(identity).stat().st_size
                told.append(LogGrowth(self.book[identity], tuple(lines), size))
        self._keeper.tell(told)

    def _wind_up(self) -> None:
        """End what is at work and refuse what waits, without writing anything down."""
        assert self._performers is not None
        for abort in self._aborts.values():
            abort.set()
        while any(not step.done() for step in self._steps):
            with suppress(queue.Empty):  # a step that waits for its process to be written down must not wait for ever
                _refuse(self._tasks.get(timeout=0.02), Unavailable("the server is stopping"))
        self._performers.shutdown()
        while not self._tasks.empty():
            _refuse(self._tasks.get(), Unavailable("the server is stopping"))

    # ------------------------------------------------------------------ the threads of the steps

    def _perform(self, run: Run, abort: threading.Event) -> None:
        try:
            with self._opened_log(run.id) as log:
                error = perform(run, self.options.runners, log, abort, self._announce)
        except Exception as failure:
            logger.exception("step %d of deployment %s failed", run.position, run.id)
            error = f"it failed: {type(failure).__name__}"
        self._tasks.put(_Task(StepEnded(run.id, run.position, error)))

    def _opened_log(self, identity: str) -> LogFile:
        path = self.log_path(identity)
        if self.options.folder is not None and not path.exists():
            _remove_oldest(path.parent, self.options.kept_logs - 1)
        return LogFile(path, self.options.log_bytes, self.options.masker, lambda lines: self._grown(identity, lines))

    def _announce(self, run: Run, process: ProcessId) -> None:
        task = _Task(StepBegun(run.id, run.position, process))
        self._tasks.put(task)
        task.answer.result()

    def _grown(self, identity: str, lines: list[str]) -> None:
        with self._growth_lock:
            kept = self._growths.setdefault(identity, [])
            kept += lines
            del kept[:-_LINES_TOLD]


def _remove_oldest(folder: Path, kept: int) -> None:
    with suppress(OSError):
        files = sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime)
        for path in files[: max(0, len(files) - kept)]:
            path.unlink(missing_ok=True)


def _answer(task: _Task, item: Deployment) -> None:
    with suppress(InvalidStateError):
        task.answer.set_result(item)


def _refuse(task: _Task | None, error: WorkbenchError) -> None:
    if task is not None:
        with suppress(InvalidStateError):
            task.answer.set_exception(error)


def _refuse_asked(answers: Sequence[tuple[_Task, Deployment | None]], reason: str) -> None:
    for task, _ in answers:
        if isinstance(task.stimulus, Asked):
            _refuse(task, StoreError(f"{_NOT_KEPT}: {reason}"))
