"""The OpenAPI document, made of the routes and of what their verbs say of themselves."""

import inspect
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, get_args

from pydantic import BaseModel, TypeAdapter
from tornado.web import RequestHandler
from tornado.websocket import WebSocketHandler

from api.base import JSON, Responder, Route
from api.encoded import EncodedHandler
from api.models.base import Error
from api.openapi_parts import HEADERS, INFO, REQUEST_HEADERS, SECURITY_SCHEMES, TAGS
from api.operation import HTML, Answer, Operation, operation_of
from api.queries import PageQuery, SnapshotQuery
from api.schemas import Json, Key, Schemas, plain, without_null
from workbench.errors import (
    Forbidden,
    InvalidRequest,
    PayloadTooLarge,
    Starting,
    Unauthorized,
    Unavailable,
    UnsupportedMediaType,
    WorkbenchError,
)

_GROUP: Final = re.compile(r"\([^()]*\)")
_ALWAYS: Final = ("X-Request-Id",)
_ALIVE: Final = "/health"
"""What answers from the first moment on."""
_TAGGED: Final = ("Cache-Control", "ETag", "Vary")


@dataclass(frozen=True)
class Described:
    """One verb of one route with its description."""

    path: str
    method: str
    handler: type[Responder]
    verb: Callable[..., Any]
    operation: Operation

    @property
    def parameters(self) -> list[inspect.Parameter]:
        """The parameters of the path, in order."""
        return list(inspect.signature(self.verb).parameters.values())[1:]

    @property
    def is_tagged(self) -> bool:
        """Whether the answer has a tag, and 304 may take its place."""
        return issubclass(self.handler, EncodedHandler) and self.method in ("get", "head")


def described(routes: Iterable[Route]) -> Iterator[Described]:
    """Yield every verb of the routes but OPTIONS and a socket's; raises TypeError for one that is not described."""
    for pattern, handler, _ in routes:
        for method, verb in verbs_of(handler):
            operation = operation_of(verb)
            if operation is None:
                raise TypeError(f"{pattern}: {handler.__name__}.{method} is not described (`@operation`)")
            assert issubclass(handler, Responder)
            yield Described(path_of(pattern, verb), method, handler, verb, operation)


def verbs_of(handler: type[RequestHandler]) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield (method, verb) of a handler; none of a socket's, which the document of the events describes."""
    if issubclass(handler, Responder) and not issubclass(handler, WebSocketHandler):
        for method in handler.methods():
            if method != "OPTIONS":
                yield method.lower(), getattr(handler, method.lower())


def path_of(pattern: str, verb: Callable[..., Any]) -> str:
    """Return the path of a route, its groups named as the verb names its parameters."""
    names = iter(list(inspect.signature(verb).parameters)[1:])
    return _GROUP.sub(lambda _: f"{{{next(names)}}}", pattern).replace("\\.", ".")


def openapi_document(routes: Iterable[Route], mount: str = "") -> Json:
    """Return the OpenAPI 3.1 document of routes below a path; raises TypeError for a verb that is not described."""
    found = list(described(routes))
    schemas = Schemas({(Error, "answer"), *(key for item in found for key in _types(item.operation))})
    paths: defaultdict[str, Json] = defaultdict(dict)
    for item in found:
        paths[item.path][item.method] = _Section(item, schemas).model()
    for path, section in paths.items():
        section["options"] = _options(path, section)
    return {
        "openapi": "3.1.1",
        "info": INFO,
        **({"servers": [{"url": mount}]} if mount else {}),
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": dict(paths),
        "components": {
            "schemas": schemas.components | _partials(found, schemas),
            "headers": HEADERS,
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


def _types(operation: Operation) -> Iterator[Key]:
    for answer in operation.answers.values():
        for model in answer.content.values():
            yield model, "answer"
    for model in operation.body.values():
        yield model, "request"


def refusals_of(item: Described) -> dict[int, dict[str, type[WorkbenchError]]]:
    """Return the errors that a verb may answer, by status and code."""
    operation, access = item.operation, item.handler.access
    errors: list[type[WorkbenchError]] = [*operation.errors, WorkbenchError]
    if item.path != _ALIVE:
        errors.append(Starting)
    if access != "public":
        errors.append(Unauthorized)
    if access != "public" or item.method not in ("get", "head"):
        errors.append(Forbidden)
    if operation.query is not None:
        errors.append(InvalidRequest)
        errors += [Unavailable] if issubclass(operation.query, SnapshotQuery) else []
    if operation.body:
        errors += [InvalidRequest, PayloadTooLarge, UnsupportedMediaType]
    found: defaultdict[int, dict[str, type[WorkbenchError]]] = defaultdict(dict)
    for error in errors:
        found[error.status][error.code] = error
    return dict(found)


class _Section:
    """What the document says of one verb."""

    def __init__(self, item: Described, schemas: Schemas) -> None:
        self.item = item
        self.operation = item.operation
        self.schemas = schemas

    def model(self) -> Json:
        """Return the operation object."""
        section: Json = {
            "operationId": _name(self.item.method, self.item.path),
            "tags": [self.operation.tag],
            "summary": self.operation.summary,
            "parameters": [*self._path(), *self._query(), *self._headers()],
            "security": _security(self.item.handler),
            "responses": self._responses(),
        }
        if self.operation.detail:
            section["description"] = self.operation.detail
        if self.operation.body:
            section["requestBody"] = {"required": True, "content": self._body()}
        return section

    def _path(self) -> Iterator[Json]:
        for parameter in self.item.parameters:
            schema = plain(TypeAdapter(parameter.annotation).json_schema())
            yield _parameter(parameter.name, "path", schema, required=True)

    def _query(self) -> Iterator[Json]:
        if self.operation.query is None:
            return
        schema = plain(self.operation.query.model_json_schema(by_alias=True))
        for name, part in schema["properties"].items():
            if name == "fields" and self.operation.partial:
                part["items"] = {"type": "string", "enum": list(_item_model(self.operation).model_fields)}
            yield _parameter(name, "query", without_null(part), required=name in schema.get("required", ()))

    def _headers(self) -> Iterator[Json]:
        names = [*self.operation.headers, *(["If-None-Match"] if self.item.is_tagged else [])]
        for name in names:
            yield {"name": name, "in": "header", "required": False, **REQUEST_HEADERS[name]}

    def _body(self) -> Json:
        content: Json = {}
        for media_type, model in self.operation.body.items():
            content[media_type] = {"schema": self.schemas.of(model, "request")}
            if media_type in self.operation.body_examples:
                content[media_type]["example"] = self.operation.body_examples[media_type]
        return content

    def _responses(self) -> Json:
        answers = {str(status): self._answer(status, answer) for status, answer in self.operation.answers.items()}
        if self.item.is_tagged:
            kept = self.operation.answers[200].headers
            names = (*_ALWAYS, *_TAGGED, *self._page_headers(), *kept)
            answers["304"] = _response("The caller has this already.", _refs(names))
        for status, codes in refusals_of(self.item).items():
            own = answers.get(str(status))
            told = self._refusal(status, codes)
            answers[str(status)] = _either(own, told) if own else told
        return dict(sorted(answers.items()))

    def _answer(self, status: int, answer: Answer) -> Json:
        headers = [*_ALWAYS, *answer.headers]
        if status == 200 and self.item.is_tagged:
            headers += _TAGGED
        if status == 200:
            headers += self._page_headers()
        response = _response(answer.description, _refs(headers))
        if answer.content and self.item.method != "head":
            response["content"] = {name: {"schema": self._schema(model)} for name, model in answer.content.items()}
        return response

    def _page_headers(self) -> tuple[str, ...]:
        query = self.operation.query
        return ("Link", "X-Total-Count") if query is not None and issubclass(query, PageQuery) else ()

    def _schema(self, model: Any) -> Json:
        whole = self.schemas.of(model)
        if not self.operation.partial:
            return whole
        chosen = {"$ref": f"{whole['items']['$ref']}Fields"}
        return {"anyOf": [whole, {"type": "array", "items": chosen}]}

    def _refusal(self, status: int, codes: dict[str, type[WorkbenchError]]) -> Json:
        meaning = "\n".join(f"- `{code}`: {_first_sentence(error)}" for code, error in codes.items())
        # Whoever asks for a page while the server starts, as a browser does, gets one that waits.
        is_page = Starting in codes.values() and self.item.method in ("get", "head")
        names = [*_ALWAYS, *_REFUSAL_HEADERS.get(status, ()), *(["Content-Security-Policy"] if is_page else [])]
        response = _response(meaning, _refs(names))
        if self.item.method != "head":
            code = {"properties": {"error": {"properties": {"code": {"enum": list(codes)}}}}}
            response["content"] = {JSON: {"schema": {"allOf": [self.schemas.of(Error), code]}}}
            response["content"] |= {HTML: {"schema": {"type": "string"}}} if is_page else {}
        return response


_REFUSAL_HEADERS: Final = {401: ("WWW-Authenticate",), 405: ("Allow",), 503: ("Retry-After",)}


def _partials(found: Iterable[Described], schemas: Schemas) -> Json:
    """Return the models of which `fields=` may leave out parts, with nothing required."""
    partials: Json = {}
    for item in found:
        if item.operation.partial:
            model = _item_model(item.operation)
            whole = schemas.components[model.__name__]
            kept = {key: value for key, value in whole.items() if key != "required"}
            partials[f"{model.__name__}Fields"] = {
                **kept,
                "description": f"The fields of {model.__name__} that were asked for.",
            }
    return partials


def _item_model(operation: Operation) -> type[BaseModel]:
    """Return the model of the items of a list."""
    model: type[BaseModel] = get_args(operation.answers[200].model)[0]
    return model


def _either(own: Json, told: Json) -> Json:
    """Return the description of a status that is an answer and a refusal too."""
    both = {**own, "description": f"{own['description']}\n\n{told['description']}"}
    both["headers"] = own["headers"] | told["headers"]
    if "content" in own:
        options = [own["content"][JSON]["schema"], told["content"][JSON]["schema"]]
        both["content"] = {**told.get("content", {}), JSON: {"schema": {"anyOf": options}}}
    return both


def _options(path: str, section: Json) -> Json:
    """Return what OPTIONS answers on a path: which methods there are, and what a page of an allowed origin may send."""
    first = next(iter(section.values()))
    return {
        "operationId": _name("options", path),
        "tags": first["tags"],
        "summary": "Ask what may be sent here",
        "parameters": [
            {**item, "schema": {"type": "string"}}  # whatever stands there, the methods are the same
            for item in first["parameters"]
            if item["in"] == "path"
        ],
        "security": [],
        "responses": {
            "204": _response("The methods are in `Allow`.", _refs(("Allow", *_ALWAYS))),
            "503": {
                **_response(f"- `{Starting.code}`: {_first_sentence(Starting)}", _refs(_REFUSAL_HEADERS[503])),
                "content": {JSON: {"schema": {"$ref": "#/components/schemas/Error"}}},
            },
        },
    }


def _parameter(name: str, place: str, schema: Json, *, required: bool) -> Json:
    schema = dict(schema)
    parameter: Json = {"name": name, "in": place, "required": required}
    if "description" in schema:
        parameter["description"] = schema.pop("description")
    if "examples" in schema:
        parameter["example"] = schema.pop("examples")[0]
    if schema.pop("x-commas", False):
        parameter |= {"style": "form", "explode": False}
    return {**parameter, "schema": schema}


def _response(description: str, headers: Json) -> Json:
    return {"description": description, "headers": headers}


def _refs(names: Iterable[str]) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in dict.fromkeys(names)}


def _security(handler: type[Responder]) -> list[Json]:
    if handler.access == "public":
        return []
    token, login = {"token": [handler.access]}, {"login": list[str]()}
    return [{}, login, token] if handler.access == "read" or handler.is_open_to_host else [token, login]


def _name(method: str, path: str) -> str:
    words = re.findall(r"[a-zA-Z0-9]+", path)
    return "-".join([method, *words])


def _first_sentence(error: type[WorkbenchError]) -> str:
    if error is WorkbenchError:
        return "The server failed; its log has the details under the request's id."
    return inspect.cleandoc(error.__doc__ or "").partition("\n\n")[0]
