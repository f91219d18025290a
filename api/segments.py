"""Each crate's JSON, encoded once and carried from revision to revision while its record stays the same."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from weakref import WeakKeyDictionary

from api.encoded import Body, Once, json_bytes
from workbench.fleet.model import Crate
from workbench.fleet.snapshot import Record, Snapshot
from workbench.fleet.wire import UNCLASSIFIED, UNKNOWN_VERSION, crate_model, iso
from workbench.hub import Hub
from workbench.processes.allocation import own_block


@dataclass(frozen=True)
class Segment:
    """One crate of the list: its record, and its SmartCrate as JSON."""

    record: Record
    data: bytes

    @classmethod
    def of(cls, record: Record) -> "Segment":
        """Encode the crate of a record."""
        return cls(record, own_block(json_bytes(crate_model(record))))

    @property
    def crate(self) -> Crate:
        """The crate as it is declared."""
        assert self.record.crate is not None
        return self.record.crate

    @property
    def classification(self) -> str:
        """The crate's class, as it is compared."""
        return (self.crate.classification or UNCLASSIFIED).casefold()

    @cached_property
    def haystack(self) -> str:
        """What a search looks through: name, description, class, path, former names and capabilities."""
        crate = self.crate
        words = [crate.name, crate.description or "", self.classification, crate.path]
        return "\n".join([*words, *crate.aliases, *crate.capabilities]).casefold()

    @cached_property
    def owned_ports(self) -> tuple[int, ...]:
        """The ports that the crate owns, lowest first."""
        return tuple(sorted({claim.port for claim in self.record.claims if claim.role == "owner"}))


class Segments:
    """The newest segment of every manifest. Two threads that fill it at once do some work twice, no harm."""

    def __init__(self) -> None:
        self._by_path: dict[str, Segment] = {}

    def of(self, snapshot: Snapshot) -> list[Segment]:
        """Return the segments of a snapshot's crates by name, then path; only new records are encoded."""
        known = self._by_path
        fresh: dict[str, Segment] = {}
        for crate in snapshot.crates:
            record = snapshot.records[crate.path]
            segment = known.get(crate.path)
            fresh[crate.path] = segment if segment and segment.record is record else Segment.of(record)
        self._by_path = fresh
        return list(fresh.values())


_SEGMENTS: Final[WeakKeyDictionary[Hub, Segments]] = WeakKeyDictionary()


def segments_of(hub: Hub, snapshot: Snapshot) -> Once[list[Segment]]:
    """Return the segments of a hub's snapshot, which are made when first waited for."""
    store = _SEGMENTS.setdefault(hub, Segments())
    return snapshot.derive(("api", "segments"), lambda s: Once(lambda: store.of(s)))


def list_body(segments: Once[list[Segment]], snapshot: Snapshot) -> Body:
    """Return the body of the whole list: a bare array, joined from the segments."""
    return Body(lambda: joined(segments.get()), count=len(snapshot.crates))


def joined(segments: Sequence[Segment]) -> bytes:
    """Return segments as a JSON array."""
    return b"[" + b",".join([segment.data for segment in segments]) + b"]"


Order = Callable[[Segment], Any]

ORDERS: Final[dict[str, Order]] = {
    "name": lambda segment: (segment.crate.name, segment.crate.path),
    "version": lambda segment: _version_key(segment.crate.version or UNKNOWN_VERSION),
    "class": lambda segment: segment.classification,
    "tesla": lambda segment: bool(segment.crate.tesla_grade),
    "port": lambda segment: segment.owned_ports[:1] or None,
    "path": lambda segment: segment.crate.path,
    "retrofit": lambda segment: iso(segment.crate.retrofit_at),
    "slsa": lambda segment: segment.crate.slsa_level,
}
"""What a list of crates may be sorted by; None for a crate that does not have it."""


def _version_key(version: str) -> list[tuple[int, int, str]]:
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"[.+-]", version)]


def sorted_segments(segments: Sequence[Segment], sort: str) -> Sequence[Segment]:
    """Return segments sorted by a key of `ORDERS`, descending after a `-`; those that lack it come last either way."""
    order = ORDERS[sort.removeprefix("-")]
    present = [segment for segment in segments if order(segment) is not None]
    missing = [segment for segment in segments if order(segment) is None]
    return sorted(present, key=order, reverse=sort.startswith("-")) + missing


def matching(
    segments: Sequence[Segment], words: str | None, classes: Sequence[str], port: int | None, tesla: bool | None
) -> Iterator[Segment]:
    """Yield the segments that hold every word, are of one of the classes, own the port, and are Tesla grade or not."""
    needles = words.casefold().split() if words else []
    wanted = {name.casefold() for name in classes}
    for segment in segments:
        if (
            (not wanted or segment.classification in wanted)
            and (port is None or port in segment.owned_ports)
            and (tesla is None or bool(segment.crate.tesla_grade) == tesla)
            and all(needle in segment.haystack for needle in needles)
        ):
            yield segment
