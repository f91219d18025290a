"""Why a Mux could not be read."""

from typing import Literal

FailureKind = Literal[
    "unreachable", "timeout", "http", "unauthorized", "absent", "not-json", "shape", "too-large", "error"
]


class MuxFailure(Exception):
    """A request to a Mux came to nothing. `kind` is stable, `reason` for people; it holds no secret."""

    def __init__(self, kind: FailureKind, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
