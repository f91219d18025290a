"""The client of a Neural Mux: finds the endpoints that a server has, and returns one typed result."""

import time
from typing import Final

from workbench.fleet.mux import MuxResult, MuxTopology
from workbench.mux.exchange import Answer, Exchange
from workbench.mux.failures import MuxFailure
from workbench.mux.mock import mock_reasons
from workbench.mux.shapes import Reading, read_status, read_topology

STATUS_PATHS: Final = ("/api/mux/status", "/status", "/api/v1/flow/orchestrator", "/health")
TOPOLOGY_PATHS: Final = ("/api/mux/topology", "/api/v1/flow/graph")

_LOOK_AGAIN: Final = 12
"""After how many fetches without a topology endpoint it is looked for again."""
_NOT_HERE: Final = frozenset({"absent", "not-json", "shape"})
_FATAL: Final = frozenset({"unreachable", "timeout", "unauthorized", "too-large"})


class MuxClient:
    """Reads one Mux. Endpoints once found are asked first from then on; when they vanish they are looked for anew."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._status_path: str | None = None
        self._topology_path: str | None = None
        self._fetches_without = 0

    async def fetch(self) -> MuxResult:
        """Return what the Mux tells now; raises MuxFailure."""
        path, answer, reading = await self._status()
        topology, notes = await self._topology(path, reading)
        services = reading.services if reading.services is not None else topology.nodes
        return MuxResult(
            services=services,
            topology=topology,
            source=path,
            fetched_at=time.time(),
            said=reading.said,
            reported_total=reading.reported_total,
            reported_healthy=reading.reported_healthy,
            mock=mock_reasons(answer.body, services, answer.headers),
            notes=(*reading.notes, *notes),
        )

    async def _status(self) -> tuple[str, Answer, Reading]:
        known, self._status_path = self._status_path, None
        candidates = dict.fromkeys((known, *STATUS_PATHS) if known else STATUS_PATHS)
        bare: tuple[str, Answer, Reading] | None = None
        failure: MuxFailure | None = None
        for path in candidates:
            try:
                answer = await self._exchange.get(path)
                reading = read_status(answer.body)
            except MuxFailure as problem:
                if problem.kind in _FATAL:
                    self._status_path = known
                    raise
                failure = _graver(failure, problem)
                continue
            if not reading.is_bare or path == known:
                self._status_path = path
                return path, answer, reading
            bare = bare or (path, answer, reading)
        # That somebody answers /health is no comfort where the endpoint that lists services fails.
        if bare is not None and (failure is None or failure.kind in _NOT_HERE):
            return bare
        raise failure or MuxFailure("absent", "no endpoint of a Mux is there")

    async def _topology(self, status_path: str, reading: Reading) -> tuple[MuxTopology, tuple[str, ...]]:
        """Return the topology and what stood in the way of it; without an endpoint it is derived from the services."""
        derived = MuxTopology(reading.services or (), reading.links)
        candidates = (self._topology_path,) if self._topology_path else TOPOLOGY_PATHS
        if self._topology_path is None and self._fetches_without % _LOOK_AGAIN:
            self._fetches_without += 1
            return derived, ()
        notes: list[str] = []
        for path in candidates:
            try:
                topology = read_topology((await self._exchange.get(path)).body, path)
            except MuxFailure as problem:
                if problem.kind not in _NOT_HERE:
                    notes.append(f"topology: {problem.reason}")
                if problem.kind in _FATAL:
                    break
                continue
            self._topology_path, self._fetches_without = path, 0
            return topology, ()
        self._topology_path = None
        self._fetches_without = 0 if notes else 1
        return derived, tuple(notes)


def _graver(known: MuxFailure | None, problem: MuxFailure) -> MuxFailure:
    """Return the failure that says more: an endpoint that is there and fails, rather than one that is not there."""
    order = {"absent": 0, "not-json": 1, "shape": 2}
    rank = order.get(problem.kind, 3)
    return problem if known is None or rank > order.get(known.kind, 3) else known
