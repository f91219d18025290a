"""/api/ports: the registry of claims, one port, and where ports really collide."""

import re
from typing import Annotated, Any, Final

from pydantic import WithJsonSchema

from api.encoded import Body, SnapshotHandler, json_bytes
from api.models import findings as finding_models
from api.models import ports as port_models
from api.operation import Answer, operation
from api.port_registry import PortRegistry
from api.queries import SnapshotQuery
from workbench.desks.assignments import assignment_model
from workbench.errors import InvalidPort
from workbench.fleet.values import MAX_PORT
from workbench.fleet.wire import finding_model, port_model
from workbench.live.models import live_model, live_tag

_SCHEMA: Final = {"type": "integer", "minimum": 1, "maximum": MAX_PORT, "description": "A port.", "examples": [18010]}

PortText = Annotated[str, WithJsonSchema(_SCHEMA)]
"""A port in a path; `port_of` reads it."""


class PortsHandler(SnapshotHandler):
    """GET: the PortRegistry."""

    access = "read"

    @operation("Ports", "Read the port registry", port_models.PortRegistry, query=SnapshotQuery)
    async def get(self) -> None:
        snapshot = await self.current(self.query(SnapshotQuery).refresh)
        version = f"{self.hub.desk.book.version or ''}{live_tag(self.hub.live)}"
        if not self.is_known(snapshot, version):
            await self.finish_body(snapshot.derive(("api", "ports"), PortRegistry).body(self.hub, version))


class PortHandler(SnapshotHandler):
    """GET: everything known of one port, whether or not anyone claims it."""

    access = "read"

    @operation(
        "Ports", "Read one port, claimed or not", port_models.PortDetail, query=SnapshotQuery, errors=(InvalidPort,)
    )
    async def get(self, port: PortText) -> None:
        number = port_of(port)
        snapshot = await self.current(self.query(SnapshotQuery).refresh)
        book, durable = self.hub.desk.book, self.hub.desk.is_durable

        def model() -> dict[str, Any]:
            held = [assignment_model(item, durable=durable) for item in book.at(number, snapshot.plan)]
            return {**port_model(number, snapshot, held), **live_model(self.hub.live, snapshot, number)}

        await self.send_model(snapshot, model, f"{book.version or ''}{live_tag(self.hub.live)}")


class ConflictsHandler(SnapshotHandler):
    """GET: a bare array of the findings in which ports really collide."""

    access = "read"

    @operation(
        "Ports",
        "List where ports really collide",
        answers={200: Answer("The findings, gravest first.", list[finding_models.Finding], headers=("X-Total-Count",))},
        query=SnapshotQuery,
    )
    async def get(self) -> None:
        snapshot = await self.current(self.query(SnapshotQuery).refresh)
        await self.send_body(
            snapshot,
            "conflicts",
            lambda s: Body(lambda: json_bytes([finding_model(item) for item in s.collisions]), len(s.collisions)),
        )


def port_of(text: str) -> int:
    """Return the port in a path; raises InvalidPort."""
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or not 1 <= int(text) <= MAX_PORT:
        raise InvalidPort(
            f'a port is a whole number from 1 to {MAX_PORT}, not "{text[:100]}"', parameter="port", found=text[:100]
        )
    return int(text)
