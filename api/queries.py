"""Query strings as typed models: every route declares its parameters, and a wrong one is named in the answer."""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, Final, TypeVar, get_origin
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tornado.web import RequestHandler

from workbench.errors import InvalidRequest

T = TypeVar("T")
Q = TypeVar("Q", bound="Query")

MAX_PAGE: Final = 100_000

Text = Annotated[str, Field(min_length=1, max_length=200)]
PortNumber = Annotated[int, Field(ge=1, le=65535)]
Position = Annotated[int, Field(ge=0, le=2**53 - 1)]
"""A place in a sequence; up to what every program reads exactly from JSON."""


class Query(BaseModel):
    """The parameters of a route. Unknown ones are refused: a misspelt filter must not return everything."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, use_attribute_docstrings=True)


class SnapshotQuery(Query):
    """Parameters of every read."""

    refresh: bool = False
    """Look at the disk first."""


class PageQuery(SnapshotQuery):
    """Parameters of a list that may be read in pages."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] | None = None
    """At most so many; all of them if it is left out."""
    offset: Position = 0
    """How many to pass over first."""


class FieldsQuery(PageQuery):
    """Parameters of a list whose items need not be whole."""

    fields: Annotated[tuple[str, ...], Field(json_schema_extra={"x-commas": True})] = ()
    """Only these fields of each, by commas; all of them if it is left out."""

    def chosen(self, known: Collection[str]) -> tuple[str, ...]:
        """Return the fields asked for, of those that there are; raises InvalidRequest for another."""
        names = [name.strip() for item in self.fields for name in item.split(",") if name.strip()]
        for name in names:
            if name not in known:
                message = f'parameter "fields": there is no field "{name[:100]}"; there are {", ".join(known)}'
                raise InvalidRequest(message, parameter="fields", found=name[:100], fields=list(known))
        return tuple(dict.fromkeys(names))


def parse_query(model: type[Q], arguments: Mapping[str, Sequence[bytes]]) -> Q:
    """Return the parameters of a request; raises InvalidRequest that names the first wrong one."""
    given: dict[str, Any] = {}
    for name, values in arguments.items():
        texts = [value.decode("utf-8", "replace") for value in values]
        given[name] = texts if _is_list(model, name) else texts[-1]
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise _refused(model, error) from None


def _is_list(model: type[Query], name: str) -> bool:
    fields = model.model_fields.items()
    return any(name == (field.alias or key) and get_origin(field.annotation) is tuple for key, field in fields)


def _refused(model: type[Query], error: ValidationError) -> InvalidRequest:
    first = error.errors(include_url=False, include_context=False)[0]
    name = str(first["loc"][0])
    if first["type"] == "extra_forbidden":
        known = sorted(field.alias or name for name, field in model.model_fields.items())
        return InvalidRequest(f'no parameter is named "{name}"', parameter=name, parameters=known)
    found = str(first["input"])[:100]
    return InvalidRequest(f'parameter "{name}": {first["msg"]}, found "{found}"', parameter=name, found=found)


def page_of(handler: RequestHandler, items: Sequence[T], query: PageQuery) -> Sequence[T]:
    """Return the page of `items` that was asked for, and tell the whole count and the neighbouring pages."""
    handler.set_header("X-Total-Count", str(len(items)))
    if query.limit is None:
        return items[query.offset :]
    links = _neighbours(len(items), query.limit, query.offset)
    handler.set_header("Link", ", ".join(f'<{_url(handler, offset)}>; rel="{rel}"' for rel, offset in links.items()))
    return items[query.offset : query.offset + query.limit]


def _neighbours(total: int, limit: int, offset: int) -> dict[str, int]:
    last = max(0, (total - 1) // limit * limit)
    links = {"first": 0, "last": last}
    if offset > 0:
        links["prev"] = max(0, min(offset, total) - limit)
    if offset + limit < total:
        links["next"] = offset + limit
    return links


def _url(handler: RequestHandler, offset: int) -> str:
    arguments = {
        name: [value.decode("utf-8", "replace") for value in values]
        for name, values in handler.request.query_arguments.items()
    }
    return f"{handler.request.path}?{urlencode({**arguments, 'offset': [str(offset)]}, doseq=True)}"
