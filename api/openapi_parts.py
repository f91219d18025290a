"""The parts of the OpenAPI document that belong to no operation: title, tags, headers, ways to say who calls."""

from typing import Any, Final

from workbench import __version__

Json = dict[str, Any]

INFO: Final[Json] = {
    "title": "Crate Workbench",
    "version": __version__,
    "summary": "One live picture of a fleet of smart crates.",
    "description": (
        "Fields are always there; what is not known is null. Reads are of one revision, which their `ETag` names. "
        "Every error is the same envelope, with a stable code. Events are described by "
        "[the AsyncAPI document](asyncapi.json)."
    ),
    "license": {"name": "MIT", "identifier": "MIT"},
}

TAGS: Final = {
    "Crates": "The registry, and manifests that are only tried.",
    "Ports": "Claims, conflicts, and ports that are handed out.",
    "Deployments": "Crates that are deployed, and what came of it.",
    "Findings": "What is wrong or worth knowing.",
    "History": "What the fleet was, and what changed.",
    "Graph": "The slot graph and questions about it.",
    "Health": "How crates fare, by whom that is known, and since when.",
    "Mux": "What the Neural Mux tells, beside what is declared.",
    "Events": "What happens, as it happens.",
    "System": "How the server fares.",
    "Documents": "What describes this API.",
}


def _header(description: str, **schema: Any) -> Json:
    return {"description": description, "schema": {"type": "string", **schema}}


HEADERS: Final[Json] = {
    "Age": _header("How many seconds old the list is, while the server starts.", pattern="^[0-9]+$"),
    "Allow": _header("The methods that the path knows.", examples=["GET, HEAD, OPTIONS"]),
    "Cache-Control": _header("Whether the answer may be kept, and must be asked for again.", examples=["no-cache"]),
    "Content-Security-Policy": _header("What the page may load: nothing but from here."),
    "Referrer-Policy": _header("What the page tells where its links lead.", examples=["no-referrer"]),
    "Content-Disposition": _header("Under which name to keep the file."),
    "ETag": _header("The revision; send it back as `If-None-Match`.", pattern='^"[^"]+"$'),
    "Last-Modified": _header("When the list was kept, while the server starts."),
    "Link": _header("The neighbouring pages (RFC 8288), where `limit` was given."),
    "Location": _header("Where the result can be read.", format="uri-reference"),
    "Retry-After": _header("After how many seconds to try again.", pattern="^[0-9]+$"),
    "Vary": _header("The request headers that the answer depends on."),
    "WWW-Authenticate": _header("How to say who calls.", examples=["Bearer"]),
    "X-Fleet-State": _header(
        "`last-known` until the disk was compared: the list is as it was when the server last ran. `scanning` in the "
        "first scan of all: it is empty, and means nothing yet.",
        enum=["last-known", "scanning"],
    ),
    "X-Muted-Count": _header("How many of the findings asked for the settings accept.", pattern="^[0-9]+$"),
    "X-Request-Id": _header("Names the request in the server's log; the caller may choose it."),
    "X-Revision": _header("The revision that was asked.", pattern="^[0-9]+$"),
    "X-Truncated": _header("Whether there were more rows than the limit.", enum=["true", "false"]),
    "X-Total-Count": _header("How many there are in all, before `limit` and `offset`.", pattern="^[0-9]+$"),
}

REQUEST_HEADERS: Final[Json] = {
    "Idempotency-Key": {
        "description": "Makes a repetition of the request harmless: it gets the first answer again.",
        "schema": {"type": "string", "pattern": r"^[\x21-\x7e]{1,200}$"},
        "example": "build-42",
    },
    "If-None-Match": {
        "description": "An `ETag` that the caller has; 304 while nothing changed.",
        "schema": {"type": "string"},
    },
    "Last-Event-ID": {
        "description": "The number of the last event that a client got which comes back.",
        "schema": {"type": "string", "pattern": "^[0-9]{1,18}$"},
    },
}

SECURITY_SCHEMES: Final[Json] = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of the server; `workbench serve` says where it is kept.",
    },
    "login": {
        "type": "apiKey",
        "in": "cookie",
        "name": "user",
        "description": "The pages' own login, where the server has one.",
    },
}
