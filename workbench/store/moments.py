"""Moments as the tables keep them, in microseconds, and as we know them, in seconds since the epoch."""

from collections.abc import Sequence
from typing import overload

from workbench.fleet.tables import Column


@overload
def micros(moment: float) -> int: ...
@overload
def micros(moment: float | None) -> int | None: ...
def micros(moment: float | None) -> int | None:
    """Return a moment in seconds as a table keeps it; None for one that never was."""
    return None if moment is None else round(moment * 1e6)


def selected(columns: Sequence[Column]) -> str:
    """Return the columns as a SELECT names them, their moments in seconds."""
    return ", ".join(
        f'epoch_us("{column.name}") / 1e6' if column.type == "time" else f'"{column.name}"' for column in columns
    )
