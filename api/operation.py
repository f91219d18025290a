"""What a verb of a handler takes and answers, said beside it; `openapi` makes the published document of this.

Nothing here runs when a request is answered: the descriptions are held to the real answers by tests.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from api.base import JSON
from api.queries import Query
from workbench.errors import WorkbenchError

F = TypeVar("F", bound=Callable[..., Any])

HTML: Final = "text/html"
TEXT: Final = "text/plain"

_MARK: Final = "__operation__"


@dataclass(frozen=True)
class Answer:
    """One status of an operation: what it means, the model of its JSON, and headers of its own.

    `model` may also be a mapping from media types to models; None stands for no body.
    """

    description: str
    model: Any = None
    headers: tuple[str, ...] = ()

    @property
    def content(self) -> Mapping[str, Any]:
        """The models of the body by media type."""
        return self.model if isinstance(self.model, Mapping) else {} if self.model is None else {JSON: self.model}


@dataclass(frozen=True)
class Operation:
    """One verb of one route. Path parameters are those of the method, with the limits of their annotations.

    `answers` are the successes by status, `errors` the refusals that are the operation's own: those that come of its
    access, query and body are added. `body` maps media types to models.
    """

    tag: str
    summary: str
    answers: Mapping[int, Answer]
    detail: str = ""
    query: type[Query] | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    body_examples: Mapping[str, object] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    errors: tuple[type[WorkbenchError], ...] = ()
    partial: bool = False
    """Whether `fields=` may leave out fields of the answer's items."""


def operation(  # noqa: PLR0913 - one keyword for each thing that can be said of an operation
    tag: str,
    summary: str,
    answer: Any = None,
    *,
    answers: Mapping[int, Answer] | None = None,
    detail: str = "",
    query: type[Query] | None = None,
    body: Any = None,
    body_examples: Mapping[str, object] | None = None,
    headers: tuple[str, ...] = (),
    errors: tuple[type[WorkbenchError], ...] = (),
    partial: bool = False,
) -> Callable[[F], F]:
    """Return the decorator that describes a verb and leaves it as it is.

    `answer` is the model of a plain 200, `answers` says it at length; `body` is a model of a JSON body, or a mapping
    from media types to models.
    """
    described = Operation(
        tag=tag,
        summary=summary,
        answers=answers or {200: Answer(summary, answer)},
        detail=detail,
        query=query,
        body=body if isinstance(body, Mapping) else {} if body is None else {JSON: body},
        body_examples=body_examples or {},
        headers=headers,
        errors=errors,
        partial=partial,
    )

    def mark(verb: F) -> F:
        setattr(verb, _MARK, described)
        return verb

    return mark


def operation_of(verb: Callable[..., Any]) -> Operation | None:
    """Return what was said of a verb; None if nothing was."""
    return getattr(verb, _MARK, None)
