"""Crates by name, and what to say where there is none."""

from difflib import get_close_matches

from workbench.errors import UnknownCrate
from workbench.fleet.snapshot import Record, Snapshot


def crate_records(name: str, snapshot: Snapshot) -> tuple[Record, ...]:
    """Return the records of the crates that a name or former name means, in path order.

    Raises UnknownCrate, with the nearest names, if there is none.
    """
    records = snapshot.records_named(name)
    if not records:
        nearest = get_close_matches(name, [crate.name for crate in snapshot.crates], n=3)
        hint = f"; did you mean {' or '.join(nearest)}?" if nearest else ""
        raise UnknownCrate(f'no crate is named "{name}"{hint}', name=name, nearest=nearest)
    return records
