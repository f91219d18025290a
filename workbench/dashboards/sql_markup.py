"""What the SQL page says: how an answer came out, and where a query is wrong."""

from typing import Any, Final

from markupsafe import Markup

from workbench.dashboards.result_table import Result
from workbench.errors import WorkbenchError

ASKING: Final = Markup('<p class="quiet" role="status">Asking …</p>')
NO_ANSWER: Final = Markup(
    '<section class="state small"><h2>Ask the fleet</h2><p>Write one SELECT and run it with Ctrl+Enter, or choose an '
    "example. The address of this page holds the query: send it to a colleague.</p></section>"
)


def error_markup(error: WorkbenchError, sql: str) -> Markup:
    """Return what is wrong with a query, with the line concerned and names that may have been meant."""
    details: dict[str, Any] = error.details
    line, column = details.get("line"), details.get("column")
    place = f"Line {line}" + (f", column {column}" if column else "") + ": " if line else ""
    lines = sql.splitlines()
    shown = Markup("")
    if line and line <= len(lines):
        caret = f"\n{' ' * (column - 1)}^" if column else ""
        shown = Markup('<pre class="snippet" tabindex="0">{}{}</pre>').format(lines[line - 1], caret)
    nearest = Markup(", ").join(Markup("<code>{}</code>").format(name) for name in details.get("nearest", ()))
    hint = Markup("<p>Did you mean {}?</p>").format(nearest) if nearest else ""
    return Markup('<div role="alert"><p class="bad answer">{}{}</p>{}{}</div>').format(
        place, error.message, shown, hint
    )


def result_markup(result: Result, revision: int) -> Markup:
    """Return how many rows an answer has, of which revision, and whether the fleet has moved on since."""
    count = len(result.frame)
    rows = f"{count:,} row" if count == 1 else f"{count:,} rows"
    cut = Markup(' · <span class="warning">cut off here: there are more; add a LIMIT or a WHERE</span>')
    old = Markup(' · <span class="warning">the fleet is at revision {:,} now; run it again</span>').format(revision)
    return Markup('<p class="quiet count" role="status">{}{} · revision {:,}{}</p>').format(
        rows, cut if result.is_truncated else "", result.revision, old if revision != result.revision else ""
    )
