"""The AsyncAPI document of the events: the WebSocket and the stream, made of the models of the frames."""

from typing import Any, Final

from api.models.base import Model
from api.models.events import EVENTS, MARKS, Envelope, Subscribe
from api.openapi_parts import INFO
from api.schemas import Json, Schemas, plain
from workbench.config import DEFAULT_PORT, DEFAULT_WS_PORT
from workbench.events import TOPICS

_STREAM: Final = "stream"
_CHANNELS: Final = {
    "socket": ("/ws", "WebSocket: `hello`, then events. A `subscribe` message chooses topics and replays."),
    "system": ("/ws/system", "WebSocket: as `/ws`, subscribed to what concerns the fleet as a whole."),
    "deployments": ("/ws/deployments", "WebSocket: as `/ws`, subscribed to deployments."),
    "health": ("/ws/health", "WebSocket: as `/ws`, subscribed to the Neural Mux and to the health of services."),
    _STREAM: ("/api/events", "Server-sent events: each frame is the `data` of one, whose `id` is its `seq`."),
}


def asyncapi_document(mount: str = "") -> Json:
    """Return the AsyncAPI 3.0 document of the events; below a path `mount`, the host is whichever serves that."""
    frames = {**{name: model for name, (_, model) in EVENTS.items()}, **MARKS}
    schemas = Schemas([(model, "answer") for model in {*frames.values()}] + [(Subscribe, "request")])
    messages = {name: _message(name, model, schemas) for name, model in frames.items()}
    messages["subscribe"] = {"name": "subscribe", "payload": schemas.of(Subscribe, "request"), **_said(Subscribe)}
    return {
        "asyncapi": "3.0.0",
        "info": {key: INFO[key] for key in ("title", "version")} | {"description": _DESCRIPTION, "license": _LICENSE},
        "defaultContentType": "application/json",
        **({} if mount else {"servers": _SERVERS}),
        "channels": {name: _channel(name, list(frames), mount) for name in _CHANNELS},
        "operations": _operations(list(frames)),
        "components": {"messages": messages, "schemas": schemas.components},
    }


_SERVERS: Final[Json] = {
    "pages": {"host": f"localhost:{DEFAULT_PORT}", "protocol": "ws"},
    "own": {"host": f"localhost:{DEFAULT_WS_PORT}", "protocol": "ws", "description": "The socket's own port."},
    "http": {"host": f"localhost:{DEFAULT_PORT}", "protocol": "http"},
}
_LICENSE: Final = {"name": "MIT"}
_DESCRIPTION: Final = (
    "Each frame is text, one envelope. Sequence numbers only rise, also over restarts; where some events are no longer "
    "kept, `resync` says so. Unknown and malformed messages are ignored. A client that does not read is disconnected "
    "with code 1013 once its queue is full, one whose token or sign-in is over with 1008, and all are with "
    "1001 when the server stops."
)


def _message(name: str, model: type[Model], schemas: Schemas) -> Json:
    """Return the message of a type of frame: the envelope with this type, its topics, and its data."""
    envelope = plain(Envelope.model_json_schema())
    topic = EVENTS[name][0] if name in EVENTS else "system"
    envelope["properties"] |= {
        "type": {"const": name},
        "topic": {"const": topic},
        "data": schemas.of(model),
    }
    return {"name": name, "tags": [{"name": topic}], "payload": envelope, **_said(model)}


def _said(model: type[Model]) -> Json:
    return {"summary": (model.__doc__ or "").partition("\n\n")[0]}


def _channel(name: str, frames: list[str], mount: str) -> Json:
    address, description = _CHANNELS[name]
    known = [*frames, *([] if name == _STREAM else ["subscribe"])]
    channel: Json = {
        "address": mount + address,
        "description": description,
        "messages": {frame: {"$ref": f"#/components/messages/{frame}"} for frame in known},
    }
    if not mount:
        servers = ("http",) if name == _STREAM else ("pages", "own")
        channel["servers"] = [{"$ref": f"#/servers/{server}"} for server in servers]
    if name != _STREAM:
        channel["bindings"] = {"ws": {"method": "GET", "query": _query()}}
    return channel


def _query() -> Json:
    return {
        "type": "object",
        "properties": {
            "since": {"type": "integer", "minimum": 0, "description": "Get what came after this event first."},
            "topics": {"type": "string", "description": f"By commas: {', '.join(TOPICS)}."},
        },
    }


def _operations(frames: list[str]) -> Json:
    def entry(channel: str, action: str, names: list[str], summary: str) -> dict[str, Any]:
        references = [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in names]
        return {
            "action": action,
            "channel": {"$ref": f"#/channels/{channel}"},
            "summary": summary,
            "messages": references,
        }

    sockets = [name for name in _CHANNELS if name != _STREAM]
    return {
        **{
            f"follow{name.title()}": entry(name, "send", frames, "The server tells what happens.") for name in _CHANNELS
        },
        **{
            f"subscribe{name.title()}": entry(name, "receive", ["subscribe"], "A client chooses what it gets.")
            for name in sockets
        },
    }
