"""Exports: the graph and the tables as files, in the format that the file's ending names."""

from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from workbench.errors import ExportError
from workbench.files import replace_file
from workbench.fleet.graph import slot_graph
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.tables import TABLES
from workbench.tables.files import FORMATS as TABLE_FORMATS
from workbench.tables.frames import arrow_table
from workbench.tables.graph_files import FORMATS as GRAPH_FORMATS

WHAT: Final = ("graph", *TABLES)
"""What of a fleet can be exported."""

_SHARED: Final = 0o666
"""Readable as the user's umask says: an export is made to be passed on."""


def export_fleet(snapshot: Snapshot, file: str | Path, what: str | None = None) -> Path:
    """Write the slot graph or a table of a snapshot to a file, whole or not at all; returns its path.

    `what` is "graph" or the name of a table. Without it, the name of the file says which table (`crates.csv`), and a
    format of graphs means the graph. Raises ExportError for an unknown ending, an unknown table, a format that does
    not fit, and a place that cannot be written.
    """
    path = Path(file)
    chosen = what or _meant(path)
    if chosen not in WHAT:
        raise ExportError(f'there is no "{chosen}" to export; there are {", ".join(WHAT)}', what=chosen)
    if chosen == "graph":
        return export_graph(slot_graph(snapshot), path)
    return export_table(arrow_table(chosen, snapshot), path)


def export_graph(graph: Any, file: str | Path) -> Path:
    """Write a networkx graph to a file; returns its path. Raises ExportError."""
    path = Path(file)
    return write_export(path, _format(path, GRAPH_FORMATS, "a graph")(graph))


def export_table(table: pa.Table, file: str | Path) -> Path:
    """Write an Arrow table to a file; returns its path. Raises ExportError."""
    path = Path(file)
    _, encode = _format(path, TABLE_FORMATS, "a table")
    return write_export(path, encode(table))


def is_for_tables(file: str | Path) -> bool:
    """Whether the ending of a file names a format of tables."""
    return _ending(Path(file)) in TABLE_FORMATS


def _meant(path: Path) -> str:
    if path.stem in WHAT:
        return path.stem
    ending = _ending(path)
    if ending in GRAPH_FORMATS:
        return "graph"
    if ending in TABLE_FORMATS:
        raise ExportError(f"{path}: say which table: {', '.join(TABLES)}; for example crates.{ending}", file=str(path))
    raise _unknown_ending(path, [*GRAPH_FORMATS, *TABLE_FORMATS])


def _format(path: Path, formats: Any, noun: str) -> Any:
    ending = _ending(path)
    if ending not in formats:
        raise _unknown_ending(path, list(formats), noun)
    return formats[ending]


def _unknown_ending(path: Path, endings: list[str], noun: str = "an export") -> ExportError:
    known = ", ".join(f".{ending}" for ending in dict.fromkeys(endings))
    return ExportError(f'{path}: {noun} cannot end in "{path.suffix}"; it can in {known}', file=str(path))


def _ending(path: Path) -> str:
    return path.suffix.removeprefix(".").lower()


def write_export(path: Path, content: bytes) -> Path:
    """Write a file that is made to be passed on, whole or not at all; returns its path. Raises ExportError."""
    try:
        replace_file(path, content, _SHARED)
    except OSError as error:
        raise ExportError(f"{path}: cannot be written: {error.strerror or error}", file=str(path)) from None
    return path
