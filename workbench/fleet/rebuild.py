"""A snapshot as it was, from what was kept of its manifests."""

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from workbench.fleet.manifest import parse_manifest
from workbench.fleet.model import Manifest, Site, SourceText, finding
from workbench.fleet.plan import PortPlan
from workbench.fleet.snapshot import Record, Snapshot

_BOM = b"\xef\xbb\xbf"


class Problem(NamedTuple):
    """Why a file could not be read at all, which its text does not tell."""

    message: str
    fix: str
    line: int
    column: int


class Kept(NamedTuple):
    """What it takes to have a record again: the file's text and digest, and the last good text of a broken one."""

    text: str
    digest: str
    good: str | None = None
    problem: Problem | None = None


def kept_of(record: Record) -> Kept:
    """Return what is kept of a record."""
    manifest = record.manifest
    unread = next((item for item in manifest.diagnostics if item.code == "SC002"), None)
    problem = Problem(unread.message, unread.fix, *unread.sites[0].position) if unread else None
    good = record.crate.source.text if record.is_stale and record.crate else None
    return Kept(manifest.source.text, manifest.digest, good, problem)


def digest_of(text: str) -> str:
    """Return the digest under which a text is kept."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def rebuilt(
    kept: Mapping[str, Kept], plan: PortPlan, revision: int, taken_at: float, near: Snapshot | None = None
) -> Snapshot:
    """Return the snapshot of what was kept, by path, under the rules of today.

    `near` is a snapshot of the same fleet at another time: what is the same there is not decided anew.
    """
    start = near if near is not None and near.plan == plan else Snapshot(plan)
    different: dict[str, Kept | None] = {
        path: item for path, item in kept.items() if not _holds(start.records.get(path), item)
    }
    gone = dict.fromkeys(start.records.keys() - kept.keys())
    return stepped(start, {**gone, **different}, revision, taken_at)


def stepped(start: Snapshot, kept: Mapping[str, Kept | None], revision: int, taken_at: float) -> Snapshot:
    """Return a snapshot in which some manifests (by path) are as they were kept, None for one that was not there."""
    # A file that is broken falls back on what was there before it: first that, or nothing.
    good = {path: item.good if item is not None else None for path, item in kept.items()}
    before = {path: None if text is None else _parsed(path, text) for path, text in good.items()}
    known = {path: item for path, item in before.items() if item is not None or path in start.records}
    snapshot = start.apply(known, taken_at)
    there = {path: _manifest(path, item) for path, item in kept.items() if item is not None}
    snapshot = snapshot.apply(there, taken_at)
    return Snapshot.from_state({**snapshot.state(), "revision": revision, "taken_at": taken_at})


def _holds(record: Record | None, item: Kept) -> bool:
    return record is not None and kept_of(record) == item


def _parsed(path: str, text: str) -> Manifest:
    return parse_manifest(path, text.encode())


def _manifest(path: str, item: Kept) -> Manifest:
    if item.problem is not None:
        source = SourceText(path, item.text)
        message, fix, *at = item.problem
        site = Site(source, at=(at[0], at[1]))
        return Manifest(path, source, item.digest, diagnostics=(finding("SC002", message, site, fix=fix),))
    manifest = _parsed(path, item.text)
    return manifest if manifest.digest == item.digest else parse_manifest(path, _BOM + item.text.encode())
