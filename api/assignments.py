"""/api/ports/assign and what belongs to it: hand out ports, take them back, list who holds which."""

from typing import Annotated, Final

from pydantic import Field

from api.base import JSON, ApiHandler, off_loop
from api.bodies import Name, PortNumber, RequestBody, parse_body
from api.crates import parts
from api.encoded import SnapshotHandler
from api.models.ports import PortAssignment
from api.operation import Answer, operation
from api.ports import PortText, port_of
from api.queries import FieldsQuery, page_of
from api.waiting import answered, idempotency_key
from workbench.desks.assignments import DEFAULT_LABEL, AssignmentRequest, assignment_model
from workbench.errors import (
    BlockFull,
    Conflict,
    IdempotencyConflict,
    InvalidPort,
    NotAssigned,
    PortTaken,
    StoreError,
    Unavailable,
    UnknownBlock,
)

_LONGEST_LEASE: Final = 366 * 24 * 3600


class AssignBody(RequestBody):
    """Who wants a port, what for, from which block or which one, and for how long."""

    crate_name: Name
    """Who wants it; the crate need not be in the fleet."""
    label: Name = DEFAULT_LABEL
    """What for."""
    block: Name | None = None
    """From which block; by default the one that holds most of the crate's ports."""
    preferred: PortNumber | None = None
    """This very port, or none."""
    lease_seconds: Annotated[float, Field(ge=1, le=_LONGEST_LEASE, allow_inf_nan=False)] | None = None
    """For how long; by default until it is released."""


class ReleaseBody(RequestBody):
    """Which assignment ends."""

    id: Name | None = None
    """The id that it must have, so that nobody gives back what somebody else holds by now."""


class AssignmentsQuery(FieldsQuery):
    """Which assignments."""

    history: bool = False
    """Those that ended too, newest first."""


class AssignHandler(ApiHandler):
    """POST: hand out a port."""

    access = "ports:write"
    action = "port.assign"

    @operation(
        "Ports",
        "Assign a port",
        answers={
            201: Answer(
                "The port is the crate's, and was before this was answered.", PortAssignment, headers=("Location",)
            )
        },
        body=AssignBody,
        body_examples={JSON: {"crate_name": "sx9-gateway-edge", "block": "GIS"}},
        headers=("Idempotency-Key",),
        errors=(InvalidPort, UnknownBlock, PortTaken, BlockFull, IdempotencyConflict, StoreError, Unavailable),
    )
    async def post(self) -> None:
        body = parse_body(AssignBody, self.request)
        self.subject = f"{body.crate_name} {body.label}"
        made = await answered(
            self.hub.assign(AssignmentRequest(**body.model_dump()), idempotency_key(self), self.actor)
        )
        self.subject += f" {made.port}"
        self.set_location(f"/api/ports/{made.port}")
        self.finish_json(assignment_model(made, durable=self.hub.desk.is_durable), 201)


class ReleaseHandler(ApiHandler):
    """POST: take a port back."""

    access = "ports:write"
    action = "port.release"

    @operation(
        "Ports",
        "Release a port",
        answers={200: Answer("The assignment that ended.", PortAssignment)},
        body=ReleaseBody,
        headers=("Idempotency-Key",),
        errors=(InvalidPort, NotAssigned, Conflict, IdempotencyConflict, StoreError, Unavailable),
    )
    async def post(self, port: PortText) -> None:
        number = port_of(port)
        self.subject = str(number)
        body = parse_body(ReleaseBody, self.request)
        ended = await answered(self.hub.release(number, body.id, self.actor, idempotency_key(self)))
        self.subject = f"{ended.crate_name} {ended.label} {number}"
        self.finish_json(assignment_model(ended, durable=self.hub.desk.is_durable))


class AssignmentsHandler(SnapshotHandler):
    """GET: a bare array of the assignments that hold, by port."""

    access = "read"

    @operation("Ports", "List the assignments", list[PortAssignment], query=AssignmentsQuery, partial=True)
    async def get(self) -> None:
        query = self.query(AssignmentsQuery)
        fields = query.chosen(PortAssignment.model_fields) or tuple(PortAssignment.model_fields)
        snapshot = await self.current(query.refresh)
        book, durable = self.hub.desk.book, self.hub.desk.is_durable
        if not self.is_known(snapshot, book.version):
            found = await off_loop(lambda: book.history if query.history else book.active)
            items = page_of(self, found, query)
            self.finish_json(
                await off_loop(lambda: [parts(assignment_model(item, durable=durable), fields) for item in items]),
                cached=True,
            )
