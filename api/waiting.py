"""What handlers that wait for the hub have in common: for how long, and under which key."""

import asyncio
import re
from concurrent.futures import Future
from typing import Final, TypeVar

from tornado.web import RequestHandler

from workbench.errors import InvalidRequest, Unavailable

T = TypeVar("T")

_SECONDS: Final = 30.0
_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")


async def answered(future: "Future[T]") -> T:
    """Return what the hub answers; raises Unavailable if it takes too long.

    What still waits then is never done; what is just being written is done, and found again by its idempotency key.
    """
    try:
        return await asyncio.wait_for(asyncio.wrap_future(future), _SECONDS)
    except TimeoutError:
        raise Unavailable("the hub is busy; ask again, with the same Idempotency-Key") from None


def idempotency_key(handler: RequestHandler) -> str | None:
    """Return the key of a request; None without one. Raises InvalidRequest."""
    key = handler.request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        raise InvalidRequest(
            "Idempotency-Key: up to 200 printable ASCII characters without spaces", parameter="Idempotency-Key"
        )
    return key
