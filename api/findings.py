"""/api/findings: everything that was found, filtered."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from api.base import off_loop
from api.crates import parts
from api.encoded import Body, SnapshotHandler, json_bytes
from api.models import findings as models
from api.operation import Answer, operation
from api.queries import FieldsQuery, PortNumber, Text, page_of
from workbench.errors import InvalidRequest
from workbench.fleet.model import Finding, fold
from workbench.fleet.ranking import finding_order
from workbench.fleet.rules import RULES, Severity
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.wire import finding_model, finding_models

_KINDS = frozenset(rule.kind for rule in RULES.values())

Kind = Annotated[str, Field(json_schema_extra={"enum": sorted(_KINDS)})]


class FindingQuery(FieldsQuery):
    """Filters of the findings; a repeated parameter means any of its values."""

    kind: tuple[Kind, ...] = ()
    """A kind; repeated, any of them."""
    severity: tuple[Severity, ...] = ()
    """A severity; repeated, any of them."""
    crate: Text | None = None
    """A crate that takes part, by its name or a former one."""
    port: PortNumber | None = None
    """A port that takes part."""
    muted: Literal["exclude", "include", "only"] = "exclude"
    """Whether those that the settings accept come too, or alone."""


_EVERYTHING: Final = FindingQuery()
_EVERYTHING_NOW: Final = FindingQuery(refresh=True)


class FindingsHandler(SnapshotHandler):
    """GET: a bare array of findings, gravest first; `X-Muted-Count` says how many of those asked for are muted."""

    access = "read"

    @operation(
        "Findings",
        "List the findings",
        answers={200: Answer("The findings, gravest first.", list[models.Finding], headers=("X-Muted-Count",))},
        query=FindingQuery,
        partial=True,
    )
    async def get(self) -> None:
        query = self.query(FindingQuery)
        _check_kinds(query.kind)
        fields = query.chosen(models.Finding.model_fields)
        snapshot = await self.current(query.refresh)
        if query in (_EVERYTHING, _EVERYTHING_NOW):
            self._tell_muted(snapshot.tally.muted)
            await self.send_body(snapshot, "findings", _all)
            return
        found, muted = await off_loop(_matching, snapshot, query)
        self._tell_muted(muted)
        page = page_of(self, found, query)
        await self.send_model(snapshot, lambda: [_shown(item, fields) for item in page])

    def _tell_muted(self, count: int) -> None:
        self.set_header("X-Muted-Count", str(count))


def _shown(item: Finding, fields: tuple[str, ...]) -> dict[str, Any]:
    model = finding_model(item)
    return parts(model, fields) if fields else model


def _all(snapshot: Snapshot) -> Body:
    return Body(lambda: json_bytes(finding_models(snapshot.findings)), len(snapshot.findings))


def _check_kinds(kinds: tuple[str, ...]) -> None:
    for kind in kinds:
        if kind not in _KINDS:
            raise InvalidRequest(f'parameter "kind": no finding is of kind "{kind}"', parameter="kind", found=kind)


def _matching(snapshot: Snapshot, query: FindingQuery) -> tuple[list[Finding], int]:
    """Return (findings, count): what is asked for, and how many muted ones the filters let through."""
    crate = fold(snapshot.names.resolve(query.crate) or query.crate) if query.crate else None

    def is_wanted(item: Finding) -> bool:
        return (
            (not query.kind or item.kind in query.kind)
            and (not query.severity or item.severity in query.severity)
            and (query.port is None or query.port in item.ports)
            and (crate is None or crate in map(fold, item.crates))
        )

    muted = list(filter(is_wanted, snapshot.muted))
    if query.muted == "only":
        return muted, len(muted)
    counting = list(filter(is_wanted, snapshot.findings))
    found = sorted([*counting, *muted], key=finding_order) if query.muted == "include" else counting
    return found, len(muted)
