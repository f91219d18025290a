"""The PortRegistry as bytes: the claims of a revision encoded once, the assignments put in as they change."""

from typing import Final

from api.encoded import Body, Once, json_bytes
from workbench.assignment_desk import AssignmentDesk
from workbench.assignments import Assignments, assignment_model
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.wire import port_registry_model

_PLACE: Final = b'"assigned":[]'
"""Where the assignments go. No text of a manifest can look like this: quotes in a JSON string are escaped."""


class PortRegistry:
    """The registry of one revision; the newest body is kept, older ones are nobody's."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._claims = Once(lambda: json_bytes(port_registry_model(snapshot)))
        self._newest: tuple[int, Body] | None = None

    def body(self, desk: AssignmentDesk, book: Assignments) -> Body:
        """Return the body with the assignments of a book."""
        newest = self._newest
        if newest is None or newest[0] != book.version:
            newest = self._newest = book.version, Body(lambda: self._encoded(book, desk.is_durable))
        return newest[1]

    def _encoded(self, book: Assignments, durable: bool) -> bytes:
        before, _, after = self._claims.get().rpartition(_PLACE)
        models = json_bytes([assignment_model(item, durable=durable) for item in book.active])
        return b"".join((before, b'"assigned":', models, after))
