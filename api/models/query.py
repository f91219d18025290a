"""What an SQL query answers."""

from typing import Any

from api.models.base import Count, Model


class QueryColumn(Model):
    """A column of an answer."""

    name: str
    type: str
    """As DuckDB names it."""


class QueryAnswer(Model):
    """The rows of a query."""

    columns: list[QueryColumn]
    rows: list[list[Any]]
    row_count: Count
    truncated: bool
    """Whether there were more rows than the limit."""
    revision: int
    elapsed_ms: float
