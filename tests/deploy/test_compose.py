"""The runner `compose` carries a crate through its deployments; a program that stands in for docker starts real services.

It takes the words of `docker compose` that are used, checks them as docker would, and does with processes what docker
does with containers. Docker itself is asked where it is here with compose: see test_runners.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import wait_for
from tests.demo import commands, free_pairs, services, write_fleet
from workbench.config import sample_settings
from workbench.deploy.target import DeployRequest
from workbench.hub import Hub, HubOptions
from workbench.sections.deploy import DeploySettings
from workbench.store.database import Store

DOCKER = f"""\
#!{sys.executable}
import argparse, os, pathlib, subprocess, sys
parser = argparse.ArgumentParser(prog="docker")
parser.add_argument("compose", choices=["compose"])
parser.add_argument("--file", required=True)
parser.add_argument("--project-name", required=True)
verbs = parser.add_subparsers(dest="verb", required=True)
up, down = verbs.add_parser("up"), verbs.add_parser("down")
for verb in (up, down):
    verb.add_argument("--remove-orphans", action="store_true")
up.add_argument("--detach", action="store_true", required=True)
given = parser.parse_args()
folder = pathlib.Path(given.file).parent / "containers" / given.project_name
if not pathlib.Path(given.file).is_file():
    sys.exit(f"open {{given.file}}: no such file or directory")
print(sorted(name for name in os.environ if name.startswith(("CRATE", "VERSION", "PORT", "PARAMETER", "SECRET"))))
service = [sys.executable, "-I", "-S", {str(sample_settings().parent / "service.py")!r}]
known = [os.environ[name] for name in ("CRATE", "VERSION", "PORT")]
mood = os.environ["PARAMETER_MOOD"]
what = ["start", str(folder), *known, mood] if given.verb == "up" else ["stop", str(folder), known[2]]
sys.exit(subprocess.run([*service, *what]).returncode)
"""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    (port,) = free_pairs(1)
    write_fleet(tmp_path / "fleet", {"atlas.core": port}, strategy="rolling")
    docker = tmp_path / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    (tmp_path / "compose.yaml").write_text(
        'services: {atlas: {image: "example.org/atlas:${VERSION}", ports: ["${PORT}:80"]}}\n'
    )
    settings = DeploySettings.model_validate({"runners": {"boxes": {
        "kind": "compose", "file": "compose.yaml", "docker": str(docker), "environment": ["PATH"],
        "health": {"interval": 0.05, "threshold": 2, "timeout": 0.8, "expect_version": True},
        "parameters": {"mood": {"pattern": "good|bad", "default": "good"}},
    }}})  # fmt: skip
    state = tmp_path / "state"
    options = settings.options(tmp_path, state, environment={**os.environ, "SECRET_TOKEN": "hidden-value"})
    with Hub([tmp_path / "fleet"], HubOptions(watch=False, deploy=options), Store(state)) as made:
        assert made.wait_ready(10)
        yield made
    shutil.rmtree(tmp_path / "containers", ignore_errors=True)
    wait_for(lambda: commands(tmp_path / "containers") == [])


def ended(hub: Hub, request: DeployRequest) -> tuple[str, str]:
    asked = hub.deployments.deploy("atlas.core", request).result(10)
    wait_for(lambda: hub.deployments.find(asked.id).has_ended, 20)
    return hub.deployments.find(asked.id).state, hub.deployments.engine.read_log(asked.id).text


def test_a_crate_is_replaced_and_comes_back_when_its_successor_is_ill(hub: Hub, tmp_path: Path) -> None:
    containers = tmp_path / "containers"
    state, log = ended(hub, DeployRequest("1.0.0"))
    assert state == "succeeded", log
    assert "['CRATE', 'PARAMETER_MOOD', 'PORT', 'VERSION']" in log
    assert ended(hub, DeployRequest("2.0.0"))[0] == "succeeded"
    state, log = ended(hub, DeployRequest("3.0.0", parameters={"mood": "bad"}))
    assert state == "rolled_back", log
    (line,) = services(containers).values()
    assert "2.0.0" in line
    assert [path.name for path in containers.iterdir()] == [f"atlas-core-{hub.deployments.live['atlas.core'].port}"]


def test_what_docker_says_of_a_mistake_is_in_the_log(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").unlink()
    state, log = ended(hub, DeployRequest("1.0.0"))
    assert state == "failed"
    assert "compose.yaml: no such file or directory" in log
