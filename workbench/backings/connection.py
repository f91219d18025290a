"""Questions to a running server over HTTP, with its refusals as the exceptions that they are there."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import orjson

from workbench.errors import InvalidRequest, Unauthorized, Unavailable, WorkbenchError, error_named
from workbench.security.origins import is_loopback

SECONDS: Final = 40.0


class Connection:
    """An HTTP connection to a workbench at a URL, kept open between questions; any thread may ask."""

    def __init__(self, url: str, token: str | None = None, transport: httpx.BaseTransport | None = None) -> None:
        self.url = url.rstrip("/")
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidRequest(f'"{url}" is no address of a server: expected one such as http://127.0.0.1:15180')
        self.headers: dict[str, str] = {"Authorization": f"Bearer {token}"} if token else {}
        # On one machine, packing costs more than it saves.
        coding = {"Accept-Encoding": "identity"} if is_near(parts.hostname) else {}
        self._http = httpx.Client(
            base_url=self.url, headers={**self.headers, **coding}, timeout=SECONDS, transport=transport
        )

    def get(self, path: str, parameters: Mapping[str, Any] | None = None, tag: str | None = None) -> httpx.Response:
        """Return an answer: 200, or 304 if it still has the tag. Raises what the server said, or Unavailable."""
        headers = {"If-None-Match": tag} if tag else {}
        return self._ask("GET", path, params=parameters, headers=headers)

    def post(self, path: str, body: object, accept: str) -> httpx.Response:
        """Send JSON and return the answer. Raises what the server said, or Unavailable."""
        content = orjson.dumps(body, default=str, option=orjson.OPT_SERIALIZE_NUMPY)
        headers = {"Content-Type": "application/json", "Accept": accept}
        return self._ask("POST", path, content=content, headers=headers)

    def json(self, path: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Return a JSON answer."""
        return self.parsed(self.get(path, parameters))

    def parsed(self, answer: httpx.Response) -> Any:
        """Return the JSON of an answer; raises Unavailable for anything else."""
        try:
            return orjson.loads(answer.content)
        except ValueError:
            raise self._stranger(answer) from None

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _ask(self, method: str, path: str, **content: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **content)
        except httpx.TimeoutException:
            raise Unavailable(f"the workbench at {self.url} does not answer within {SECONDS:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, RuntimeError) as error:  # RuntimeError: after `close`
            raise Unavailable(f"no workbench answers at {self.url}: {error}", url=self.url) from None
        if answer.is_success or answer.status_code == 304:
            return answer
        raise self._refusal(answer)

    def _refusal(self, answer: httpx.Response) -> WorkbenchError:
        try:
            said = orjson.loads(answer.content)["error"]
            return error_named(str(said["code"]), str(said["message"]), dict(said.get("details") or {}))
        except (ValueError, KeyError, TypeError):
            if answer.status_code in (401, 403):
                # Whoever stands before the workbench there: a Jupyter server, a proxy.
                return Unauthorized(f"what answers at {self.url} wants to know who calls; give its token", url=self.url)
            return self._stranger(answer)

    def _stranger(self, answer: httpx.Response) -> Unavailable:
        return Unavailable(f"what answers at {self.url} is no workbench (HTTP {answer.status_code})", url=self.url)


def is_near(host: str) -> bool:
    """Whether a host is this machine."""
    return host == "localhost" or is_loopback(host)
