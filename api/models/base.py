"""What the models have in common, and the values that occur in many of them."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from workbench.fleet.values import MAX_PORT


class Model(BaseModel):
    """Base of the models. They are only asked for their schema, so nothing is built until then."""

    model_config = ConfigDict(defer_build=True, frozen=True, use_attribute_docstrings=True)


Moment = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
"""A moment in UTC, to the millisecond."""

Port = Annotated[int, Field(ge=1, le=MAX_PORT)]
Count = Annotated[int, Field(ge=0)]
Line = Annotated[int, Field(ge=1)]
Table = dict[str, Any]
"""A table of a manifest, as it stands there."""


class ErrorBody(Model):
    """What went wrong."""

    code: str
    """Stable; made for programs."""
    message: str
    """Made for people: what was found, and what was expected."""
    details: dict[str, Any]
    """What the code calls for, such as `parameter` or `nearest`."""
    request_id: str | None
    """Names the request in the server's log; null while the server starts."""


class Error(Model):
    """The one envelope of all errors."""

    error: ErrorBody
