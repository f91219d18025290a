"""What is known of the Mux at a moment: the last result, whether it still comes, and why not."""

from dataclasses import dataclass
from typing import Literal

from workbench.fleet.mux import MuxResult
from workbench.mux.circuit import CircuitState

Phase = Literal["connecting", "live", "away"]
SocketState = Literal["off", "connecting", "subscribed", "lost"]


@dataclass(frozen=True)
class MuxView:
    """An immutable state of the connection to a Mux; readers never wait for the next one. Moments are in seconds since
    the epoch.
    """

    url: str
    phase: Phase = "connecting"
    since: float = 0.0
    result: MuxResult | None = None
    error: str | None = None
    """Why the newest try failed; None if it did not."""
    failures: int = 0
    circuit: CircuitState = "closed"
    next_try_at: float | None = None

    @property
    def is_live(self) -> bool:
        """Whether the result is to be relied on, apart from its age."""
        return self.phase == "live" and self.result is not None
