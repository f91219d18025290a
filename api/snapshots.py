"""GET /api/snapshot/{table}.{arrow,parquet,csv,json}: whole tables of the newest revision, as files."""

from collections import OrderedDict
from typing import Annotated, Any, Final

from pydantic import Field

from api.encoded import Body, SnapshotHandler
from api.operation import Answer, operation
from api.queries import SnapshotQuery
from workbench.errors import NotFound
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.tables import TABLES
from workbench.frames import arrow_table
from workbench.table_files import FORMATS

_KEPT_FILES: Final = 8
_MEDIA: Final = {media.partition(";")[0]: Any if ending == "json" else bytes for ending, (media, _) in FORMATS.items()}

TableFile = Annotated[
    str,
    Field(
        pattern=rf"^({'|'.join(TABLES)})\.({'|'.join(FORMATS)})$",
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
            encode = FORMATS[ending][1]
            body = self._bodies[name] = Body(lambda: encode(arrow_table(table, snapshot)))
        self._bodies.move_to_end(name)
        while len(self._bodies) > _KEPT_FILES:
            self._bodies.popitem(last=False)
        return body


class SnapshotTableHandler(SnapshotHandler):
    """GET: a whole table in a format; `?refresh=true` looks at the disk first."""

    access = "read"

    @operation(
        "Crates",
        "Read a whole table as a file",
        answers={200: Answer("The table", _MEDIA, ("Content-Disposition",))},
        query=SnapshotQuery,
        errors=(NotFound,),
    )
    async def get(self, name: TableFile) -> None:
        table, _, ending = name.partition(".")
        if table not in TABLES or ending not in FORMATS:
            known = f"tables are {', '.join(TABLES)}; endings {', '.join(FORMATS)}"
            raise NotFound(f'there is no table file "{name}": {known}', tables=list(TABLES), formats=list(FORMATS))
        snapshot = await self.current(self.query(SnapshotQuery).refresh)
        if self.is_known(snapshot):
            return
        body = snapshot.derive(("api", "table files"), lambda _: Shelf()).body(snapshot, table, ending)
        self.set_header("Content-Type", FORMATS[ending][0])
        self.set_header("Content-Disposition", f'attachment; filename="{table}-{snapshot.revision}.{ending}"')
        if ending == "parquet":  # compressed in itself
            self.finish(await body.identity.wait())
        else:
            await self.finish_body(body)
