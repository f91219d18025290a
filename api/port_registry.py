"""The PortRegistry as bytes: the claims of a revision encoded once, what changes within it put in as it does."""

from api.encoded import Body, Once, json_bytes
from workbench.desks.assignments import assignment_model
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.wire import port_registry_model
from workbench.hub import Hub
from workbench.live.models import live_model


class PortRegistry:
    """The registry of one revision; the newest body is kept, older ones are nobody's."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._claims = Once(lambda: json_bytes(port_registry_model(snapshot)))
        self._snapshot = snapshot
        self._newest: tuple[str, Body] | None = None

    def body(self, hub: Hub, version: str) -> Body:
        """Return the body with the assignments and what is observed; `version` tells their states apart."""
        newest = self._newest
        if newest is None or newest[0] != version:
            newest = self._newest = version, Body(lambda: self._encoded(hub))
        return newest[1]

    def _encoded(self, hub: Hub) -> bytes:
        assigned = [assignment_model(item, durable=hub.desk.is_durable) for item in hub.desk.book.active]
        changing = json_bytes({"assigned": assigned, **live_model(hub.live, self._snapshot)})
        return b"".join((self._claims.get().removesuffix(b"}"), b",", changing.removeprefix(b"{")))
