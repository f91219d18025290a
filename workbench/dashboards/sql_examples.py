"""What helps to write a query: examples that answer a real question each, and the tables with their columns."""

from dataclasses import dataclass
from functools import cache
from typing import Final

from markupsafe import Markup

from workbench.dashboards.links import Links
from workbench.fleet.tables import TABLES, Column
from workbench.tables.frames import EVENT_COLUMNS


@dataclass(frozen=True, slots=True)
class Example:
    """A question and the query that answers it."""

    question: str
    sql: str


EXAMPLES: Final = (
    Example(
        "Which ports have more than one owner?",
        "SELECT port, list(DISTINCT crate ORDER BY crate) AS owners\nFROM ports\nWHERE role = 'owner'\n"
        "GROUP BY port\nHAVING count(DISTINCT crate) > 1\nORDER BY port",
    ),
    Example(
        "Which crates do most others depend on?",
        "SELECT coalesce(resolved, target) AS dependency, count(DISTINCT crate) AS dependants\nFROM dependencies\n"
        "GROUP BY ALL\nORDER BY dependants DESC\nLIMIT 15",
    ),
    Example(
        "How full is each block of the port plan?",
        "SELECT block, count(DISTINCT port) AS used, min(port) AS first_used, max(port) AS last_used\nFROM ports\n"
        "WHERE role = 'owner'\nGROUP BY block\nORDER BY used DESC",
    ),
    Example(
        "What was found, by kind?",
        "SELECT kind, severity, count(*) AS findings\nFROM findings\nGROUP BY ALL\nORDER BY findings DESC",
    ),
    Example(
        "Which crates are held to the least coverage?",
        "SELECT name, classification, code_coverage_minimum AS coverage\nFROM crates\nWHERE coverage IS NOT NULL\n"
        "ORDER BY coverage, name\nLIMIT 20",
    ),
    Example(
        "Which crates have errors and are depended on?",
        "SELECT f.crate, count(DISTINCT f.message) AS errors, count(DISTINCT d.crate) AS dependants\n"
        "FROM (SELECT unnest(crates) AS crate, message FROM findings WHERE severity = 'error') AS f\n"
        "JOIN dependencies AS d ON d.resolved = f.crate\nGROUP BY f.crate\nORDER BY dependants DESC, errors DESC",
    ),
    Example(
        "What happened in each revision?",
        "SELECT revision, type, count(*) AS events\nFROM events\nGROUP BY ALL\nORDER BY revision DESC, events DESC",
    ),
)


def example_list(links: Links) -> Markup:
    """Return the examples; each leads to the page with its query."""
    items = Markup().join(
        Markup(
            '<li>{}<details><summary>query</summary><pre class="snippet" tabindex="0">{}</pre></details></li>'
        ).format(links.query(item.sql, item.question), item.sql)
        for item in EXAMPLES
    )
    return Markup('<ul class="list">{}</ul>').format(items)


@cache
def table_list() -> Markup:
    """Return the tables that can be queried, each with its columns, their types and meanings."""
    tables = {name: (spec.meaning, spec.columns) for name, spec in TABLES.items()}
    tables["events"] = ("the newest events", EVENT_COLUMNS)
    return Markup().join(_table(name, meaning, columns) for name, (meaning, columns) in tables.items())


def _table(name: str, meaning: str, columns: tuple[Column, ...]) -> Markup:
    rows = Markup().join(
        Markup('<dt><code>{}</code></dt><dd><span class="quiet">{}</span> {}</dd>').format(
            column.name, column.type, column.meaning
        )
        for column in columns
    )
    return Markup(
        '<details><summary><code>{}</code> <span class="quiet">{}</span></summary><dl>{}</dl></details>'
    ).format(name, meaning, rows)
