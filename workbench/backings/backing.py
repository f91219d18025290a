"""What a `Workbench` needs to know of a fleet, wherever the fleet is."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from workbench.events import Event
from workbench.fleet.head import SnapshotHead
from workbench.fleet.snapshot import Snapshot
from workbench.history import Moment
from workbench.hub import Hub

if TYPE_CHECKING:
    from workbench.desks.assignments import Assignment

Json = dict[str, Any]


class Backing(Protocol):
    """One fleet, as it is now. Everything asked at one time is of one revision; the next question may see the next."""

    @property
    def place(self) -> str:
        """Where the fleet is, for people: roots, a URL, or a folder."""

    @property
    def hub(self) -> Hub:
        """The hub of this process; one that follows nothing where the fleet is followed elsewhere."""

    @property
    def head(self) -> SnapshotHead:
        """Revision, time, figures, plan and observations."""

    @property
    def snapshot(self) -> Snapshot:
        """The whole revision, for what is computed in this process: graph, plan, pages."""

    @property
    def assignments(self) -> "Sequence[Assignment]":
        """The assignments of ports that hold, by port."""

    def table(self, name: str) -> pa.Table:
        """Return a table by its name, one of TABLE_NAMES."""

    def sql(self, query: str, parameters: Mapping[str, Any]) -> pa.Table:
        """Return the result of one SELECT; raises QueryError."""

    def crate(self, name: str) -> Json:
        """Return everything known of a crate; raises UnknownCrate."""

    def port(self, number: int) -> Json:
        """Return everything known of a port."""

    def at(self, moment: Moment) -> Snapshot:
        """Return the fleet at another time; raises RevisionGone and UnknownRevision."""

    def status(self) -> Json:
        """Return how the live side fares."""

    def refresh(self) -> None:
        """Have the disk compared with the fleet, and return when that is done."""

    def newest_events(self, count: int) -> list[Event]:
        """Return the newest events, oldest first."""

    def subscribe(self, listener: Callable[[Sequence[Event]], None]) -> Callable[[], None]:
        """Call `listener` with new events, on a thread of ours; returns the function that ends it."""

    def close(self) -> None:
        """Let go of threads and connections; twice does no harm."""
