"""What is observed, on the map and in the details of a port."""

import pytest

from workbench import Workbench
from workbench.dashboards.links import Links
from workbench.dashboards.port_map import port_map, port_state
from workbench.dashboards.port_observed import observed_markup
from workbench.fleet.observed import Listener, Observed, Registration
from workbench.fleet.snapshot import Snapshot


@pytest.fixture
def seen(sample: Workbench) -> Snapshot:
    listeners = (Listener(18002, "tcp", ("::",), 7, "<nginx>"), Listener(18020, "tcp", ("::",), 8, "other"))
    return sample.snapshot.observe(Observed(listeners, (Registration("phantom", 18003), Registration("x", 9555))))


def test_an_undeclared_port_in_use_has_a_state_of_its_own(seen: Snapshot) -> None:
    assert [port_state(port, seen) for port in (18002, 18003, 18004)] == ["observed", "observed", "free"]
    assert port_state(18002, seen, {18002}) == "assigned"
    cells = {cell.port: cell for cell in port_map(seen).cells}
    assert (cells[18002].owner, cells[18002].reason) == ("nobody", "<nginx> (pid 7) listens")
    assert cells[18003].reason == "phantom registered"
    assert cells[9555].block == "outside every block"


def model(**given: object) -> dict[str, object]:
    host = {"enabled": True, "looked_at": "2026-01-01T12:03:04.000Z", "error": None}
    return {"registered": [], "observed": [], "probes": [], "observation": {"host": host}} | given


def test_the_details_name_source_and_moment() -> None:
    listener = {
        "port": 18002, "transport": "tcp", "pid": 7, "process": "<nginx>", "relation": "stranger", "crate": None,
        "reason": "no evidence", "rule": "no-evidence", "seen_at": "2026-01-01T12:03:05.000Z",
    }  # fmt: skip
    service = {
        "service_name": "phantom", "crate": None, "state": "stale", "status": "healthy",
        "seen_at": "2026-01-01T12:00:00.000Z",
    }  # fmt: skip
    probe = {"result": "open", "host": "db", "seen_at": None}
    html = observed_markup(model(observed=[listener], registered=[service], probes=[probe]), Links(True))
    assert "Observed · 3" in html
    assert "&lt;nginx&gt; (pid 7)" in html
    assert "source: this host, seen at 12:03:05 UTC" in html
    assert "source: its own registration, seen at 12:00:00 UTC" in html
    assert "source: probe, not looked at yet" in html


def test_silence_is_said_where_somebody_looks_and_only_there() -> None:
    assert "Nobody listens here, seen at 12:03:04 UTC." in observed_markup(model(), Links(True))
    off = model(observation={"host": {"enabled": False, "looked_at": None, "error": None}})
    assert observed_markup(off, Links(True)) == ""
    partial = model(observation={"host": {"enabled": True, "looked_at": None, "error": "superuser only"}})
    assert "Seen in part: superuser only." in observed_markup(partial, Links(True))
