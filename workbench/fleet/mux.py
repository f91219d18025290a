"""What a Neural Mux tells, whichever it is: services with their health, and which of them speak with which."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, NamedTuple

ServiceHealth = Literal["healthy", "degraded", "unhealthy", "unknown"]

_WORDS: Final[dict[ServiceHealth, frozenset[str]]] = {
    "healthy": frozenset(
        {"active", "alive", "green", "healthy", "live", "ok", "okay", "online", "operational", "pass", "passing"}
        | {"ready", "running", "serving", "true", "up"}
    ),
    "degraded": frozenset(
        {"busy", "degraded", "draining", "initializing", "maintenance", "partial", "pending", "recovering", "slow"}
        | {"starting", "warn", "warning", "yellow"}
    ),
    "unhealthy": frozenset(
        {"critical", "crashed", "dead", "down", "error", "fail", "failed", "failing", "false", "inactive", "offline"}
        | {"red", "stopped", "timeout", "unavailable", "unhealthy", "unreachable"}
    ),
}


def health_of(word: object) -> ServiceHealth:
    """Return what a word (or a flag) says of a service's health; `unknown` for one that says nothing clear."""
    text = str(word).strip().lower()
    return next((health for health, words in _WORDS.items() if text in words), "unknown")


class MuxService(NamedTuple):
    """A service as a Mux describes it. `said` is its own word for the health, `checked_at` when it says it looked."""

    id: str
    name: str
    port: int | None = None
    health: ServiceHealth = "unknown"
    said: str = ""
    endpoint: str | None = None
    kind: str | None = None
    checked_at: float | None = None
    capabilities: tuple[str, ...] = ()
    failures: int | None = None


class MuxLink(NamedTuple):
    """One service leans on another, as a Mux sees it. `required` is None where it does not say."""

    source: str
    target: str
    kind: str = ""
    required: bool | None = None


@dataclass(frozen=True, slots=True)
class MuxTopology:
    """Nodes and links. `source` is the endpoint that told of them; `services` where they were derived from those."""

    nodes: tuple[MuxService, ...] = ()
    links: tuple[MuxLink, ...] = ()
    source: str = "services"


@dataclass(frozen=True)
class MuxResult:
    """One complete answer. All but `fetched_at` are facts, so that an unchanged Mux gives equal `facts`."""

    services: tuple[MuxService, ...]
    topology: MuxTopology
    source: str
    """The endpoint that told of the services."""
    fetched_at: float
    said: str = ""
    """The Mux's own word for how the whole is."""
    reported_total: int | None = None
    reported_healthy: int | None = None
    mock: tuple[str, ...] = ()
    """Why the answer looks like sample data; empty for one that does not."""
    notes: tuple[str, ...] = ()
    """What was left out or could not be read."""

    @property
    def facts(self) -> tuple[object, ...]:
        """All that makes a difference to a reader but the age."""
        settled = tuple(item._replace(checked_at=None) for item in self.services)
        return (settled, _settled(self.topology), self.source, self.status, self.mock)

    @cached_property
    def counts(self) -> Counter[str]:
        """How many services there are of each health, counted here: what a Mux reports often differs."""
        return Counter(item.health for item in self.services)

    @property
    def status(self) -> ServiceHealth:
        """How the whole is: by the services that are listed, else by the Mux's own word."""
        return overall(item.health for item in self.services) if self.services else health_of(self.said)


def _settled(topology: MuxTopology) -> tuple[object, ...]:
    return (tuple(item._replace(checked_at=None) for item in topology.nodes), topology.links, topology.source)


def overall(healths: Iterable[ServiceHealth]) -> ServiceHealth:
    """Return how a whole is: healthy only if all of it is, unhealthy if nothing else is left."""
    counts = Counter(healths)
    known = counts.total() - counts["unknown"]
    if not known:
        return "unknown"
    if counts["unhealthy"] == known:
        return "unhealthy"
    if counts["unhealthy"] or counts["degraded"]:
        return "degraded"
    return "unknown" if counts["unknown"] else "healthy"
