"""A client of a running workbench: what the command line asks a server."""

from typing import Any

import httpx

from workbench.desks.assignments import AssignmentRequest
from workbench.errors import RemoteError, Unavailable

Json = dict[str, Any]

_SECONDS = 40.0


class Client:
    """The assignments of a server at a URL, such as http://127.0.0.1:15180. Changes need its token.

    Every call raises RemoteError with what the server said, or Unavailable if none answers.
    """

    def __init__(self, url: str, token: str | None = None, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.url = url.rstrip("/")
        self._http = httpx.Client(base_url=self.url, headers=headers, timeout=_SECONDS, transport=transport)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def assignments(self, history: bool = False) -> list[Json]:
        """Return the assignments that hold, by port; with `history` those that ended too, newest first."""
        found: list[Json] = self._ask("GET", "/api/ports/assignments", params={"history": str(history).lower()})
        return found

    def assign(self, request: AssignmentRequest, key: str | None = None) -> Json:
        """Ask for a port."""
        fields = {
            "crate_name": request.crate_name,
            "label": request.label,
            "block": request.block,
            "preferred": request.preferred,
            "lease_seconds": request.lease_seconds,
        }
        made: Json = self._ask(
            "POST", "/api/ports/assign", json=fields, headers={"Idempotency-Key": key} if key is not None else {}
        )
        return made

    def release(self, port: int, expected: str | None = None, key: str | None = None) -> Json:
        """Give a port back; `expected` is the id that the assignment must have."""
        headers = {"Idempotency-Key": key} if key is not None else {}
        ended: Json = self._ask("POST", f"/api/ports/{port}/release", json={"id": expected}, headers=headers)
        return ended

    def _ask(self, method: str, path: str, **content: Any) -> Any:
        try:
            answer = self._http.request(method, path, **content)
            body = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable(f"no workbench answers at {self.url}: {error}") from None
        except ValueError:
            raise Unavailable(f"what answers at {self.url} is no workbench (HTTP {answer.status_code})") from None
        if answer.is_success:
            return body
        said = body.get("error", {}) if isinstance(body, dict) else {}
        message = str(said.get("message", f"HTTP {answer.status_code}"))
        raise RemoteError(message, code=said.get("code"), status=answer.status_code)
