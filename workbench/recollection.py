"""The recollection of a hub: the fleet of an earlier run, shown until the disk was read, and kept for the next."""

import time
from collections.abc import Callable
from typing import Final

from workbench.fleet.snapshot import Snapshot
from workbench.persistence import Memory
from workbench.serving.visits import Visits
from workbench.sources.discovery import Discovery
from workbench.sources.ingest import collector_paused

_KEEP_EVERY: Final = 60.0
_KEEP_AT_STOP: Final = 0.3
"""For so long a stop keeps the fleet; of a large one, what was kept last stays, and the next start reads the rest."""


class Recollection:
    """What is kept of a fleet in a memory, if there is one.

    `is_stopping` says whether the hub is to stop; `visits` are given way to, and what is left undone for them is begun
    anew.
    """

    def __init__(
        self, memory: Memory | None, discovery: Discovery, is_stopping: Callable[[], bool], visits: Visits
    ) -> None:
        self.memory = memory
        self._discovery = discovery
        self._is_stopping = is_stopping
        self._visits = visits
        self._kept_revision = 0
        self._keep_at = 0.0

    @property
    def has_tried(self) -> bool:
        """Whether the fleet of this run was kept, or there was nothing to keep it in."""
        return self._keep_at > 0

    @property
    def is_due(self) -> bool:
        """Whether it is time to keep the fleet again."""
        return time.monotonic() >= self._keep_at

    def recall(self) -> Snapshot | None:
        """Return the last known fleet, and let what is unchanged of it not be read again; None if there is none."""
        kept = self.memory.load(lambda: not self._is_stopping()) if self.memory else None
        if kept is None:
            return None
        snapshot, identities = kept
        self._discovery.resume(identities)
        self._kept_revision = snapshot.revision
        return snapshot

    def keep(self, snapshot: Snapshot | None) -> None:
        """Keep the fleet for the next start, if it changed since it was kept; at a stop only if that is soon done.

        None stands for a fleet that was not yet compared with the disk.
        """
        is_last_chance, latest = self._is_stopping(), time.monotonic() + _KEEP_AT_STOP

        def goes_on() -> bool:
            return time.monotonic() < latest if is_last_chance else not (self._is_stopping() or self._visits.pause())

        if self.memory and snapshot is not None and self._kept_revision != snapshot.revision:
            with collector_paused():
                if self.memory.save(snapshot, self._discovery.identities, goes_on):
                    self._kept_revision = snapshot.revision
        self._keep_at = time.monotonic() + (self._visits.pause() or _KEEP_EVERY)
