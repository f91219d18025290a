"""One request to a Mux: within a time and a size, conditional where the server allows, JSON or a clear failure."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx
import orjson

from workbench.mux.failures import MuxFailure

DEFAULT_TIMEOUT: Final = 5.0
DEFAULT_MAX_BYTES: Final = 4_000_000

_ABSENT: Final = frozenset({404, 405, 410, 501})
_VALIDATORS: Final = (("etag", "If-None-Match"), ("last-modified", "If-Modified-Since"))


@dataclass(frozen=True, slots=True)
class Answer:
    """A JSON answer. `body` is the very object of the answer before where the server says that nothing changed."""

    body: object
    headers: Mapping[str, str]


class Exchange:
    """A connection to one server. Redirects are not followed: a token must not travel to where nobody meant it to."""

    def __init__(
        self, url: str, token: str | None = None, timeout: float = DEFAULT_TIMEOUT, max_bytes: int = DEFAULT_MAX_BYTES
    ) -> None:
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "crate-workbench"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._kept: dict[str, Answer] = {}
        self._http = httpx.AsyncClient(base_url=url, headers=headers, timeout=timeout, trust_env=False)

    async def close(self) -> None:
        """Close the connection."""
        await self._http.aclose()

    async def get(self, path: str) -> Answer:
        """Return what a path answers; raises MuxFailure for anything but JSON within the limits."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._get(path)
        except (TimeoutError, httpx.TimeoutException):
            raise MuxFailure("timeout", f"{path}: no complete answer in {self._timeout:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            words = str(error) or type(error).__name__
            raise MuxFailure("unreachable", f"{path}: {words}") from None

    async def _get(self, path: str) -> Answer:
        kept = self._kept.get(path)
        asked = {ask: kept.headers[name] for name, ask in _VALIDATORS if kept and name in kept.headers}
        async with self._http.stream("GET", path, headers=asked) as response:
            if response.status_code == 304 and kept is not None:
                return kept
            self._kept.pop(path, None)
            _check(path, response)
            content = await self._content(path, response)
        answer = Answer(_parsed(path, content), dict(response.headers))
        if any(name in answer.headers for name, _ in _VALIDATORS):
            self._kept[path] = answer
        return answer

    async def _content(self, path: str, response: httpx.Response) -> bytes:
        content = bytearray()
        # What is on the wire counts: an encoding that we did not ask for could unfold to any size.
        async for chunk in response.aiter_raw():
            content += chunk
            if len(content) > self._max_bytes:
                raise MuxFailure("too-large", f"{path}: the answer exceeds {self._max_bytes:,} bytes")
        return bytes(content)


def _check(path: str, response: httpx.Response) -> None:
    status = response.status_code
    if status in (401, 403):
        raise MuxFailure("unauthorized", f"{path}: HTTP {status}; see mux.token_env and mux.token_file")
    if status in _ABSENT:
        raise MuxFailure("absent", f"{path}: HTTP {status}")
    if status != 200:
        raise MuxFailure("http", f"{path}: HTTP {status}")
    encoding = response.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise MuxFailure("not-json", f"{path}: the answer is encoded as {encoding[:40]}, which was not asked for")


def _parsed(path: str, content: bytes) -> object:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise MuxFailure("not-json", f"{path}: the answer is no JSON: {error.msg}") from None
