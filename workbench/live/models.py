"""The observed layer as JSON: never without its source, and with its age wherever it is answered."""

import time
from typing import Any

from workbench.desks.registrations import Pulse
from workbench.fleet.identity import standing
from workbench.fleet.observed import Listener, Probe, Registration
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.wire import iso
from workbench.live.layer import LiveLayer, age_of

Json = dict[str, Any]


def registration_facts(item: Registration, snapshot: Snapshot) -> Json:
    """Return what a service said of itself, and the crate that its name means."""
    return {
        **item._asdict(),
        "registered_at": iso(item.registered_at),
        "host": item.host or None,
        "crate": snapshot.names.resolve(item.service_name),
        "source": "registration",
    }


def registration_model(item: Registration, pulse: Pulse, snapshot: Snapshot) -> Json:
    """Return a registration with its newest sign of life."""
    return {
        **registration_facts(item, snapshot),
        "seen_at": iso(pulse.seen_at),
        "age_seconds": age_of(pulse.seen_at),
        "metrics": dict(pulse.metrics),
    }


def listener_model(item: Listener, snapshot: Snapshot) -> Json:
    """Return who listens on a port, how that stands to the manifests, and the rule that says so."""
    stands = standing(item, snapshot)
    who = stands.identity
    return {
        "port": item.port,
        "transport": item.transport,
        "addresses": list(item.addresses),
        "pid": item.pid,
        "process": item.process or None,
        "relation": stands.relation,
        "crate": who.crate,
        "expected": list(stands.expected),
        "rule": who.rule,
        "reason": who.reason,
        "confidence": who.confidence,
        "since": iso(item.since),
        "source": "this host",
    }


def probe_model(item: Probe) -> Json:
    """Return what a probe of another host came to."""
    return {"host": item.host, "port": item.port, "result": item.result, "since": iso(item.since), "source": "probe"}


def live_model(live: LiveLayer, snapshot: Snapshot, port: int | None = None) -> Json:
    """Return the observed layer as `registered`, `observed`, `probes` and how the observation fares; of one port, or
    of all.
    """
    observed = snapshot.observed
    looked_at = live.observer.looked_at if live.observer else None
    seen = {"seen_at": iso(looked_at), "age_seconds": age_of(looked_at)}
    known = [entry for entry in live.desk.known() if port is None or entry[0].port == port]
    listeners = observed.listeners if port is None else observed.listeners_at.get(port, ())
    probes = observed.probes if port is None else observed.probes_at.get(port, ())
    return {
        "registered": [registration_model(item, pulse, snapshot) for item, pulse in known],
        "observed": [listener_model(item, snapshot) | seen for item in listeners],
        "probes": [_aged(item, live) for item in probes],
        "observation": live.status(snapshot),
    }


def _aged(item: Probe, live: LiveLayer) -> Json:
    probed_at = live.prober.probed_at.get(item.host)
    return probe_model(item) | {"seen_at": iso(probed_at), "age_seconds": age_of(probed_at)}


def live_tag(live: LiveLayer) -> str:
    """Return what tells answers with ages apart: the second, while there is anything live; else nothing."""
    return f".{int(time.time())}" if live.observer or live.prober.targets or live.desk.services() else ""
