"""/ws and /api/events: what happens in the fleet, as it happens, over a WebSocket or as server-sent events."""

import asyncio
import re
from collections.abc import Awaitable, Collection, Hashable, Sequence
from typing import Annotated, Any, ClassVar, Final

import orjson
from pydantic import Field
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from api.admission import is_still_admitted
from api.base import ApiHandler, Responder
from api.broadcast import Broadcaster, EventLimits, Sink, Subscriber, broadcaster_of
from api.models.events import Envelope
from api.operation import Answer, operation
from api.queries import Position, Query, parse_query
from workbench.errors import Forbidden, InvalidRequest, TooManyClients
from workbench.events import TOPICS, Event, Topic
from workbench.security.origins import is_loopback

_EVENT_ID: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
EVENT_STREAM: Final = "text/event-stream"
_SMALL: Final = 126
"""Bytes of a message from which on its length takes more than one."""

_KNOWN_TOPICS: Final = frozenset(TOPICS)

TopicName = Annotated[str, Field(json_schema_extra={"enum": list(TOPICS)})]


class StreamQuery(Query):
    """Where to begin, and what about."""

    since: Position | None = None
    """Get what came after this event first."""
    topics: Annotated[tuple[TopicName, ...], Field(json_schema_extra={"x-commas": True})] = ()
    """Topics, by commas or repeated; all of them if it is left out."""

    def wanted(self, default: tuple[Topic, ...]) -> tuple[Topic, ...]:
        """Return the topics asked for, or the default; raises InvalidRequest for one that does not exist."""
        names = [name.strip() for item in self.topics for name in item.split(",")]
        for name in names:
            if name not in _KNOWN_TOPICS:
                message = f'parameter "topics": there is no topic "{name}"'
                raise InvalidRequest(message, parameter="topics", found=name, topics=TOPICS)
        return tuple(topic for topic in TOPICS if topic in names) or default


class RecentQuery(Query):
    """How many of the newest events."""

    limit: Annotated[int, Field(ge=1, le=1_000)] = 100
    """At most so many."""


class EventClient(Responder):
    """What the two kinds of connection share."""

    is_measured = False

    _subscriber: Subscriber | None = None

    def limits(self) -> EventLimits:
        """Return what a client may cost on this server."""
        limits: EventLimits | None = self.application.settings.get("event_limits")
        return limits or EventLimits()

    @property
    def broadcaster(self) -> Broadcaster:
        """The broadcaster of this loop."""
        return broadcaster_of(self.hub, self.limits())

    def stream_query(self) -> StreamQuery:
        """Return the parameters of the request; raises InvalidRequest."""
        return parse_query(StreamQuery, self.request.query_arguments)

    def follow(self, sink: Sink, topics: Collection[Topic], since: int | None) -> None:
        """Join those who follow the events, for as long as what let the client in holds; raises TooManyClients."""
        broadcaster = self.broadcaster
        self._subscriber = broadcaster.join(sink, topics, since)
        broadcaster.standing.watch(self, self.limits().standing_seconds)

    @property
    def credential(self) -> Hashable:
        """What let it in."""
        return self.caller, self.request.headers.get("Authorization"), self.request.headers.get("Cookie")

    @property
    def is_following(self) -> bool:
        """Whether it is still open."""
        return self._subscriber is not None and self._subscriber.is_open

    def may_stay(self) -> bool:
        """Whether what let it in still holds."""
        return is_still_admitted(self)

    def dismiss(self, code: int, reason: str) -> None:
        """Close it."""
        if self._subscriber is not None:
            self._subscriber.close(code, reason)


class EventSocket(EventClient, WebSocketHandler):
    """The WebSocket: `hello`, then events; a `subscribe` message chooses topics and replays."""

    access = "read"
    topics: ClassVar[tuple[Topic, ...]] = TOPICS
    """What a client gets that asks for nothing."""

    def prepare(self) -> Awaitable[None] | None:
        is_near = is_loopback(self.request.remote_ip or "")
        if self.origin is None and not is_near and "Authorization" not in self.request.headers:
            raise Forbidden("from another machine, a socket must come from an allowed page, or with a token")
        self.stream_query().wanted(self.topics)
        self.broadcaster.check_room()
        return super().prepare()

    def check_origin(self, origin: str) -> bool:
        """Allow: `prepare` has refused all other origins already, in words."""
        return True

    @property
    def ping_interval(self) -> float:
        return self.limits().ping_seconds

    @property
    def max_message_size(self) -> int:
        return self.limits().message_bytes

    def open(self, *_: str) -> None:
        self.set_nodelay(True)
        query = self.stream_query()
        self.follow(self, query.wanted(self.topics), query.since)

    def on_message(self, message: str | bytes) -> None:
        """Take a `subscribe`; whatever else a client says is no reason to lose it."""
        request = _parsed(message)
        if self._subscriber is None or request.get("type") != "subscribe":
            return
        topics, since = request.get("topics"), request.get("since")
        is_sound = (topics is None or isinstance(topics, list)) and (since is None or _is_sequence_number(since))
        if is_sound:
            known = None if topics is None else [topic for topic in TOPICS if topic in topics]
            self._subscriber.subscribe(known, since)

    def send(self, events: Sequence[Event]) -> "asyncio.Future[None]":
        """Send the events' frames, each a text message, in one write.

        `write_message` would frame each of them anew for every client, and start a task for it.
        """
        connection = self.ws_connection
        if connection is None or connection.is_closing() or connection.stream is None:
            raise WebSocketClosedError
        return connection.stream.write(b"".join([text_frame(event.frame) for event in events]))

    def beat(self) -> "asyncio.Future[None]":
        """Leave it to the protocol's own pings."""
        return _done()

    def end(self, code: int, reason: str) -> None:
        """Close with a code and a reason."""
        self.close(code, reason)

    def on_close(self) -> None:
        if self._subscriber is not None:
            self._subscriber.close()


def text_frame(content: bytes) -> bytes:
    """Return a text message as a server sends it (RFC 6455, 5.2): final, unmasked, not compressed."""
    size = len(content)
    if size < _SMALL:
        return b"\x81" + bytes((size,)) + content
    if size < 1 << 16:
        return b"\x81\x7e" + size.to_bytes(2) + content
    return b"\x81\x7f" + size.to_bytes(8) + content


def _done() -> "asyncio.Future[None]":
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    done.set_result(None)
    return done


class SystemSocket(EventSocket):
    """/ws/system: what concerns the fleet as a whole and the workbench itself."""

    access = "read"
    topics = ("system",)


class DeploymentSocket(EventSocket):
    """/ws/deployments: the progress of deployments."""

    access = "read"
    topics = ("deployments",)


class HealthSocket(EventSocket):
    """/ws/health: whether services are well, as the Neural Mux and our own observations say."""

    access = "read"
    topics = ("mux", "health")


def _parsed(message: str | bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(message)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _is_sequence_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


class EventStreamHandler(EventClient, ApiHandler):
    """GET: server-sent events. `since`, or the `Last-Event-ID` of a client that comes back, replays."""

    access = "read"

    _replays: bool = False

    @operation(
        "Events",
        "Follow the events",
        answers={200: Answer("Server-sent events without an end.", {EVENT_STREAM: str})},
        detail="`Last-Event-ID`, of a client that comes back, outranks `since`. See [the frames](asyncapi.json).",
        query=StreamQuery,
        headers=("Last-Event-ID",),
        errors=(TooManyClients,),
    )
    async def get(self) -> None:
        query = self.stream_query()
        topics = query.wanted(TOPICS)
        self.broadcaster.check_room()
        self.set_header("Content-Type", EVENT_STREAM)
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Accel-Buffering", "no")
        if self.request.method == "HEAD":
            return
        self._auto_finish = False
        since = self._since(query)
        self._replays = since is not None
        self.follow(self, topics, since)

    def _since(self, query: StreamQuery) -> int | None:
        last = self.request.headers.get("Last-Event-ID", "")
        return int(last) if _EVENT_ID.fullmatch(last) else query.since

    def send(self, events: Sequence[Event]) -> "asyncio.Future[None]":
        """Send events, each under its number."""
        self.write(b"".join([self._message(event) for event in events]))
        return self.flush()

    def _message(self, event: Event) -> bytes:
        # What is replayed comes after the greeting, which names the newest event: a browser that is cut off between
        # the two must not come back for what follows that one alone.
        number = b"" if self._replays and event.type == "hello" else b"id: %d\n" % event.seq
        return b"%sdata: %s\n\n" % (number, event.frame)

    def beat(self) -> "asyncio.Future[None]":
        """Send a comment."""
        self.write(b":\n\n")
        return self.flush()

    def end(self, code: int, reason: str) -> None:
        """Say why, and end the stream; a browser comes back by itself."""
        if not self._finished:
            self.finish(b"event: end\ndata: %s\n\n" % orjson.dumps({"code": code, "reason": reason}))

    def on_connection_close(self) -> None:
        if self._subscriber is not None:
            self._subscriber.close()


class RecentEventsHandler(ApiHandler):
    """GET: a bare array of the newest events, oldest first."""

    access = "read"

    @operation("Events", "List the newest events", list[Envelope], query=RecentQuery, detail="Oldest first.")
    def get(self) -> None:
        query = parse_query(RecentQuery, self.request.query_arguments)
        frames = [event.frame for event in self.hub.log.newest(query.limit)]
        self.set_header("Cache-Control", "no-store")
        self.finish(b"[" + b",".join(frames) + b"]")
