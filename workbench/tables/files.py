"""A table as the bytes of a file: Arrow, Parquet, CSV or JSON."""

import csv
import io
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson
import pyarrow as pa
from pyarrow import parquet

from workbench.fleet.wire import iso

_ROWS_AT_ONCE: Final = 1_000


def arrow_file(table: pa.Table) -> bytes:
    """Return a table as an Arrow file (Feather 2), uncompressed, as every reader takes it."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def parquet_file(table: pa.Table) -> bytes:
    """Return a table as Parquet, compressed by zstd."""
    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue())


def csv_file(table: pa.Table) -> bytes:
    """Return a table as CSV with a header: missing values empty, lists as JSON, times in ISO 8601.

    Values stand as they are, also those that a spreadsheet would take for a formula.
    """
    sink = io.StringIO()
    writer = csv.writer(sink)
    writer.writerow(table.column_names)
    for batch in table.to_batches(_ROWS_AT_ONCE):
        columns = [map(_cell, column.to_pylist()) for column in batch.columns]
        writer.writerows(zip(*columns, strict=True))
    return sink.getvalue().encode()


def json_file(table: pa.Table) -> bytes:
    """Return a table as a JSON array of objects; times in ISO 8601."""
    parts = [
        orjson.dumps(batch.to_pylist(), option=orjson.OPT_UTC_Z)[1:-1]
        for batch in table.to_batches(_ROWS_AT_ONCE)
        if batch.num_rows
    ]
    return b"[" + b",".join(parts) + b"]"


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return orjson.dumps(value).decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    return iso(value) if hasattr(value, "tzinfo") else value


FORMATS: Final[Mapping[str, tuple[str, Callable[[pa.Table], bytes]]]] = {
    "arrow": ("application/vnd.apache.arrow.file", arrow_file),
    "parquet": ("application/vnd.apache.parquet", parquet_file),
    "csv": ("text/csv; charset=utf-8; header=present", csv_file),
    "json": ("application/json", json_file),
}
"""Media type and encoder of every format, by the ending of its files."""
