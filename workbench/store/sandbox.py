"""An in-memory database that can reach neither files nor the network nor our state, and what may be asked of it."""

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import duckdb
import pyarrow as pa

from workbench.errors import QueryError, QueryMemory, QueryTimeout

Parameters = Mapping[str, Any] | Sequence[Any]

_AGAIN: Final = 0.05
_AT_LINE: Final = re.compile(r"\n\s*LINE (\d+): (.*)\n( *)\^[^\n]*\s*$")
_CANDIDATES: Final = re.compile(r"(?:Candidate bindings:|Did you mean) (.*)$", re.MULTILINE)
_QUOTED: Final = re.compile(r'"((?:[^"]|"")*)"')


def sandbox(tables: Mapping[str, pa.Table], memory_bytes: int) -> duckdb.DuckDBPyConnection:
    """Return a database of its own with these tables. Nothing of it can be configured any more."""
    database = duckdb.connect(":memory:")
    for name, table in tables.items():
        database.register("incoming", table)
        database.execute(f'CREATE TABLE "{name}" AS SELECT * FROM incoming')
        database.unregister("incoming")
    for setting in (
        "TimeZone = 'UTC'",
        f"memory_limit = '{memory_bytes}B'",
        "temp_directory = ''",
        "threads = 2",
        "python_enable_replacements = false",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        database.execute(f"SET {setting}")
    return database


@contextmanager
def asked(cursor: duckdb.DuckDBPyConnection, query: str, seconds: float) -> Iterator[None]:
    """Interrupt what the cursor does after some seconds, and turn what DuckDB says into a QueryError.

    The interruption is repeated: one that comes between two steps of a query is forgotten by the next.
    """
    done = threading.Event()

    def watch() -> None:
        is_done = done.wait(seconds)
        while not is_done:
            cursor.interrupt()
            is_done = done.wait(_AGAIN)

    threading.Thread(target=watch, name="query-deadline", daemon=True).start()
    try:
        yield
    except duckdb.InterruptException:
        raise QueryTimeout(f"the query took longer than {seconds:g} s and was stopped", seconds=seconds) from None
    except (duckdb.OutOfMemoryException, MemoryError):
        raise QueryMemory("the query needs more memory than it may have") from None
    except duckdb.Error as error:
        # What fails on the way is told of a place in the statement around the query, which says nobody anything.
        raise query_error(str(error), has_place=False) from None
    finally:
        done.set()


def relation_of(cursor: duckdb.DuckDBPyConnection, query: str, parameters: Parameters) -> duckdb.DuckDBPyRelation:
    """Return the relation of one SELECT; raises QueryError for any other statement, and duckdb.Error."""
    try:
        statements = cursor.extract_statements(query)
    except duckdb.ParserException as error:
        raise query_error(str(error)) from None
    if len(statements) != 1:
        raise QueryError(f"expected one SELECT, found {len(statements)} statements")
    if statements[0].type != duckdb.StatementType.SELECT:
        raise QueryError(f"only SELECT is allowed, not {statements[0].type.name}")
    given = (dict(parameters) if isinstance(parameters, Mapping) else list(parameters)) or None
    query = _bare(query)
    try:
        return cursor.sql(query, params=given)
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        raise query_error(_placed(cursor, query, given) or str(error)) from None


def _bare(query: str) -> str:
    """Return a statement without the semicolons and comments behind it: a relation takes none after a semicolon."""
    text = query.encode()
    end = len(text)
    for start, kind in reversed(duckdb.tokenize(query)):
        if kind != duckdb.token_type.comment and text[start:end].strip() != b";":
            break
        end = start
    return text[:end].decode()


def _placed(cursor: duckdb.DuckDBPyConnection, query: str, given: Any) -> str | None:
    """Return the same error with its place: a relation does not tell it, a plain statement does."""
    try:
        cursor.execute(query, given)
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        return str(error)
    return None


def query_error(said: str, *, has_place: bool = True) -> QueryError:
    """Return DuckDB's message as an error with line, column and the nearest names, where it told them."""
    details: dict[str, Any] = {}
    if place := _AT_LINE.search(said):
        said = said[: place.start()]
        # The caret stands below the text that follows "LINE n: ", which may be shortened with "..." in front.
        column = len(place[3]) - len(f"LINE {place[1]}: ") + 1
        if has_place:
            details["line"] = int(place[1])
        if has_place and not place[2].startswith("..."):
            details["column"] = max(column, 1)
    if nearest := _CANDIDATES.search(said):
        details["nearest"] = [name.replace('""', '"') for name in _QUOTED.findall(nearest[1])]
    return QueryError(said.strip(), **details)
