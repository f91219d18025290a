"""Bodies beyond every limit: refused in the envelope before they are read. Tornado says 400 and nothing else."""

import asyncio
import contextlib
import json
from typing import Final

from tornado.http1connection import HTTP1Connection
from tornado.httputil import HTTPHeaders
from tornado.iostream import StreamClosedError

from workbench.errors import PayloadTooLarge

MAX_BODY: Final = 16 * 1024 * 1024
_LINGER_SECONDS: Final = 2.0
_CHUNK: Final = 65_536


def is_oversized(headers: HTTPHeaders) -> bool:
    """Whether a request says that its body is too large for any route."""
    length = headers.get("Content-Length", "")
    return length.isdecimal() and (len(length) > len(str(MAX_BODY)) + 9 or int(length) > MAX_BODY)


async def refuse(connection: HTTP1Connection) -> None:
    """Answer 413 and close the connection.

    What the client still sends is read for a moment and forgotten: closing at once would reset the connection, and
    the client might never see the answer.
    """
    stream = connection.detach()
    with contextlib.suppress(StreamClosedError, TimeoutError):
        await stream.write(_answer())
        async with asyncio.timeout(_LINGER_SECONDS):
            while True:
                await stream.read_bytes(_CHUNK, partial=True)
    stream.close()


def _answer() -> bytes:
    error = {
        "code": PayloadTooLarge.code,
        "message": f"no request may have more than {MAX_BODY} bytes",
        "details": {"limit": MAX_BODY},
        "request_id": None,
    }
    body = json.dumps({"error": error}).encode()
    head = (
        "HTTP/1.1 413 Content Too Large\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n"
        f"X-Content-Type-Options: nosniff\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
