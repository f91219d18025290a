"""/api/ports/plan: what changes to the fleet would bring and take away, before anyone edits a file."""

from typing import Annotated, Any, Literal

from pydantic import Field

from api.base import JSON, ApiHandler, off_loop
from api.bodies import Name, PortNumber, RequestBody, parse_body
from api.models.ports import PlanResult
from api.operation import Answer, operation
from workbench.errors import InvalidPort, UnknownBlock, UnknownCrate, UnknownLabel
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.whatif import AddCrate, Change, MovePort, RemoveCrate, RenumberBlock, plan_changes
from workbench.fleet.wire import finding_model

MAX_CHANGES = 200
"""How many changes one request may ask about: each is judged against the whole fleet."""


class AddBody(RequestBody):
    """A crate that is not there yet."""

    type: Literal["add"]
    name: Name
    ports: Annotated[dict[Name, PortNumber], Field(default_factory=dict)]
    dependencies: tuple[Name, ...] = ()

    def change(self) -> Change:
        return AddCrate(self.name, self.ports, self.dependencies)


class MoveBody(RequestBody):
    """Another port for a label of a crate."""

    type: Literal["move"]
    crate: Name
    label: Name
    port: PortNumber
    references: bool = False

    def change(self) -> Change:
        return MovePort(self.crate, self.label, self.port, references=self.references)


class RenumberBody(RequestBody):
    """Other ports for all that is owned in a block."""

    type: Literal["renumber"]
    block: Name
    first: PortNumber
    references: bool = False

    def change(self) -> Change:
        return RenumberBlock(self.block, first=self.first, references=self.references)


class RemoveBody(RequestBody):
    """A crate that goes."""

    type: Literal["remove"]
    name: Name

    def change(self) -> Change:
        return RemoveCrate(self.name)


ChangeBody = Annotated[AddBody | MoveBody | RenumberBody | RemoveBody, Field(discriminator="type")]


class PlanBody(RequestBody):
    """Changes, made one after another."""

    changes: Annotated[tuple[ChangeBody, ...], Field(min_length=1, max_length=MAX_CHANGES)]


class PlanHandler(ApiHandler):
    """POST: changes → the findings that would appear and vanish, and the changes as a patch. Nothing is stored."""

    access = "read"

    @operation(
        "Ports",
        "Ask what changes would bring",
        answers={200: Answer("The findings that would come and go, and the changes as a patch.", PlanResult)},
        detail="The changes are made one after another in memory. Nothing is stored.",
        body=PlanBody,
        body_examples={JSON: {"changes": [{"type": "add", "name": "atlas", "ports": {"http": 18020}}]}},
        errors=(UnknownCrate, UnknownLabel, UnknownBlock, InvalidPort),
    )
    async def post(self) -> None:
        body = parse_body(PlanBody, self.request)
        changes = [item.change() for item in body.changes]
        self.finish_json(await off_loop(plan_model, self.hub.snapshot, changes))


def plan_model(snapshot: Snapshot, changes: list[Change]) -> dict[str, Any]:
    """Return {revision, appeared, vanished, collisions, patch} of changes to a snapshot."""
    result = plan_changes(snapshot, changes)
    return {
        "revision": snapshot.revision,
        "appeared": [finding_model(item) for item in result.appeared],
        "vanished": [finding_model(item) for item in result.vanished],
        "collisions": len(result.snapshot.collisions),
        "patch": result.patch(),
    }
