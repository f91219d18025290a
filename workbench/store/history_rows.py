"""The history of the manifests as rows: what each revision changed, and every text once."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import duckdb
import orjson
import pyarrow as pa
from pydantic import TypeAdapter

from workbench.fleet.plan import PortPlan
from workbench.fleet.rebuild import Kept, Problem, digest_of, kept_of
from workbench.fleet.snapshot import Snapshot


@dataclass(frozen=True)
class HistoryBounds:
    """How much history is kept: the newest revisions, fewer where they changed more manifests than `changes`."""

    revisions: int = 10_000
    changes: int = 200_000


_PLAN: Final = TypeAdapter(PortPlan)
_COLUMNS: Final = ("path", "text", "digest", "good", "problem")

Row = tuple[str | None, str | None, str | None, str | None]
"""(digest of the text, digest of the file, digest of the last good text, problem as JSON); all None for a file gone."""
_FEW: Final = 4
_FETCHED: Final = 1_000
_PAGE: Final = 20_000
"""From how many manifests on a page is full."""
_INSERT_TEXT: Final = (
    "INSERT INTO manifest_texts SELECT $1, $2 WHERE NOT EXISTS (SELECT 1 FROM manifest_texts WHERE digest = $1)"
)

GONE: Final[Row] = (None, None, None, None)


class HistoryRows:
    """Writes what each revision changes, given the writer's connection; remembers what was written last."""

    def __init__(self) -> None:
        self._written: dict[str, Row] = {}
        self._token: object = None
        self._plan: tuple[PortPlan, str] | None = None

    def restore(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Take up what was written in earlier runs."""
        newest = connection.execute(
            "SELECT path, text, digest, good, problem FROM manifest_changes "
            "QUALIFY row_number() OVER (PARTITION BY path ORDER BY revision DESC) = 1"
        ).fetchall()
        self._written = {path: tuple(row) for path, *row in newest if row[0] is not None}
        self._token = None

    def write(self, connection: duckdb.DuckDBPyConnection, snapshot: Snapshot) -> None:
        """Write what differs from the revision written last, within the caller's transaction."""
        touched = snapshot.touched
        is_next = self._token is not None and touched.base is self._token
        paths = touched.paths if is_next else snapshot.records.keys() | self._written.keys()
        texts: dict[str, str] = {}
        changes: dict[str, Row] = {}
        for path in paths:
            record = snapshot.records.get(path)
            row = _row(kept_of(record), texts) if record else GONE
            if row != self._written.get(path, GONE):
                changes[path] = row
        if changes:
            self._insert(connection, snapshot.revision, changes, texts)
        for path, row in changes.items():
            if row is GONE:
                self._written.pop(path, None)
            else:
                self._written[path] = row
        self._token = snapshot.token

    def plan_text(self, plan: PortPlan) -> str:
        """Return a port plan as it is written; the last one's text is kept, for it is nearly always the same."""
        if self._plan is None or self._plan[0] is not plan:
            self._plan = (plan, _PLAN.dump_json(plan).decode())
        return self._plan[1]

    @staticmethod
    def _insert(
        connection: duckdb.DuckDBPyConnection, revision: int, changes: Mapping[str, Row], texts: Mapping[str, str]
    ) -> None:
        if len(changes) <= _FEW:
            for path, row in changes.items():
                connection.execute("INSERT INTO manifest_changes VALUES (?, ?, ?, ?, ?, ?)", [revision, path, *row])
                for key in (row[0], row[2]):
                    if key is not None:
                        connection.execute(_INSERT_TEXT, [key, texts[key]])
            return
        columns = zip(*((path, *row) for path, row in changes.items()), strict=True)
        arrays = [pa.array(column, pa.string()) for column in columns]
        known = {key for row in changes.values() for key in (row[0], row[2]) if key is not None}
        change = f"INSERT INTO manifest_changes SELECT {revision}, * FROM changed"
        for name, table, statement in (
            ("changed", pa.table(arrays, names=_COLUMNS), change),
            (
                "texts",
                pa.table({"digest": list(known), "content": [texts[key] for key in known]}),
                "INSERT INTO manifest_texts SELECT * FROM texts ANTI JOIN manifest_texts USING (digest)",
            ),
        ):  # fmt: skip
            connection.register(name, table)
            try:
                connection.execute(statement)
            finally:
                connection.unregister(name)


def kept_at(connection: duckdb.DuckDBPyConnection, revision: int) -> dict[str, Kept]:
    """Return what was kept of every manifest that a revision had, by path."""
    rows = connection.execute(
        "SELECT c.path, t.content, c.digest, g.content, c.problem FROM ("
        "  SELECT * FROM manifest_changes WHERE revision <= ?"
        "  QUALIFY row_number() OVER (PARTITION BY path ORDER BY revision DESC) = 1"
        ") c JOIN manifest_texts t ON t.digest = c.text LEFT JOIN manifest_texts g ON g.digest = c.good",
        [revision],
    ).fetchall()
    found = {path: _kept(*was) for path, *was in rows}
    return {path: item for path, item in found.items() if item is not None}


def revision_rows(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Return every revision that can be had again, oldest first, with the figures and counts of changed manifests."""
    result = connection.execute(
        "SELECT r.revision, epoch(r.taken_at) AS taken_at, r.crates, r.manifests, r.findings, r.errors, r.warnings,"
        " count(c.path) AS changed FROM revisions r LEFT JOIN manifest_changes c USING (revision)"
        " WHERE r.plan IS NOT NULL GROUP BY ALL ORDER BY r.revision"
    )
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def revisions_of(connection: duckdb.DuckDBPyConnection, paths: Collection[str]) -> set[int]:
    """Return the revisions that changed one of some manifests."""
    rows = connection.execute(
        "SELECT DISTINCT revision FROM manifest_changes WHERE path IN (SELECT unnest(?))", [list(paths)]
    ).fetchall()
    return {revision for (revision,) in rows}


def undone_page(
    connection: duckdb.DuckDBPyConnection, oldest: int, below: int
) -> list[tuple[int, dict[str, Kept | None]]]:
    """Return, for revisions between `oldest` and `below` that changed manifests, what these were before them.

    The newest first, and as many as a page holds; empty if there are none.
    """
    result = connection.execute(
        "SELECT c.revision, c.path, t.content, c.digest, g.content, c.problem FROM ("
        "  SELECT revision, path, lag(text) OVER was AS text, lag(digest) OVER was AS digest,"
        "   lag(good) OVER was AS good, lag(problem) OVER was AS problem FROM manifest_changes"
        "  WINDOW was AS (PARTITION BY path ORDER BY revision)"
        ") c LEFT JOIN manifest_texts t ON t.digest = c.text LEFT JOIN manifest_texts g ON g.digest = c.good"
        " WHERE c.revision > ? AND c.revision < ? ORDER BY c.revision DESC",
        [oldest, below],
    )
    page, count = [], 0
    for revision, rows in groupby(_fetched(result), key=lambda row: int(row[0])):
        page.append((revision, {path: _kept(*was) for _, path, *was in rows}))
        count += len(page[-1][1])
        if count >= _PAGE:
            break
    return page


def _fetched(result: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while rows := result.fetchmany(_FETCHED):
        yield from rows


def _kept(text: str | None, digest: str, good: str | None, problem: str | None) -> Kept | None:
    return None if text is None else Kept(text, digest, good, Problem(*orjson.loads(problem)) if problem else None)


def plan_at(connection: duckdb.DuckDBPyConnection, revision: int) -> PortPlan:
    """Return the port plan of a revision."""
    (text,) = connection.execute("SELECT plan FROM revisions WHERE revision = ?", [revision]).fetchone() or ("{}",)
    return _PLAN.validate_json(text)


def plan_changes(connection: duckdb.DuckDBPyConnection) -> set[int]:
    """Return the revisions whose port plan is another than that of the revision before."""
    rows = connection.execute(
        "SELECT revision FROM revisions WHERE plan IS NOT NULL QUALIFY plan <> lag(plan) OVER (ORDER BY revision)"
    ).fetchall()
    return {revision for (revision,) in rows}


def prune_history(
    connection: duckdb.DuckDBPyConnection,
    revisions: int = HistoryBounds.revisions,
    changes: int = HistoryBounds.changes,
) -> None:
    """Forget the oldest revisions, but for what the oldest one kept consists of."""
    (floor,) = connection.execute(
        "SELECT greatest((SELECT max(revision) - ? FROM revisions), (SELECT max(revision) FROM ("
        "  SELECT revision, sum(count(*)) OVER (ORDER BY revision DESC) AS total FROM manifest_changes"
        "  GROUP BY revision) WHERE total > ? AND revision < (SELECT max(revision) FROM manifest_changes)))",
        [revisions, changes],
    ).fetchone() or (None,)
    if floor is None or floor <= 0:
        return
    connection.execute(
        "DELETE FROM manifest_changes WHERE revision <= $1 AND (text IS NULL OR (path, revision) NOT IN ("
        "  SELECT (path, max(revision)) FROM manifest_changes WHERE revision <= $1 GROUP BY path))",
        [floor],
    )
    connection.execute("DELETE FROM revisions WHERE revision < ?", [floor])
    connection.execute(
        "DELETE FROM manifest_texts WHERE digest NOT IN (SELECT text FROM manifest_changes WHERE text IS NOT NULL"
        " UNION SELECT good FROM manifest_changes WHERE good IS NOT NULL)"
    )


def _row(kept: Kept, texts: dict[str, str]) -> Row:
    key = digest_of(kept.text)
    texts[key] = kept.text
    good = None if kept.good is None else digest_of(kept.good)
    if good is not None and kept.good is not None:
        texts[good] = kept.good
    return key, kept.digest, good, orjson.dumps(list(kept.problem)).decode() if kept.problem else None
