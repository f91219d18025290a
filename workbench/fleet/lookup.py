"""Crates by name, and what to say where there is none."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TypeVar

from workbench.errors import UnknownCrate, WorkbenchError
from workbench.fleet.snapshot import Record, Snapshot

E = TypeVar("E", bound=WorkbenchError)


def crate_records(name: str, snapshot: Snapshot) -> tuple[Record, ...]:
    """Return the records of the crates that a name or former name means, in path order.

    Raises UnknownCrate, with the nearest names, if there is none.
    """
    records = snapshot.records_named(name)
    if not records:
        known = (crate.name for crate in snapshot.crates)
        raise unknown(UnknownCrate, f'no crate is named "{name}"', name, known)
    return records


def unknown(error: type[E], message: str, name: str, known: Iterable[str]) -> E:
    """Return an error about a name that nothing bears, with the nearest of the known names."""
    nearest = get_close_matches(name, list(known), n=3)
    hint = f"; did you mean {' or '.join(nearest)}?" if nearest else ""
    return error(f"{message}{hint}", name=name, nearest=nearest)


def manifest_paths(crate: str, snapshot: Snapshot) -> tuple[str, ...]:
    """Return the manifests of a crate by name or former name; a path stands for itself, also one that is gone.

    Raises UnknownCrate.
    """
    if "/" in crate or crate.endswith(".toml"):
        return (crate,)
    return tuple(record.manifest.path for record in crate_records(crate, snapshot))
