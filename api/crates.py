"""/api/crates: the registry, one crate, and a manifest that is only tried."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from api.encoded import SnapshotHandler
from api.models.crates import CrateDetail, SmartCrate
from api.operation import Answer, operation
from api.queries import FieldsQuery, PortNumber, SnapshotQuery, Text, page_of
from api.segments import joined, list_body, matching, segments_of, sorted_segments
from workbench.errors import UnknownCrate
from workbench.fleet.lookup import crate_records
from workbench.fleet.wire import crate_detail_model, crate_model

CrateOrder = Literal[
    "name", "version", "class", "tesla", "port", "path", "retrofit", "slsa",
    "-name", "-version", "-class", "-tesla", "-port", "-path", "-retrofit", "-slsa",
]  # fmt: skip


class CrateQuery(FieldsQuery):
    """Filters of the registry: words anywhere, classes, an owned port, Tesla grade."""

    q: Text | None = None
    """Words that all occur in the name, description, class, path, former names or capabilities."""
    classes: Annotated[tuple[Text, ...], Field(alias="class")] = ()
    """A class; repeated, any of them."""
    port: PortNumber | None = None
    """A port that the crate owns."""
    tesla: bool | None = None
    """Of Tesla grade, or not."""
    sort: CrateOrder = "name"
    """What to sort by; descending after a `-`."""


CrateName = Annotated[str, Field(description="A crate's name, or a former one.", examples=["sx9-vault"])]


_EVERYTHING: Final = CrateQuery()
_EVERYTHING_NOW: Final = CrateQuery(refresh=True)


class CratesHandler(SnapshotHandler):
    """GET: a bare array of SmartCrate."""

    access = "read"

    @operation(
        "Crates",
        "List the crates",
        answers={200: Answer("List the crates", list[SmartCrate], ("Age", "Last-Modified", "X-Fleet-State"))},
        detail="Until the disk was read, it is as it was when the server last ran, or empty; `X-Fleet-State` says so.",
        query=CrateQuery,
        partial=True,
    )
    async def get(self) -> None:
        query = self.query(CrateQuery)
        fields = query.chosen(SmartCrate.model_fields)
        snapshot = await self.current(query.refresh)
        if (phase := self.hub.phase) != "ready":
            self.set_header("X-Fleet-State", phase)
        segments = segments_of(self.hub, snapshot)
        if query in (_EVERYTHING, _EVERYTHING_NOW):
            await self.send_body(snapshot, "crates", lambda s: list_body(segments, s))
            return
        found = list(matching(await segments.wait(), query.q, query.classes, query.port, query.tesla))
        page = page_of(self, sorted_segments(found, query.sort), query)
        if fields:
            await self.send_model(snapshot, lambda: [parts(crate_model(segment.record), fields) for segment in page])
        elif not self.is_known(snapshot):
            await self.finish_bytes(joined(page))


def parts(model: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    """Return some fields of a model, in the order that was asked for."""
    return {name: model[name] for name in fields}


class CrateHandler(SnapshotHandler):
    """GET: everything known of one crate, by its name or a former one."""

    access = "read"

    @operation("Crates", "Read one crate", CrateDetail, query=SnapshotQuery, errors=(UnknownCrate,))
    async def get(self, name: CrateName) -> None:
        snapshot = await self.current(self.query(SnapshotQuery).refresh)
        record = crate_records(name, snapshot)[0]
        await self.send_model(snapshot, lambda: crate_detail_model(record, snapshot))
