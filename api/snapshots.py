"""/api/snapshot: what a revision consists of, and its tables as files: {table}.{arrow,parquet,csv,json}."""

from collections import OrderedDict
from typing import Annotated, Any, Final

from pydantic import Field

from api.base import off_loop
from api.encoded import Body, SnapshotHandler
from api.models.snapshots import SnapshotHead as HeadModel
from api.operation import Answer, operation
from api.queries import Position, SnapshotQuery
from workbench.errors import NotFound, RevisionGone, UnknownRevision
from workbench.fleet.head import SnapshotHead, head_model
from workbench.fleet.snapshot import Snapshot
from workbench.history import History
from workbench.tables.files import FORMATS
from workbench.tables.frames import arrow_bytes, arrow_table
from workbench.tables.hub_tables import HUB_TABLES, TABLE_NAMES, hub_table

_KEPT_FILES: Final = 8
_MEDIA: Final = {media.partition(";")[0]: Any if ending == "json" else bytes for ending, (media, _) in FORMATS.items()}

TableFile = Annotated[
    str,
    Field(
        pattern=rf"^({'|'.join(TABLE_NAMES)})\.({'|'.join(FORMATS)})$",
        description="A table and the ending of a format.",
        examples=["crates.arrow", "ports.csv"],
    ),
]


class Shelf:
    """The files of one revision that were asked for last; each is made once, however many ask at a time."""

    def __init__(self) -> None:
        self._bodies: OrderedDict[str, Body] = OrderedDict()

    def body(self, snapshot: Snapshot, table: str, ending: str) -> Body:
        """Return the file of a table. Called on the loop only."""
        name = f"{table}.{ending}"
        body = self._bodies.get(name)
        if body is None:
            body = self._bodies[name] = Body(lambda: _file(snapshot, table, ending))
        self._bodies.move_to_end(name)
        while len(self._bodies) > _KEPT_FILES:
            self._bodies.popitem(last=False)
        return body


def _file(snapshot: Snapshot, table: str, ending: str) -> bytes:
    return arrow_bytes(table, snapshot) if ending == "arrow" else FORMATS[ending][1](arrow_table(table, snapshot))


class RevisionQuery(SnapshotQuery):
    """Which revision."""

    revision: Position | None = None
    """A kept revision; the newest if it is left out."""


class RevisionHandler(SnapshotHandler):
    """Base of what can be read of a kept revision too."""

    async def wanted(self, query: RevisionQuery) -> Snapshot:
        """Return the revision asked for; raises RevisionGone and UnknownRevision."""
        if query.revision is None:
            return await self.current(query.refresh)
        return await off_loop(History(self.hub).at, query.revision)


class SnapshotHeadHandler(RevisionHandler):
    """GET: revision, time, figures, port plan and observations; with the `manifests` table, a whole revision."""

    access = "read"

    @operation(
        "Crates",
        "Read what a revision is judged by",
        HeadModel,
        detail="With the table `manifests`, this is all that it takes to have the revision again in another process.",
        query=RevisionQuery,
        errors=(RevisionGone, UnknownRevision),
    )
    async def get(self) -> None:
        snapshot = await self.wanted(self.query(RevisionQuery))
        await self.send_model(snapshot, lambda: head_model(SnapshotHead.of(snapshot)))


class SnapshotTableHandler(RevisionHandler):
    """GET: a whole table in a format; `?refresh=true` looks at the disk first."""

    access = "read"

    @operation(
        "Crates",
        "Read a whole table as a file",
        answers={200: Answer("The table", _MEDIA, ("Content-Disposition",))},
        detail=f"{', '.join(HUB_TABLES)} are those of now, whichever revision is asked for.",
        query=RevisionQuery,
        errors=(NotFound, RevisionGone, UnknownRevision),
    )
    async def get(self, name: TableFile) -> None:
        table, _, ending = name.partition(".")
        if table not in TABLE_NAMES or ending not in FORMATS:
            known = f"tables are {', '.join(TABLE_NAMES)}; endings {', '.join(FORMATS)}"
            raise NotFound(f'there is no table file "{name}": {known}', tables=list(TABLE_NAMES), formats=list(FORMATS))
        snapshot = await self.wanted(self.query(RevisionQuery))
        if table in HUB_TABLES:
            self.set_header("Cache-Control", "no-store")
            body = self._made_now(snapshot, table, ending)
        elif self.is_known(snapshot):
            return
        else:
            body = snapshot.derive(("api", "table files"), lambda _: Shelf()).body(snapshot, table, ending)
        self.set_header("Content-Type", FORMATS[ending][0])
        self.set_header("Content-Disposition", f'attachment; filename="{table}-{snapshot.revision}.{ending}"')
        if ending == "parquet":  # compressed in itself
            await self.finish_bytes(await body.identity.wait())
        else:
            await self.finish_body(body)

    def _made_now(self, snapshot: Snapshot, table: str, ending: str) -> Body:
        encode, hub = FORMATS[ending][1], self.hub
        return Body(lambda: encode(hub_table(table, hub, snapshot)))
