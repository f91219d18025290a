"""The hub: the one writer. It takes what the sources report, makes the next snapshot, and tells the world."""

import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final

from workbench.beat import Beat
from workbench.desks.assignment_desk import AssignCommand, AssignmentDesk, DeskCommand, ReleaseCommand, refuse
from workbench.desks.assignments import Assignment, AssignmentRequest
from workbench.desks.audit import AuditLog
from workbench.desks.commands import Command, CommandQueue
from workbench.desks.deployment_desk import DeploymentDesk, DeskAccess
from workbench.desks.hub_desks import Desks, answer
from workbench.desks.journal_guard import JournalGuard
from workbench.desks.service_desk import RegisterCommand
from workbench.errors import Unavailable
from workbench.events import Draft, EventLog, drafts_of, revision_draft
from workbench.fleet.diff import diff
from workbench.fleet.observed import Registration
from workbench.fleet.snapshot import Snapshot
from workbench.hub_options import HubOptions
from workbench.hub_status import status_of
from workbench.live.events import observed_drafts
from workbench.live.layer import LiveLayer
from workbench.live.vitals import Vitals
from workbench.persistence import Journal, Memory
from workbench.recollection import Recollection
from workbench.serving.visits import Visits
from workbench.sources.discovery import Discovery
from workbench.sources.ingest import freeze_fleet, read_fleet
from workbench.sources.walk import ScanProgress
from workbench.sources.watch import Watcher

__all__ = ["Hub", "HubOptions"]

logger = logging.getLogger(__name__)

_LEASE_STEP: Final = 0.02
_KEPT_SCANS: Final = 10_000


class Hub:
    """The live fleet below a list of roots.

    `start` begins to scan and follow them on a thread of the hub's own; `snapshot` is always the newest
    complete revision and may be read from any thread. All changes go through that one thread, in order.
    """

    def __init__(
        self,
        roots: Sequence[Path | str],
        options: HubOptions | None = None,
        journal: Journal | None = None,
        memory: Memory | None = None,
    ) -> None:
        self.options = options or HubOptions()
        self.discovery = Discovery(roots, self.options.scope, self.options.jobs)
        self.journal = journal
        self.log = EventLog()
        self.guard = JournalGuard(journal)
        self.desk = AssignmentDesk(journal, self.log)
        self.audit = AuditLog(journal, self.options.audit, self._wake)
        places = zip(self.discovery.prefixes, map(str, self.discovery.roots), strict=True)
        self.live = LiveLayer(self.options.live, places, self._declared_ports, self._wake)
        self.vitals = Vitals(self, self.options.mux)
        self.deployments = DeploymentDesk(journal, self.log, self.options.deploy, self._desk_access())
        self._desks = Desks(self.guard, self.desk, self.live.desk, self.deployments, self.audit)
        self.instance: Final = secrets.token_hex(4)
        self.started_at: Final = time.time()
        self.visits = Visits()
        """Visitors of pages, to whom the hub gives way with what can be written down later."""
        self.progress = ScanProgress()
        self.reconciled_at: float | None = None
        self.scans: Final[deque[tuple[str, float]]] = deque(maxlen=_KEPT_SCANS)
        """(`full` or `part`, seconds) of the newest scans, for whoever measures to take."""
        self._snapshot = Snapshot(self.options.plan)
        self._watcher = Watcher(self._changed) if self.options.watch else None
        self._commands = CommandQueue()
        self._ready = threading.Event()
        self._resumed = threading.Event()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._beat = Beat(self.options.beat)
        self._recollection = Recollection(memory, self.discovery, lambda: self._stopping, self.visits)

    @classmethod
    def frozen(cls, snapshot: Snapshot) -> "Hub":
        """Return a hub that shows one snapshot and follows nothing."""
        hub = cls([], HubOptions(plan=snapshot.plan, watch=False))
        hub._snapshot, hub.reconciled_at = snapshot, snapshot.taken_at
        hub._ready.set()
        return hub

    @property
    def snapshot(self) -> Snapshot:
        """The newest complete revision."""
        return self._snapshot

    @property
    def is_journalled(self) -> bool:
        """Whether what is to last is written down."""
        return self.guard.usable is not None

    @property
    def is_ready(self) -> bool:
        """Whether the first scan is done."""
        return self._ready.is_set()

    @property
    def is_last_known(self) -> bool:
        """Whether the snapshot is that of an earlier run and not yet compared with the disk."""
        return self.reconciled_at is None and bool(self._snapshot.records)

    @property
    def phase(self) -> str:
        """`scanning` before there is anything to show, `last-known` until the disk was compared, then `ready`."""
        return "last-known" if self.is_last_known else "ready" if self.is_ready else "scanning"

    @property
    def is_running(self) -> bool:
        """Whether the hub follows its roots."""
        return self._thread is not None and self._thread.is_alive()

    def scan_once(self) -> Snapshot:
        """Scan the roots on the calling thread, without following them afterwards."""
        self._reconcile(None)
        self._ready.set()
        return self._snapshot

    def start(self) -> None:
        """Begin to scan and follow the roots; returns at once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="workbench-hub", daemon=True)
            self._thread.start()
            self.live.start()

    def wait_ready(self, timeout: float | None = None) -> bool:
        """Wait until the first scan is done; False if it takes longer than `timeout` seconds."""
        return self._ready.wait(timeout)

    def wait_resumed(self, timeout: float | None = None) -> bool:
        """Wait until what earlier runs left is taken up; False if it takes longer than `timeout` seconds.

        Before that, a hub that was started has no events, no assignments and no fleet of which it could tell.
        """
        return self._resumed.wait(timeout)

    def refresh(self) -> "Future[Snapshot]":
        """Ask for a full reconciliation; the future holds the snapshot after it."""
        done: Future[Snapshot] = Future()
        self._commands.put(Command(done=(done,)))
        return done

    def assign(self, request: AssignmentRequest, key: str | None = None, actor: str = "") -> "Future[Assignment]":
        """Ask for a port; the future holds the assignment once it is written down, or why there is none."""
        return self._ask(AssignCommand(request, key, actor))

    def release(
        self, port: int, expected: str | None = None, actor: str = "", key: str | None = None
    ) -> "Future[Assignment]":
        """Give a port back; the future holds the assignment that ended. `expected` is the id that it must have."""
        return self._ask(ReleaseCommand(port, expected, actor, key))

    def register(self, service: Registration) -> "Future[bool]":
        """Take up a running service; the future says, once it is written down, whether its name is new."""
        command = RegisterCommand(service)
        if not self._submit(Command(subtrees=[], registering=(command,))):
            refuse((command,), Unavailable("the hub does not run; services are registered while it does"))
        return command.answer

    def heartbeat(self, service_name: str, status: str, metrics: Mapping[str, Any]) -> None:
        """Note a sign of life of a service, without waiting for the hub's thread. Raises UnknownService."""
        if self.live.desk.beat(service_name, status, metrics):
            self._wake()

    @property
    def serving_ports(self) -> dict[str, int]:
        """On which port each crate serves that was deployed from here."""
        return {crate: instance.port for crate, instance in self.deployments.live.items()}

    def announce(self, drafts: Sequence[Draft]) -> None:
        """Publish events that belong to no new revision, in order with all others; returns at once, from any thread."""
        self._submit(Command(subtrees=[], told=tuple(drafts)))

    def _declared_ports(self) -> set[int]:
        return {claim.port for claim in self._snapshot.claims if claim.role == "owner"}

    def _ask(self, command: DeskCommand) -> "Future[Assignment]":
        if not self._submit(Command(subtrees=[], asked=(command,))):
            refuse((command,), Unavailable("the hub does not run; ports are assigned while it does"))
        return command.answer

    def _submit(self, command: Command) -> bool:
        """Have a command done; False if the hub does none."""
        if is_taken := self.is_running and not self._stopping:
            self._commands.put(command)
        return is_taken

    def _wake(self) -> None:
        self._submit(Command(subtrees=[]))

    def _desk_access(self) -> DeskAccess:
        return DeskAccess(
            lambda: self._snapshot, self.discovery.absolute, lambda: self.is_running,
            lambda note: self._commands.put(Command(subtrees=[], notes=(note,))),
        )  # fmt: skip

    def stop(self) -> None:
        """End the threads and close the journal, a scan under way included; returns when all have ended."""
        self.deployments.stop()
        self._stopping = True
        self.live.stop()
        if self._thread is not None:
            self._commands.put(Command(stop=True))
            self._thread.join()
            self._thread = None
            self.vitals.stop()
        if self._watcher:
            self._watcher.stop()

    def __enter__(self) -> "Hub":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def status(self) -> dict[str, Any]:
        """Return how the hub fares: roots, revision, scan progress, watching, journal."""
        return status_of(self)

    @property
    def watcher(self) -> Watcher | None:
        """What tells of changes on the disk; None if nothing does."""
        return self._watcher

    def _changed(self, subtrees: list[str]) -> None:
        self._commands.put(Command(subtrees=subtrees))

    def _run(self) -> None:
        try:
            self._recall(self._restore())
        finally:
            self._resumed.set()
        self._survive(None)
        self._desks.record()
        freeze_fleet()
        self._ready.set()
        try:
            self.vitals.start()
            while True:
                command = self._next_command()
                if command.stop:
                    self._tell_all(command.told)
                    command.refuse()
                    break
                if command.done:  # somebody asks for certainty, not for what time stamps say
                    self.discovery.forget_listings()
                self._survive(command.subtrees)
                for done in command.done:
                    done.set_result(self._snapshot)
                attended = self._desks.attend(command.registering)
                self._observe()
                answer(attended)
                self._desks.assign(command.asked, self._snapshot)
                self._desks.record()
                self._observe()
                self._tell_all(command.told)
                self._desks.note(command.notes, self._snapshot.revision)
        finally:
            self._commands.refuse()
            self._desks.record()
            self._keep()
            self.guard.close()

    def _next_command(self) -> "Command":
        """Return the next thing to do, with all subtrees that were reported meanwhile; at the beat, everything."""
        while not self.guard.is_mirrored and self._commands.is_empty and not self.visits.pause():
            self.guard.mirror(self._snapshot)
        if not self._recollection.has_tried and self._commands.is_empty and not self.visits.pause():
            self._keep()
        command = self._commands.next(min(self._beat.wait, self._lease_wait(), self._visits_wait()))
        if not self._beat.is_due:
            return command or Command(subtrees=[])
        if command is None and self._recollection.is_due and not self.visits.pause():
            self._keep()
        # However many ask for ports, the disk is looked at when it is time.
        return command.merged(Command()) if command else Command()

    def _lease_wait(self) -> float:
        """Return how long it is until a lease ends or a service falls silent, in seconds.

        Without a journal that can be written no lease is ended.
        """
        lease = self.desk.seconds_to_expiry() if self.guard.error is None else None
        waits = [wait for wait in (lease, self.live.desk.seconds_to_change()) if wait is not None]
        return max(min(waits), _LEASE_STEP) if waits else self.options.beat

    def _recall(self, newest: int) -> None:
        """Show the last known fleet until the disk was read. `newest` is the number of the newest revision."""
        recalled = self._recollection.recall()
        if recalled is not None:
            if recalled.revision < newest:
                # One from before the newest revision is another state than that: it takes the next number.
                recalled.revision = newest + 1
            self._snapshot = recalled
            self._ready.set()

    def _visits_wait(self) -> float:
        """Return how long it is until what gives way to visitors goes on, in seconds."""
        is_done = self.guard.is_mirrored and self._recollection.has_tried
        return self.options.beat if is_done else self.visits.pause()

    def _keep(self) -> None:
        self._recollection.keep(self._snapshot if self.reconciled_at is not None else None)

    def _observe(self) -> None:
        """Make what is observed now part of the snapshot; an unchanged observation makes no revision."""
        try:
            observed = self.live.observed(self._snapshot, self.desk.book)
            self._publish(self._snapshot.observe(observed))
        except Exception:
            logger.exception("comparing what is observed with the fleet failed")

    def _survive(self, subtrees: list[str] | None) -> None:
        """Reconcile, whatever happens: the hub must never end because of what is on a disk."""
        if subtrees == []:
            return
        known = self.discovery.identities
        try:
            self._reconcile(subtrees)
        except Exception as error:
            # What was read and not taken up is read again, rather than thought to be known.
            self.discovery.resume(known)
            if isinstance(error, _ScanCancelled):
                logger.info("the scan was cancelled")
                return
            logger.exception("reconciling %s failed", subtrees or "all roots")
            self._beat.compared()

    def _reconcile(self, subtrees: list[str] | None) -> None:
        started, was_last_known = time.monotonic(), self.is_last_known
        newer = read_fleet(self.discovery, self._snapshot, subtrees, self._note_progress)
        if self._stopping:
            raise _ScanCancelled
        self._publish(newer)
        follows = self._watcher is not None and self.is_running
        is_new_set = follows and self._watcher.watch(self.discovery.directories)  # type: ignore[union-attr]
        seconds = time.monotonic() - started
        self.scans.append(("full" if subtrees is None else "part", seconds))
        if subtrees is None:
            self.reconciled_at = time.time()
            if was_last_known:
                self._tell([revision_draft(self._snapshot)], self._snapshot)
            self._beat.compared(seconds)
        if is_new_set:
            # What happened between the walk and the new watches was seen by neither.
            self._beat.recheck()

    def _note_progress(self, progress: ScanProgress) -> None:
        if self._stopping:
            raise _ScanCancelled
        if not self.is_ready:
            self.progress = progress

    def _publish(self, newer: Snapshot) -> None:
        older = self._snapshot
        if newer is older:
            return
        first = not older.records and self.reconciled_at is None
        drafts = [revision_draft(newer)] if first else drafts_of(diff(older, newer), newer)
        drafts = [*observed_drafts(older, newer), *drafts]
        self._tell(drafts, newer)

    def _tell_all(self, told: Sequence[Draft]) -> None:
        """Publish what others have to tell, as events of the newest revision."""
        if told:
            self._tell(list(told), self._snapshot)

    def _tell(self, drafts: list[Draft], snapshot: Snapshot) -> None:
        """Write the events of a revision down, make it the newest, then publish them."""
        events = self.log.number(drafts, snapshot.revision)
        self.guard.commit(snapshot, events)
        self._snapshot = snapshot
        self.log.publish(events)

    def _restore(self) -> int:
        """Take up what the journal knows of earlier runs; returns the number of the newest revision, 0 without one."""
        journal = self.journal
        if journal is not None:
            with self.guard.guarded():
                journal.open()
                revision, events = journal.restore()
                self._desks.restore()
                self._snapshot.revision = max(revision, self._snapshot.revision)
                self.log.restore(events)
        return self._snapshot.revision


class _ScanCancelled(Exception):
    """The hub is to stop while it scans."""
