"""Deploying from a notebook, with real processes: plan, follow, failure, rollback, history."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import wait_for
from tests.demo import OFFSET, commands, free_pairs, write_fleet
from workbench import Workbench
from workbench.config import sample_settings
from workbench.errors import (
    ConfigurationError,
    Conflict,
    DeploymentTimeout,
    InvalidRequest,
    InvalidVersion,
    Unavailable,
    UnknownCrate,
    UnknownDeployment,
)

HEALTH = '[[observe.hosts]]\nhost = "127.0.0.1"\ninterval = 1\nhealth = true\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The demonstration's settings, with a gate that is quick, and with eyes for the health of this host."""
    demo = sample_settings()
    shutil.copy(demo.parent / "service.py", tmp_path)
    text = demo.read_text().replace("interval = 0.3", "interval = 0.05").replace("timeout = 5", "timeout = 0.8")
    file = tmp_path / "workbench.toml"
    file.write_text(text + HEALTH)
    return file


@pytest.fixture
def port(tmp_path: Path) -> int:
    (port,) = free_pairs(1)
    write_fleet(tmp_path / "fleet", {"atlas": port})
    return port


@pytest.fixture
def wb(tmp_path: Path, config: Path, port: int) -> Iterator[Workbench]:
    state = tmp_path / "state"
    with Workbench.scan(tmp_path / "fleet", state=state, config=config) as made:
        yield made
    shutil.rmtree(state)
    wait_for(lambda: commands(state) == [])


def test_a_plan_shows_each_step_and_runs_nothing(wb: Workbench, port: int, tmp_path: Path) -> None:
    plan = wb.deployer.plan("atlas", "2.0.0")
    assert plan.steps == (
        f"check that port {port} is free",
        f"start 2.0.0 on {port}",
        f"wait until 2.0.0 on {port} is healthy",
        f"send all traffic to 2.0.0 on {port}",
    )
    start, switch = plan.commands
    assert start[3:5] == (str(tmp_path / "service.py"), "start")
    assert switch[-1] == str(port)
    assert plan.explanation.startswith("atlas 2.0.0, blue-green, by the runner demo, where nothing deployed from here")
    assert f"<code>{start[0]} -I -S" in plan._repr_html_()
    assert plan.steps[0] in repr(plan)
    assert commands(tmp_path / "state") == []


def test_deploy_follow_fail_and_go_back(wb: Workbench, port: int) -> None:
    deployer = wb.deployer
    first = deployer.deploy("atlas", "1.0.0")
    lines = list(first.follow())
    assert first.state == "succeeded"
    assert f"started atlas 1.0.0 on {port}" in lines
    assert "\n".join(lines) + "\n" == first.log
    second = asyncio.run(deployer.deploy("atlas", "2.0.0").wait_async())
    assert second.state == "succeeded"
    late = deployer.deploy("atlas", "3.0.0-late").wait()
    assert late.state == "rolled_back"
    assert late.error is not None
    assert "is not healthy" in late.error or "not healthy within" in late.error
    assert "undo: send all traffic to 2.0.0" in repr(late)
    assert "✗" in late._repr_html_()
    assert deployer.serving.to_dict("records") == [{"crate": "atlas", "version": "2.0.0", "port": port + OFFSET}]
    assert second.roll_back().wait().state == "rolled_back"
    history = deployer.history
    assert history[["version", "previous", "state"]].values.tolist() == [
        ["3.0.0-late", "2.0.0", "rolled_back"],
        ["2.0.0", "1.0.0", "rolled_back"],
        ["1.0.0", None, "succeeded"],
    ]
    assert set(history["actor"]) == {"notebook"}
    assert (history["seconds"] > 0).all()
    with pytest.raises(Conflict):
        late.cancel()


def test_health_is_asked_where_a_crate_serves(wb: Workbench, port: int) -> None:
    wb.deployer.deploy("atlas", "1.0.0").wait()
    wb.deployer.deploy("atlas", "2.0.0").wait()

    def detail() -> str:
        return " ".join(wb.vitals.health["detail"])

    wait_for(lambda: f"port {port + OFFSET}" in detail())
    assert wb.vitals.states() == {"atlas": "healthy"}


def test_who_waits_too_long_is_told(wb: Workbench) -> None:
    deployment = wb.deployer.deploy("atlas", mood="bad")
    with pytest.raises(DeploymentTimeout, match=r"^atlas 1\.0\.0: \w+ after 0 s$"):
        deployment.wait(timeout=0)
    assert deployment.wait().state == "failed"
    assert wb.deployer.find(deployment.id).error == deployment.error


def test_what_cannot_be_deployed_is_refused(wb: Workbench) -> None:
    with pytest.raises(UnknownCrate):
        wb.deployer.deploy("atlass")
    with pytest.raises(InvalidVersion):
        wb.deployer.plan("atlas", "; rm -rf")
    with pytest.raises(InvalidRequest, match="expected rolling, blue-green, canary, found 'big-bang'"):
        wb.deployer.plan("atlas", strategy="big-bang")  # type: ignore[arg-type]
    with pytest.raises(UnknownDeployment):
        wb.deployer.find("nothing")
    assert wb.deployer.history.empty


def test_where_nothing_is_set_up_it_is_said_why(tmp_path: Path, config: Path, port: int) -> None:
    scanned = Workbench.scan(tmp_path / "fleet")
    with pytest.raises(Unavailable, match="scanned once and runs no hub"):
        scanned.deployer.plan("atlas")
    with (
        Workbench.scan(tmp_path / "fleet", state=tmp_path / "state") as kept,
        pytest.raises(Unavailable, match="No runner is set up"),
    ):
        kept.deployer.deploy("atlas")
    with pytest.raises(ConfigurationError, match=r"workbench\.toml: deploy\.runners: give a state folder too"):
        Workbench.scan(tmp_path / "fleet", config=config)


def test_settings_hold_for_a_scan(tmp_path: Path, config: Path, port: int) -> None:
    config.write_text('[ports]\nsister_offset = 100\n[discovery]\nexclude = ["atlas"]\n')
    wb = Workbench.scan(tmp_path / "fleet", config=config)
    assert (wb.port_plan.sister_offset, len(wb.crates)) == (100, 0)
    with pytest.raises(ConfigurationError, match=r'^mux: expected an address such as ".*", found "nonsense"$'):
        Workbench.scan(tmp_path / "fleet", mux="nonsense")
