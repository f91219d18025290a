"""/api/metrics and /metrics: the fleet's figures, for the front end and for Prometheus."""

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, Literal

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics_latest
from prometheus_client.registry import Collector

from api.base import JSON, ApiHandler
from api.broadcast import figures_of, waiting_of
from api.measures import measures_of
from api.models.system import SystemMetric
from api.operation import TEXT, Answer, operation
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.wire import summary_model
from workbench.hub import Hub

Json = dict[str, Any]
Status = Literal["healthy", "warning", "critical"]

_OPENMETRICS: Final = "application/openmetrics-text"
_RECENT_EVENTS: Final = 2_000

_FLEET: Final[tuple[tuple[str, str, str, Status], ...]] = (
    ("crates", "Crates", "crates", "healthy"),
    ("manifests", "Manifests", "files", "healthy"),
    ("broken", "Broken manifests", "files", "critical"),
    ("stale", "Crates shown in their last good version", "crates", "warning"),
    ("ports_owned", "Ports owned", "ports", "healthy"),
    ("collisions", "Port collisions", "findings", "critical"),
    ("errors", "Errors", "findings", "critical"),
    ("warnings", "Warnings", "findings", "warning"),
    ("hints", "Hints", "findings", "healthy"),
)
"""Figure, name, unit, and the status as soon as there is one of it."""


def system_metrics(hub: Hub) -> list[Json]:
    """Return SystemMetric[]: {id, name, value, unit, trend, status}; the trend is against the revision before."""
    snapshot = hub.snapshot
    now = snapshot.derive("summary", summary_model)
    before = _figures_before(hub, snapshot.revision)
    fleet = [
        _metric(key, name, now[key], unit, _trend(now[key], before.get(key)), grave if now[key] else "healthy")
        for key, name, unit, grave in _FLEET
    ]
    is_watched = hub.status()["watch"]["mode"] == "events"
    watching: Status = "healthy" if is_watched else "warning"
    return [
        *fleet,
        _metric("revision", "Revision", snapshot.revision, "revisions", "up", "healthy"),
        _metric("clients", "Clients of the events", figures_of(hub).clients, "clients", "stable", "healthy"),
        _metric("uptime", "Uptime", round(time.time() - hub.started_at, 1), "seconds", "up", "healthy"),
        _metric("watching", "Disk is watched", int(is_watched), "flag", "stable", watching),
    ]


def _metric(key: str, name: str, value: float, unit: str, trend: str, status: Status) -> Json:
    return {"id": key, "name": name, "value": value, "unit": unit, "trend": trend, "status": status}


def _trend(now: float, before: float | None) -> str:
    if before is None or now == before:
        return "stable"
    return "up" if now > before else "down"


def _figures_before(hub: Hub, revision: int) -> Json:
    for event in reversed(hub.log.newest(_RECENT_EVENTS)):
        if event.type == "fleet.revision" and event.revision < revision:
            return event.data
    return {}


class FleetCollector(Collector):
    """What a scrape asks of the hub: the fleet's figures, findings by kind, and how the events and the journal fare."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def collect(self) -> Iterator[Metric]:
        """Yield the figures as they are now."""
        hub, snapshot = self._hub, self._hub.snapshot
        summary = snapshot.derive("summary", summary_model)
        for key, name, _, _ in _FLEET:
            yield GaugeMetricFamily(f"workbench_fleet_{key}", f"{name}.", summary[key])
        findings = GaugeMetricFamily("workbench_findings", "Findings by kind.", labels=("kind", "severity"))
        for labels, count in snapshot.derive("findings-by-kind", _by_kind):
            findings.add_metric(labels, count)
        yield findings
        yield GaugeMetricFamily("workbench_revision", "Revision of the snapshot.", snapshot.revision)
        yield GaugeMetricFamily("workbench_ready", "Whether the first scan is done.", int(hub.is_ready))
        yield GaugeMetricFamily("workbench_start_time_seconds", "When the hub was made, since 1970.", hub.started_at)
        yield GaugeMetricFamily("workbench_journal_usable", "Whether what lasts is written.", int(hub.is_journalled))
        yield CounterMetricFamily("workbench_journal_errors", "Failures to write the state file.", hub.guard.errors)
        yield from self._events()

    def _events(self) -> Iterator[Metric]:
        hub, figures = self._hub, figures_of(self._hub)
        waiting = waiting_of(hub)
        yield GaugeMetricFamily("workbench_event_seq", "Number of the newest event.", hub.log.last_seq)
        yield GaugeMetricFamily("workbench_event_clients", "Clients that follow the events.", figures.clients)
        yield GaugeMetricFamily("workbench_event_queue", "Events that wait for clients, in all.", sum(waiting))
        yield GaugeMetricFamily(
            "workbench_event_queue_longest", "Events that wait for the slowest client.", max(waiting, default=0)
        )
        yield CounterMetricFamily("workbench_event_frames", "Frames sent to clients.", figures.sent)
        yield CounterMetricFamily("workbench_event_evictions", "Clients sent away for being slow.", figures.evictions)


def _by_kind(snapshot: Snapshot) -> list[tuple[tuple[str, str], int]]:
    # Not of `findings`, which would put them all in order, on the event loop.
    groups = snapshot.finding_groups().values()
    return sorted(Counter((item.kind, item.severity) for group in groups for item in group).items())


def prometheus_text(hub: Hub, *, is_open: bool = False) -> bytes:
    """Return what is measured in Prometheus' text format, or in that of OpenMetrics."""
    measures = measures_of(hub)
    measures.take_scans()
    generate = openmetrics_latest if is_open else generate_latest
    parts = Joined(FleetCollector(hub), measures.registry)
    return generate(parts)


class Joined(CollectorRegistry):
    """Several collectors as one, for one scrape."""

    def __init__(self, *parts: Collector) -> None:
        super().__init__(auto_describe=False)
        for part in parts:
            self.register(part)


def wanted_format(accept: str) -> str:
    """Return the media type to answer `/metrics` in: JSON unless text is asked for by name and preferred."""
    weights: dict[str, float] = {}
    for part in accept.split(","):
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        weight = float(quality) if quality.replace(".", "", 1).isdecimal() else 0.0
        weights[media_type] = max(weights.get(media_type, 0.0), weight)
    best, weight = "application/json", weights.get("application/json", 0.0)
    for media_type in (_OPENMETRICS, "text/plain"):
        if weights.get(media_type, 0.0) > weight:
            best, weight = media_type, weights[media_type]
    return best


class MetricsHandler(ApiHandler):
    """GET: SystemMetric[]."""

    access = "read"

    @operation("System", "Read the fleet's figures", list[SystemMetric])
    def get(self) -> None:
        self.finish_json(system_metrics(self.hub))


class PlainMetricsHandler(ApiHandler):
    """GET: SystemMetric[] for whoever takes anything, Prometheus text for whoever asks for text."""

    access = "read"

    @operation(
        "System",
        "Read the fleet's figures, also for Prometheus",
        answers={
            200: Answer(
                "In the media type that `Accept` prefers.", {JSON: list[SystemMetric], TEXT: str, _OPENMETRICS: str}
            )
        },
    )
    def get(self) -> None:
        self.set_header("Vary", "Accept, Origin")
        media_type = wanted_format(self.request.headers.get("Accept", "*/*"))
        if media_type == "application/json":
            self.finish_json(system_metrics(self.hub))
            return
        is_open = media_type == _OPENMETRICS
        version = "1.0.0" if is_open else "0.0.4"
        self.set_header("Content-Type", f"{media_type}; version={version}; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        self.finish(prometheus_text(self.hub, is_open=is_open))
