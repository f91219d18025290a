"""The desk of the crates' health: judges at a beat, and as soon as there is news, on a thread of its own."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from workbench.events import Draft, Event
from workbench.fleet.health import Evidence, Health, verdict
from workbench.live.health_record import HealthRecord, health_drafts

logger = logging.getLogger(__name__)

BEAT: Final = 2.0
"""How often evidence is judged anew though there is no news, in seconds: it grows old by itself."""
_LEAST_GAP: Final = 0.1
_DUTY: Final = 30
"""A pause is at least this many times as long as the judgement took of the processor: some three percent of one."""

Gather = Callable[[], Mapping[str, Sequence[Evidence]]]


class HealthDesk:
    """The health of every crate of which anything was ever seen. Readers take no lock."""

    def __init__(
        self,
        gather: Gather,
        announce: Callable[[list[Draft]], None],
        beat: float = BEAT,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._gather = gather
        self._announce = announce
        self._beat = beat
        self._now = now
        self._board: dict[str, Health] = {}
        self._before: dict[str, Health] = {}
        """How the crates were when an earlier run ended: one that was there then and is silent now has failed."""
        self.record = HealthRecord()
        self._woken = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def board(self) -> Mapping[str, Health]:
        """The health of the crates by name; a new mapping after each judgement, never one that changes."""
        return self._board

    def start(self, events: Iterable[Event]) -> None:
        """Take up the history in an event log and begin to judge; returns at once."""
        if self._thread is None:
            known, now = self.record.restore(events), self._now()
            self._before = {crate: Health(crate, turn.state, now) for crate, turn in known.items()}
            self._thread = threading.Thread(target=self._run, name="workbench-health", daemon=True)
            self._thread.start()

    def wake(self) -> None:
        """Judge soon: there is news."""
        self._woken.set()

    def stop(self) -> None:
        """End the thread; returns when it has ended."""
        self._stopped.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def judge(self) -> None:
        """Judge all evidence that there is now, and tell what changed."""
        now, older = self._now(), self._board
        found = self._gather()
        newer = {
            crate: verdict(crate, items, now, older.get(crate) or self._before.pop(crate, None))
            for crate, items in found.items()
            if items
        }
        for crate in older.keys() - newer.keys():
            newer[crate] = verdict(crate, (), now, older[crate])
        changes = [(health, older.get(crate)) for crate, health in newer.items() if _turned(health, older.get(crate))]
        for health, _ in changes:
            self.record.note(health)
        if changes:
            # Told before it is shown: what somebody has seen is also written down.
            self._announce(health_drafts(changes))
        self._board = newer

    def _run(self) -> None:
        while not self._stopped.is_set():
            started = time.thread_time()
            try:
                self.judge()
            except Exception:
                logger.exception("judging the health of the crates failed")
            # What comes in a burst is judged at once, and a large board not all the time.
            self._stopped.wait(max(_LEAST_GAP, _DUTY * (time.thread_time() - started)))
            self._woken.wait(self._beat)
            self._woken.clear()


def _turned(newer: Health, older: Health | None) -> bool:
    return newer.state != (older.state if older else "unknown")
