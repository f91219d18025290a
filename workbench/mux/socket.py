"""The WebSocket of a Mux: every message is a hint that something changed, and the client looks at once."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

import orjson
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from workbench.mux.circuit import Circuit
from workbench.mux.view import SocketState

PATH: Final = "/ws/mux"
TOPICS: Final = ("topology", "health", "ooda")
_MAX_BYTES: Final = 1_000_000
_quiet: Final = logging.getLogger(f"{__name__}.library")
_quiet.setLevel(logging.INFO)  # at the level below, the library tells headers, and so the token
_CLOSE_SECONDS: Final = 1.0
_PROVEN: Final = 30.0
"""How long a silent connection must have lasted, in seconds, for its loss to be the first failure of a series."""
_LIVENESS: Final = frozenset({"ping", "pong", "subscribed", "welcome", "hello"})


class MuxSocket:
    """Keeps a subscription alive. What messages say is not believed over the endpoints: their shapes vary even more."""

    def __init__(
        self, url: str, on_hint: Callable[[], None], token: str | None = None, timeout: float = 5.0, pause: float = 5.0
    ) -> None:
        scheme, _, rest = url.partition("://")
        self._url = f"{'wss' if scheme == 'https' else 'ws'}://{rest.rstrip('/')}{PATH}"
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._on_hint = on_hint
        self._timeout = timeout
        self._circuit = Circuit(pause)
        self.state: SocketState = "connecting"
        self.error: str | None = None
        self.messages = 0

    async def run(self) -> None:
        """Connect, subscribe and listen, again after each loss, until it is cancelled."""
        while True:
            self._circuit.begin()
            began = time.monotonic()
            try:
                await self._listen()
                self.error = "the connection was closed"
            except (OSError, TimeoutError, WebSocketException) as problem:
                self.error = str(problem) or type(problem).__name__
            if self.state == "subscribed" and time.monotonic() - began > _PROVEN:
                self._circuit.succeed()
            self.state = "lost"
            self._circuit.fail()
            await asyncio.sleep(self._circuit.pause())

    async def _listen(self) -> None:
        # Compression would let a small message unfold to a large one; the proxy of an environment is not asked.
        async with connect(
            self._url,
            additional_headers=self._headers,
            open_timeout=self._timeout,
            close_timeout=_CLOSE_SECONDS,
            max_size=_MAX_BYTES,
            compression=None,
            proxy=None,
            logger=_quiet,
        ) as connection:
            await connection.send(orjson.dumps({"type": "subscribe", "topics": TOPICS}).decode())
            self.state, self.error = "subscribed", None
            self._on_hint()
            async for message in connection:
                self._circuit.succeed()
                self.messages += 1
                if _is_news(message):
                    self._on_hint()


def _is_news(message: str | bytes) -> bool:
    """Whether a message may tell of a change: all do but those that only keep the connection alive."""
    try:
        body = orjson.loads(message)
    except orjson.JSONDecodeError:
        return False
    return not (isinstance(body, dict) and body.get("type") in _LIVENESS)
