"""The live layer: it answers with what it answered before until one of its sources has news."""

from collections.abc import Callable

import pytest

from workbench.desks.assignments import AssignmentRequest, Assignments
from workbench.desks.service_desk import RegisterCommand
from workbench.fleet.observed import Listener, Observed, Probe, Registration
from workbench.fleet.snapshot import Snapshot
from workbench.live.layer import LiveLayer, LiveOptions
from workbench.sources.listeners import Sight

SNAPSHOT = Snapshot()


@pytest.fixture
def layer() -> LiveLayer:
    made = LiveLayer(LiveOptions(observe=True), [], lambda: (), lambda: None)
    made.desk.serve([RegisterCommand(Registration("a", 18_000))])
    return made


def register(layer: LiveLayer) -> None:
    layer.desk.serve([RegisterCommand(Registration("b", 18_001))])


def report(layer: LiveLayer) -> None:
    layer.desk.beat("a", "degraded", {})


def probe(layer: LiveLayer) -> None:
    layer.prober.probes = (Probe("10.0.0.7", 18_000, "open"),)


def look(layer: LiveLayer) -> None:
    assert layer.observer is not None
    layer.observer.sight, layer.observer.looked_at = Sight((Listener(18_000, "tcp", ("127.0.0.1",)),), True), 1.0


@pytest.mark.parametrize("change", [register, report, probe, look])
def test_each_source_makes_another_answer_and_then_the_same_again(
    layer: LiveLayer, change: Callable[[LiveLayer], None]
) -> None:
    book = Assignments()
    before = layer.observed(SNAPSHOT, book)
    assert layer.observed(SNAPSHOT, book) is before
    change(layer)
    after = layer.observed(SNAPSHOT, book)
    assert after != before
    assert layer.observed(SNAPSHOT, book) is after
    assert after == layer._observed(SNAPSHOT, [], layer.desk.services(), layer.observer and layer.observer.sight)


def test_a_sign_of_life_alone_changes_nothing(layer: LiveLayer) -> None:
    layer.desk.beat("a", "healthy", {})
    before = layer.observed(SNAPSHOT, Assignments())
    services = layer.desk.services()
    layer.desk.beat("a", "healthy", {"load": 0.5})
    assert layer.desk.services() is services
    assert layer.observed(SNAPSHOT, Assignments()) == before


def test_an_assignment_of_a_port_in_use_is_seen(layer: LiveLayer) -> None:
    book = Assignments()
    assert layer.observed(SNAPSHOT, book).holders == ()
    newer = book.copy()
    newer.assign(AssignmentRequest("a", preferred=18_000), SNAPSHOT, 0.0, None, "")
    assert [item.port for item in layer.observed(SNAPSHOT, newer).holders] == [18_000]
    assert layer.observed(SNAPSHOT, book).holders == ()


def test_a_snapshot_keeps_an_observation_that_is_the_one_it_has() -> None:
    observed = Observed(sees_all=True)
    seen = Snapshot().observe(observed)
    assert seen.observe(observed) is seen
    assert seen.observe(Observed(sees_all=True)) is seen
