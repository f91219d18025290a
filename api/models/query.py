"""What a query in SQL or Cypher answers."""

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


class PatternColumn(Model):
    """A column of an answer: what the pattern's RETURN names."""

    name: str


class PatternAnswer(Model):
    """What a pattern finds. A node and an edge are objects with their properties, an edge of several hops an array."""

    columns: list[PatternColumn]
    rows: list[list[Any]]
    row_count: Count
    truncated: bool
    """Whether there were more rows than the limit."""
    revision: int
    elapsed_ms: float
