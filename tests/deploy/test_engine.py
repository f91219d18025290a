"""The engine over a real hub: what it does when its journal fails, and when it stops."""

import shutil
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.conftest import wait_for
from tests.demo import commands, free_pairs, hub_options, services, write_fleet
from workbench.deploy.engine import Engine, EngineOptions, LogGrowth
from workbench.deploy.machine import CancelAsked
from workbench.deploy.model import Deployment
from workbench.deploy.target import DeployRequest
from workbench.errors import StoreError, Unavailable, UnknownDeployment
from workbench.events import Event
from workbench.hub import Hub
from workbench.store.database import Store


class FailingStore(Store):
    """A state file that cannot take deployments any more from some moment on."""

    fails = False

    def commit_deployments(self, items: Sequence[Deployment], events: Sequence[Event]) -> None:
        if self.fails:
            raise StoreError("the disk is full")
        super().commit_deployments(items, events)


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    return dict(zip(["atlas", "beacon"], free_pairs(2), strict=True))


@pytest.fixture
def state(tmp_path: Path, ports: dict[str, int]) -> Iterator[Path]:
    write_fleet(tmp_path / "fleet", ports)
    folder = tmp_path / "state"
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
    wait_for(lambda: commands(folder) == [])


def started(state: Path, store: Store) -> Hub:
    hub = Hub([state.parent / "fleet"], hub_options(state), store)
    hub.start()
    assert hub.wait_ready(10)
    return hub


def ended(hub: Hub, identity: str) -> Deployment:
    wait_for(lambda: hub.deployments.find(identity).has_ended, 20)
    return hub.deployments.find(identity)


def test_what_cannot_be_written_down_is_not_begun_and_what_is_at_work_is_finished(state: Path) -> None:
    store = FailingStore(state)
    hub = started(state, store)
    try:
        first = hub.deployments.deploy("atlas", DeployRequest(parameters={"mood": "bad"})).result(10)
        wait_for(lambda: hub.deployments.find(first.id).state == "verifying")
        store.fails = True
        with pytest.raises(StoreError, match="the state file cannot be written"):
            hub.deployments.deploy("beacon", DeployRequest()).result(10)
        assert ended(hub, first.id).state == "failed"
        wait_for(lambda: all(item.has_ended for item in hub.deployments.all))
        assert services(state) == {}
        assert hub.guard.error == "the disk is full"
        with pytest.raises(StoreError):
            hub.deployments.deploy("atlas", DeployRequest()).result(10)
    finally:
        hub.stop()


def test_a_stop_is_taken_up_by_the_next_start(state: Path) -> None:
    before = {*threading.enumerate()}
    hub = started(state, Store(state))
    made = hub.deployments.deploy("atlas", DeployRequest()).result(10)
    assert ended(hub, made.id).state == "succeeded"
    bad = hub.deployments.deploy("atlas", DeployRequest("2.0", parameters={"mood": "bad"})).result(10)
    waiting = hub.deployments.deploy("atlas", DeployRequest("3.0")).result(10)
    wait_for(lambda: hub.deployments.find(bad.id).state == "verifying")
    hub.stop()
    assert len(services(state)) == 2
    with pytest.raises(Unavailable):
        hub.deployments.deploy("atlas", DeployRequest("4.0"))
    hub = started(state, Store(state))
    try:
        assert ended(hub, bad.id).state == "failed"
        assert ended(hub, waiting.id).state == "succeeded"
        assert hub.deployments.live["atlas"].version == "3.0"
        assert [item.number for item in hub.deployments.all] == [3, 2, 1]
        assert len(services(state)) == 1
    finally:
        hub.stop()
    assert {thread for thread in threading.enumerate() if thread.name.startswith("workbench")} <= before


def test_old_logs_are_removed(state: Path) -> None:
    store = Store(state)
    hub = Hub([state.parent / "fleet"], hub_options(state, kept_logs=2), store)
    with hub:
        assert hub.wait_ready(10)
        ids = []
        for n in range(3):
            ids.append(hub.deployments.deploy("atlas", DeployRequest(f"{n}.0", "rolling")).result(10).id)
            ended(hub, ids[-1])
        logs = {path.stem for path in (state / "deploy" / "logs").iterdir()}
        assert logs == set(ids[1:])


class Nobody:
    """Keeps nothing."""

    def keep(self, deployments: Sequence[Deployment]) -> None: ...

    def tell(self, growths: Sequence[LogGrowth]) -> None: ...


def test_an_engine_that_nobody_asks_has_no_thread() -> None:
    before = threading.active_count()
    engine = Engine(EngineOptions(), Nobody())
    engine.start([])
    assert threading.active_count() == before
    with pytest.raises(UnknownDeployment):
        engine.ask(CancelAsked("none")).result(5)
    engine.stop()
    assert threading.active_count() == before
    with pytest.raises(Unavailable):
        engine.ask(CancelAsked("none")).result(5)
