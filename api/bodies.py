"""JSON bodies of requests as typed models: small, of the right type, and a wrong field is named in the answer."""

from typing import Annotated, Final, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from tornado.httputil import HTTPServerRequest

from api.base import JSON
from workbench.errors import InvalidPort, InvalidRequest, PayloadTooLarge, UnsupportedMediaType
from workbench.fleet.values import MAX_PORT

M = TypeVar("M", bound=BaseModel)

MAX_BODY: Final = 16 * 1024
PORT_FIELDS: Final = frozenset({"preferred", "port"})


class RequestBody(BaseModel):
    """The fields of a request. Values are taken as they are, never converted; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


def _clean(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ValueError("must be printable, without spaces around it")
    return text


Name = Annotated[
    str,
    Field(min_length=1, max_length=200, description="Printable, without spaces around it."),
    AfterValidator(_clean),
]
PortNumber = Annotated[int, Field(ge=1, le=MAX_PORT)]


def parse_body(model: type[M], request: HTTPServerRequest, limit: int = MAX_BODY) -> M:
    """Return the body of a request of at most `limit` bytes; an empty one counts as `{}`.

    Raises UnsupportedMediaType, PayloadTooLarge, or InvalidRequest that names the first wrong field.
    """
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type != JSON:
        raise UnsupportedMediaType(f"send {JSON}, not {media_type or 'nothing'}", content_type=media_type)
    if len(request.body) > limit:
        raise PayloadTooLarge(
            f"a request may have {limit} bytes, this has {len(request.body)}",
            limit=limit, found=len(request.body),
        )  # fmt: skip
    try:
        return model.model_validate_json(request.body or b"{}")
    except ValidationError as error:
        raise _refused(error) from None


def _refused(error: ValidationError) -> InvalidRequest:
    first = error.errors(include_url=False, include_context=False)[0]
    # Where a field may be one of several kinds, pydantic names the kind too, such as `dict[str,any]`.
    place = ".".join(str(part) for part in first["loc"] if "[" not in str(part)) or "body"
    if place in PORT_FIELDS:
        found = repr(first["input"])[:100]
        return InvalidPort(f"{place}: a port is a whole number from 1 to {MAX_PORT}, not {found}", parameter=place)
    return InvalidRequest(f"{place}: {first['msg']}", parameter=place)
