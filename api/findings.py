"""/api/findings: everything that was found, filtered."""

from collections.abc import Iterator
from typing import Literal

from api.base import off_loop
from api.encoded import Body, SnapshotHandler, json_bytes
from api.queries import PageQuery, PortNumber, Text, page_of
from workbench.errors import InvalidRequest
from workbench.fleet.model import Finding, fold
from workbench.fleet.rules import RULES
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.wire import finding_model


class FindingQuery(PageQuery):
    """Filters of the findings; a repeated parameter means any of its values."""

    kind: tuple[Text, ...] = ()
    severity: tuple[Literal["error", "warning", "hint"], ...] = ()
    crate: Text | None = None
    port: PortNumber | None = None


_EVERYTHING = FindingQuery()
_KINDS = frozenset(rule.kind for rule in RULES.values())


class FindingsHandler(SnapshotHandler):
    """GET: a bare array of findings, gravest first."""

    access = "read"

    async def get(self) -> None:
        query = self.query(FindingQuery)
        _check_kinds(query.kind)
        snapshot = await self.current(query.refresh)
        if query.model_copy(update={"refresh": False}) == _EVERYTHING:
            await self.send_body(snapshot, "findings", _all)
        else:
            found = await off_loop(lambda: list(_matching(snapshot, query)))
            page = page_of(self, found, query)
            await self.send_model(snapshot, lambda: [finding_model(item) for item in page])


def _all(snapshot: Snapshot) -> Body:
    return Body(lambda: json_bytes([finding_model(item) for item in snapshot.findings]), len(snapshot.findings))


def _check_kinds(kinds: tuple[str, ...]) -> None:
    for kind in kinds:
        if kind not in _KINDS:
            raise InvalidRequest(f'parameter "kind": no finding is of kind "{kind}"', parameter="kind", found=kind)


def _matching(snapshot: Snapshot, query: FindingQuery) -> Iterator[Finding]:
    wanted = fold(snapshot.names.resolve(query.crate) or query.crate) if query.crate else None
    for item in snapshot.findings:
        if (
            (not query.kind or item.kind in query.kind)
            and (not query.severity or item.severity in query.severity)
            and (query.port is None or query.port in item.ports)
            and (wanted is None or wanted in map(fold, item.crates))
        ):
            yield item
