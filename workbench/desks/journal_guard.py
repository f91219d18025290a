"""A journal that may fail: what cannot be written is said once, and the hub goes on without it."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from workbench.errors import StoreError
from workbench.events import Event
from workbench.fleet.snapshot import Snapshot
from workbench.persistence import Journal

logger = logging.getLogger(__name__)


class JournalGuard:
    """The journal of a hub, if it has one, and why it cannot be written any more, if so.

    After a first failure nothing more is written: what would follow it might contradict what is missing.
    """

    def __init__(self, journal: Journal | None) -> None:
        self.journal = journal
        self.error: str | None = None
        self.errors = 0
        self.is_mirrored = True
        """Whether the tables on disk are equal to the newest snapshot, or nothing can be done about it."""

    @property
    def usable(self) -> Journal | None:
        """The journal, while it can be written."""
        return self.journal if self.error is None else None

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Lose the journal if it cannot be written, rather than fail."""
        try:
            yield
        except StoreError as error:
            self.lose(error)

    def check(self) -> None:
        """Raise StoreError if the journal was lost; a hub that never had one goes without."""
        if self.error is not None:
            raise StoreError(f"the state file cannot be written: {self.error}")

    def lose(self, error: StoreError) -> None:
        """Go on without the journal; harmless if it is lost already."""
        if self.error is not None:
            return
        self.error = error.message
        self.errors += 1
        logger.error("the state file cannot be written, going on without it: %s", error.message)

    def commit(self, snapshot: Snapshot, events: Sequence[Event]) -> None:
        """Write a revision and its events."""
        if (journal := self.usable) is not None:
            with self.guarded():
                journal.commit(snapshot, events)
            self.is_mirrored = False

    def mirror(self, snapshot: Snapshot) -> None:
        """Bring the tables on disk nearer to a snapshot, for a short while."""
        if (journal := self.usable) is None:
            self.is_mirrored = True
            return
        with self.guarded():
            self.is_mirrored = journal.mirror(snapshot)

    def close(self) -> None:
        """Close the journal, lost or not."""
        if self.journal is not None:
            self.journal.close()
