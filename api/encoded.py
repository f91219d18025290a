"""Answers as bytes: encoded once per revision, compressed once, and told apart by a tag."""

import asyncio
import gzip
import logging
import sys
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Final, Generic, Literal, TypeVar, cast

import orjson
from tornado.iostream import StreamClosedError

from api.base import ApiHandler, off_loop
from api.kept import Kept
from api.queries import Q, parse_query
from api.repeats import PART, keep_reply
from workbench.errors import Unavailable
from workbench.fleet.snapshot import Snapshot
from workbench.processes.allocation import own_block

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

logger = logging.getLogger(__name__)

T = TypeVar("T")

Coding = Literal["zstd", "gzip", "identity"]

_GZIP_LEVEL: Final = 6
_ZSTD_LEVEL: Final = 3
_WORTH_COMPRESSING: Final = 1024
_KEPT_BYTES: Final = 8_000_000
_EACH: Final = 200
"""Bytes that Python adds to an answer and its URL."""
_REFRESH_SECONDS: Final = 30.0


class Once(Generic[T]):
    """A value that is computed once, on a worker thread, however many ask for it at the same time."""

    __slots__ = ("_compute", "_flights", "_lock", "_value")

    def __init__(self, compute: Callable[[], T]) -> None:
        self._compute: Callable[[], T] | None = compute
        self._lock = threading.Lock()
        self._flights: dict[asyncio.AbstractEventLoop, asyncio.Task[T]] = {}
        self._value: T | None = None

    def get(self) -> T:
        """Return the value, computing it on this thread if nobody has."""
        with self._lock:
            if self._compute is not None:
                self._value = self._compute()
                # The computation holds its snapshot; forgetting it lets a replaced snapshot go at once.
                self._compute = None
        return cast(T, self._value)

    async def wait(self) -> T:
        """Return the value without holding up the loop."""
        if self._compute is None:
            return cast(T, self._value)
        loop = asyncio.get_running_loop()
        flight = self._flights.get(loop)
        if flight is None:
            flight = self._flights[loop] = loop.create_task(off_loop(self.get))
            flight.add_done_callback(lambda _: self._flights.pop(loop, None))
        # Shielded: one caller that is cancelled must not fail the others.
        return await asyncio.shield(flight)


class Body:
    """The bytes of one answer at one revision, in every coding."""

    __slots__ = ("count", "gzip", "identity", "zstd")

    def __init__(self, encode: Callable[[], bytes], count: int | None = None) -> None:
        identity = self.identity = Once(encode)
        self.gzip = Once(lambda: gzip.compress(identity.get(), _GZIP_LEVEL, mtime=0))
        self.zstd = Once(lambda: zstd.compress(identity.get(), _ZSTD_LEVEL))
        self.count = count

    def coded(self, coding: Coding) -> Once[bytes]:
        """Return the bytes in a coding."""
        coded: Once[bytes] = getattr(self, coding)
        return coded


class Answers(Kept[str, bytes]):
    """The newest answers of one revision by URL, up to some bytes in all; for clients that ask the same again."""

    def __init__(self, capacity: int = _KEPT_BYTES) -> None:
        super().__init__(capacity)

    def weight(self, key: str, value: bytes) -> int:
        """Return the bytes of an answer and of its URL."""
        return _EACH + len(key) + len(value)


def json_bytes(model: object) -> bytes:
    """Return a model as JSON."""
    return orjson.dumps(model, option=orjson.OPT_NON_STR_KEYS)


@lru_cache(maxsize=256)
def accepted_coding(header: str) -> Coding:
    """Return the coding that an `Accept-Encoding` header likes best, of those that are served (RFC 9110, 12.5.3).

    zstd has to be named: whoever says `*` and means it reads gzip, and not all of them zstd.
    """
    weights = dict(_weighted(part) for part in header.split(",") if part.strip())
    anything = weights.get("*", 0.0)
    offered: dict[Coding, float] = {"zstd": weights.get("zstd", 0.0), "gzip": weights.get("gzip", anything)}
    best = max(offered, key=lambda coding: offered[coding])  # of equals the first
    return best if offered[best] > 0 and offered[best] >= weights.get("identity", 0.0) else "identity"


def _weighted(part: str) -> tuple[str, float]:
    name, _, parameters = part.partition(";")
    key, _, value = parameters.partition("=")
    try:
        weight = float(value) if key.strip().lower() == "q" else 1.0
    except ValueError:
        weight = 0.0
    return name.strip().lower(), weight if 0 <= weight <= 1 else 0.0


class EncodedHandler(ApiHandler):
    """Base of the answers that are bytes already and have a tag."""

    sent: bytes = b""
    """The body of the answer."""

    def set_default_headers(self) -> None:
        super().set_default_headers()
        self.set_header("Vary", "Accept-Encoding, Origin")

    def is_tag_known(self, tag: str) -> bool:
        """Tag the answer; True, with a 304 sent, if the caller has that already.

        All codings share the tag: ranges are not served, so no answer can be pieced together from two.
        """
        self.set_header("ETag", f'"{tag}"')
        self.set_header("Cache-Control", "no-cache")
        if not self.check_etag_header():
            return False
        self.set_status(304)
        self.finish()
        return True

    async def finish_body(self, body: Body) -> None:
        """Finish with a body, in the coding that the caller takes."""
        if body.count is not None:
            self.set_header("X-Total-Count", str(body.count))
        data = await body.identity.wait()
        if len(data) > _WORTH_COMPRESSING:
            coding = accepted_coding(self.request.headers.get("Accept-Encoding", ""))
            if coding != "identity":
                self.set_header("Content-Encoding", coding)
                data = await body.coded(coding).wait()
        await self.finish_bytes(data)

    async def finish_bytes(self, data: bytes) -> None:
        """Finish with bytes; many are sent in parts, between which others have their turn."""
        self.sent = data
        if len(data) <= PART or self.request.method == "HEAD":
            self.finish(data)
            return
        self.set_header("Content-Length", str(len(data)))
        try:
            for start in range(0, len(data), PART):
                self.write(data[start : start + PART])
                await self.flush()
                await asyncio.sleep(0)
        except StreamClosedError:
            logger.debug("request %s: the client left before it had all", self.request_id)
        self.finish()


@lru_cache(maxsize=256)
def _nothing_asked(model: type[Q]) -> Q:
    """Return the parameters of a request without any; they are frozen, so that all may share them."""
    return parse_query(model, {})


class SnapshotHandler(EncodedHandler):
    """Base of the reads: everything in an answer is of one revision, which is also its tag."""

    source: Snapshot | None = None
    """The snapshot that the answer was made from, if it depends on nothing else."""
    _looks: bool = False

    def query(self, model: type[Q]) -> Q:
        """Return the request's parameters; raises InvalidRequest."""
        arguments = self.request.query_arguments
        return parse_query(model, arguments) if arguments else _nothing_asked(model)

    async def current(self, refresh: bool = False) -> Snapshot:
        """Return the newest snapshot, after a look at the disk if that is asked for."""
        self._looks = refresh
        if refresh and self.hub.is_running:
            try:
                return await asyncio.wait_for(asyncio.wrap_future(self.hub.refresh()), _REFRESH_SECONDS)
            except TimeoutError:
                raise Unavailable("looking at the disk takes too long; ask without refresh") from None
        return self.hub.snapshot

    def is_known(self, snapshot: Snapshot, version: int | str | None = None) -> bool:
        """Tag the answer with its revision; True, with a 304 sent, if the caller has that already.

        `version` tells states within one revision apart, such as those of the assignments; 0 or empty before the first.
        """
        is_settled = version is None and not self._looks and self.hub.phase == "ready"
        self.source = snapshot if is_settled else None
        return self.is_tag_known(f"{self.hub.instance}-{snapshot.revision}" + (f"-{version}" if version else ""))

    async def send_body(self, snapshot: Snapshot, key: str, make: Callable[[Snapshot], Body]) -> None:
        """Finish with the bytes of a whole resource, shared by all who read this revision."""
        if not self.is_known(snapshot):
            await self.finish_body(snapshot.derive(("api", key), make))

    async def send_model(
        self, snapshot: Snapshot, model: Callable[[], object], version: int | str | None = None
    ) -> None:
        """Finish with a model made on a worker thread, or with what the same request was answered in this revision."""
        if self.is_known(snapshot, version):
            return
        answers = snapshot.derive(("api", "answers"), lambda _: Answers())
        url = f"{self.request.uri} {version or ''}"
        data = answers.get(url)
        if data is None:
            data = await off_loop(lambda: own_block(json_bytes(model())))
            answers.keep(url, data)
        await self.finish_bytes(data)

    def on_finish(self) -> None:
        super().on_finish()
        if self.source is not None:
            keep_reply(self, self.source, self.sent)
