"""A process that answers read-only SQL for a server: what a query breaks or fills up, it breaks and fills up here.

DuckDB plans a query without looking whether it was interrupted, and not all it allocates counts against its own
limit; a process can be ended at any time, and the system holds its memory to a limit. Messages stand in
`workbench.worker`.
"""

import base64
import math
import os
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

import duckdb
import orjson
import pyarrow as pa

from workbench.errors import QueryError
from workbench.processes.worker import limit_memory, serve_requests
from workbench.store.sandbox import asked, relation_of, sandbox

MAX_ANSWER: Final = 64_000_000
"""Bytes of an answer."""
_SAFE_INTEGER: Final = 2**53 - 1
_OVERHEAD: Final = 1_000_000_000
"""What the interpreter, its libraries and the tables may take besides the memory that a query is given."""
_NICE: Final = 5


class QueryWorker:
    """The sandbox of the newest revision that was asked about."""

    def __init__(self) -> None:
        self._database: duckdb.DuckDBPyConnection | None = None

    def load(self, header: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
        """Take the tables of a revision: `sizes` lists [name, bytes of its Arrow stream]."""
        tables, start = {}, 0
        for name, size in header["sizes"]:
            tables[name] = pa.ipc.open_stream(pa.py_buffer(content[start : start + size])).read_all()
            start += size
        limit_memory(header["memory_bytes"] + _OVERHEAD)
        if self._database is not None:
            self._database.close()
        self._database = sandbox(tables, header["memory_bytes"])
        return {}, b""

    def query(self, header: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
        """Answer one query: {columns, row_count, truncated} and the rows, as JSON or as an Arrow stream."""
        assert self._database is not None
        query, rows = content.decode(), header["rows"]
        cursor = self._database.cursor()
        try:
            with asked(cursor, query, header["seconds"]):
                relation = relation_of(cursor, query, header["params"])
                columns = [
                    {"name": name, "type": str(kind)}
                    for name, kind in zip(relation.columns, relation.types, strict=True)
                ]
                table = relation.limit(rows + 1).to_arrow_table()
        finally:
            cursor.close()
        is_truncated = table.num_rows > rows
        table = table.slice(0, rows)
        answer = arrow_stream(table) if header["arrow"] else json_rows(table)
        if len(answer) > MAX_ANSWER:
            raise QueryError(f"the result has more than {MAX_ANSWER // 1_000_000} MB: choose columns, or add a LIMIT")
        return {"columns": columns, "row_count": table.num_rows, "truncated": is_truncated}, answer


def arrow_stream(table: pa.Table) -> bytes:
    """Return a table as an Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def json_rows(table: pa.Table) -> bytes:
    """Return the rows of a table as a JSON array of arrays; raises QueryError for what JSON cannot show."""
    try:
        columns = [column.to_pylist(maps_as_pydicts="lossy") for column in table.columns]
    except (ValueError, OverflowError, pa.ArrowException) as error:
        raise QueryError(f"a value cannot be written as JSON ({error}); cast it to VARCHAR") from None
    return orjson.dumps([[json_value(value) for value in row] for row in zip(*columns, strict=True)])


def json_value(value: Any) -> Any:
    """Return a value as JSON shows it without loss, following the JSON mapping of Protocol Buffers.

    Integers beyond 2^53 and decimals become strings, NaN and infinities "NaN", "Infinity" and "-Infinity", times
    ISO 8601, bytes base64.
    """
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, Decimal):
        value = int(value) if value.as_tuple().exponent == 0 else str(value)
    if isinstance(value, int):
        return value if -_SAFE_INTEGER <= value <= _SAFE_INTEGER else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else _not_finite(value)
    if isinstance(value, dict):
        return {str(key): json_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [json_value(item) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, (datetime, date, time)):
        return value.isoformat().replace("+00:00", "Z")
    return value.total_seconds() if isinstance(value, timedelta) else str(value)


def _not_finite(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def main() -> None:
    """Answer until nobody asks any more."""
    os.nice(_NICE)
    worker = QueryWorker()
    serve_requests({"load": worker.load, "query": worker.query})


if __name__ == "__main__":
    main()
