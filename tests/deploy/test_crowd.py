"""A hundred deployments at once, with real processes."""

import shutil
import threading
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import wait_for
from tests.demo import commands, free_pairs, hub_options, services, write_fleet
from workbench.deploy.target import DeployRequest
from workbench.events import Event
from workbench.hub import Hub
from workbench.store.database import Store

CRATES, EACH, PARALLEL = 20, 5, 8
WORKING = ("running", "verifying", "rolling_back")


@pytest.mark.slow
def test_a_hundred_deployments_at_once_all_end_right(tmp_path: Path) -> None:
    names = [f"crate-{n}" for n in range(CRATES)]
    write_fleet(tmp_path / "fleet", dict(zip(names, free_pairs(CRATES), strict=True)), "blue-green")
    state, told = tmp_path / "state", list[Event]()
    before = {*threading.enumerate()}
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    with Hub([tmp_path / "fleet"], hub_options(state, gate_seconds=4.0, parallel=PARALLEL), Store(state)) as hub:
        assert hub.wait_ready(20)
        hub.log.subscribe(told.extend)
        expected = {}
        asked = []
        for n in range(EACH):
            for name in names:
                # The fourth of each is never healthy, the third only until it gets traffic.
                kind = "bad" if n == 3 else "late" if n == 2 else "good"
                strategy = ("blue-green", "rolling", "canary")[n % 3]
                asked.append((name, n, kind, strategy))
        futures = [
            hub.deployments.deploy(name, DeployRequest(f"{n}.0", strategy, {"mood": kind}))  # type: ignore[arg-type]
            for name, n, kind, strategy in asked
        ]
        ids = [future.result(20).id for future in futures]
        wait_for(lambda: all(item.has_ended for item in hub.deployments.all), 100)
        book = hub.deployments.engine.book
        for identity, (name, n, kind, strategy) in zip(ids, asked, strict=True):
            item = book[identity]
            touched = kind == "late"
            wanted = "succeeded" if kind == "good" else "rolled_back" if touched else "failed"
            expected[identity] = wanted
            assert (item.state, item.target.version) == (wanted, f"{n}.0"), (name, n, kind, strategy, item.error)
        live = hub.deployments.live
        assert len(live) == CRATES
        serving = {(line[-5], line[-4], line[-3]) for line in services(state).values()}
        assert len(serving) == CRATES
    # As it was told: never two of a crate at work, never more than allowed.
    at_work: dict[str, str] = {}
    for event in told:
        if event.type == "deployment.changed":
            item_told = event.data["deployment"]
            if item_told["state"] in WORKING:
                assert at_work.get(item_told["crate_name"], item_told["id"]) == item_told["id"]
                at_work[item_told["crate_name"]] = item_told["id"]
            elif at_work.get(item_told["crate_name"]) == item_told["id"]:
                del at_work[item_told["crate_name"]]
            assert len(at_work) <= PARALLEL + 1  # one ends and another begins in one batch, told one after the other
    assert Counter(expected.values())["succeeded"] == CRATES * 3
    assert {thread for thread in threading.enumerate() if thread.name.startswith("workbench")} <= before
    assert len(list(Path("/proc/self/fd").iterdir())) <= descriptors
    shutil.rmtree(state)
    wait_for(lambda: commands(state) == [], 10)
