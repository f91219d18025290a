"""/api/ports: the registry of claims, one port, and where ports really collide."""

import re

from api.encoded import Body, SnapshotHandler, json_bytes
from api.queries import SnapshotQuery
from workbench.errors import InvalidPort
from workbench.fleet.schema import MAX_PORT
from workbench.fleet.wire import finding_model, port_model, port_registry_model


class PortsHandler(SnapshotHandler):
    """GET: the PortRegistry."""

    access = "read"

    async def get(self) -> None:
        snapshot = await self.current(self.query(SnapshotQuery).refresh)
        await self.send_body(snapshot, "ports", lambda s: Body(lambda: json_bytes(port_registry_model(s))))


class PortHandler(SnapshotHandler):
    """GET: everything known of one port, whether or not anyone claims it."""

    access = "read"

    async def get(self, text: str) -> None:
        port = _port(text)
        snapshot = await self.current(self.query(SnapshotQuery).refresh)
        await self.send_model(snapshot, lambda: port_model(port, snapshot))


class ConflictsHandler(SnapshotHandler):
    """GET: a bare array of the findings in which ports really collide."""

    access = "read"

    async def get(self) -> None:
        snapshot = await self.current(self.query(SnapshotQuery).refresh)
        await self.send_body(
            snapshot,
            "conflicts",
            lambda s: Body(lambda: json_bytes([finding_model(item) for item in s.collisions]), len(s.collisions)),
        )


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or not 1 <= int(text) <= MAX_PORT:
        raise InvalidPort(
            f'a port is a whole number from 1 to {MAX_PORT}, not "{text[:100]}"', parameter="port", found=text[:100]
        )
    return int(text)
