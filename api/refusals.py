"""From whatever went wrong to the one error envelope."""

from http import HTTPStatus
from typing import Any, Final

import orjson
from tornado.web import HTTPError

from workbench.errors import WorkbenchError

_CODES: Final = {401: "unauthorized", 403: "forbidden", 404: "not-found", 405: "method-not-allowed"}
_INTERNAL_MESSAGE: Final = "the server failed to answer; its log has the details under this request id"


def refusal(status: int, error: BaseException | None) -> WorkbenchError:
    """Return the error to tell a client: the domain's own as it is, Tornado's by its status, others as internal."""
    if isinstance(error, WorkbenchError):
        return error
    if isinstance(error, HTTPError):
        status = error.status_code
    if error is not None and not isinstance(error, HTTPError):
        status = 500
    return _HttpRefusal(status)


class _HttpRefusal(WorkbenchError):
    """An error that is known by its HTTP status alone."""

    def __init__(self, status: int) -> None:
        self.status = status  # type: ignore[misc]
        if status >= 500:
            super().__init__(_INTERNAL_MESSAGE)
            return
        self.code = _CODES.get(status, "bad-request")  # type: ignore[misc]
        super().__init__(HTTPStatus(status).description or HTTPStatus(status).phrase)


def envelope(error: WorkbenchError, request_id: str) -> bytes:
    """Return {"error": {code, message, details, request_id}} as JSON."""
    body: dict[str, Any] = {
        "code": error.code,
        "message": error.message,
        "details": error.details,
        "request_id": request_id,
    }
    return orjson.dumps({"error": body}, default=str, option=orjson.OPT_NON_STR_KEYS)
