"""Runners: from the operator's settings and a checked target to an argument vector."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from workbench.deploy.model import Gate, Instance, Step, Target
from workbench.deploy.runner import Runner, make_runners, settings_of
from workbench.errors import ConfigurationError, NoRunner, NotDeployable
from workbench.sections.deploy import DeploySettings, check_source
from workbench.settings import load_settings

COMMAND: dict[str, Any] = {
    "kind": "command",
    "start": ["./run", "{crate}", "{version}", "{port}"],
    "stop": ["stop", "{port}"],
}
ENVIRONMENT = {"PATH": "/bin", "HOME": "/home/x", "AWS_SECRET_KEY": "s3cret-value", "LANG": "C"}


def runner(tmp_path: Path, **table: Any) -> Runner:
    made = make_runners({"demo": settings_of(COMMAND | table)}, tmp_path, tmp_path / "work", ENVIRONMENT)
    return made.named("demo")


def target(**changes: Any) -> Target:
    fields: dict[str, Any] = {
        "crate_name": "atlas", "version": "2.0", "strategy": "rolling", "runner": "demo", "port": 18500,
        "sister_port": 51268, "gate": Gate(), "directory": "/fleet/atlas",
    }  # fmt: skip
    return Target(**fields | changes)


def arguments(made: Runner, step: Step, wanted: Target | None = None) -> tuple[str, ...]:
    command = made.command(step, wanted or target())
    assert command is not None
    return command.arguments


NEW = Instance("2.0", 51268, (("mood", "good"),))


def test_placeholders_are_whole_arguments(tmp_path: Path) -> None:
    assert arguments(runner(tmp_path), Step("start", NEW)) == (f"{tmp_path}/run", "atlas", "2.0", "51268")
    every = [
        "{python}",
        "{dir}",
        "{work}",
        "{sister_port}",
        "{other_port}",
        "{percentage}",
        "{parameters.mood}",
        "as is",
    ]
    made = runner(tmp_path, shift=every, parameters={"mood": {"pattern": "good|bad"}})
    assert arguments(made, Step("shift", NEW, 25)) == (
        sys.executable, "/fleet/atlas", f"{tmp_path}/work/demo/atlas", "51268", "18500", "25", "good", "as is",
    )  # fmt: skip
    assert made.actions == {"start", "stop", "shift"}
    assert made.command(Step("switch", NEW), target()) is None
    assert made.command(Step("gate", NEW), target()) is None


@pytest.mark.parametrize(
    "argument", ["--port={port}", "{port}0", "{host}", "{", "a}", "{parameters.colour}", "{version}{port}", "a\0b"]
)
def test_other_braces_are_refused(tmp_path: Path, argument: str) -> None:
    with pytest.raises(ValueError, match="start"):
        settings_of(COMMAND | {"start": ["run", argument]})


def test_a_value_that_is_not_there(tmp_path: Path) -> None:
    made = runner(tmp_path, stop=["stop", "{sister_port}"])
    with pytest.raises(NotDeployable, match=r"wants \{sister_port\}, which atlas 2.0 on 51268 has not"):
        made.command(Step("stop", NEW), target(sister_port=None))


def test_the_environment_is_an_allow_list(tmp_path: Path) -> None:
    command = runner(tmp_path, environment=["PATH", "NOT_SET"], variables={"MODE": "x"}).command(
        Step("start", NEW), target()
    )
    assert command is not None
    assert command.environment == {"PATH": "/bin", "MODE": "x"}
    default = runner(tmp_path).command(Step("start", NEW), target())
    assert default is not None
    assert default.environment == {"PATH": "/bin", "HOME": "/home/x", "LANG": "C"}
    assert "s3cret" not in repr(default)


def test_the_directory_is_inside_a_root(tmp_path: Path) -> None:
    own = runner(tmp_path).command(Step("start", NEW), target())
    crates = runner(tmp_path, directory="crate").command(Step("start", NEW), target())
    assert own is not None
    assert crates is not None
    assert (own.directory, own.makes_directory) == (f"{tmp_path}/work/demo/atlas", True)
    assert (crates.directory, crates.makes_directory) == ("/fleet/atlas", False)
    with pytest.raises(ValueError, match="directory"):
        settings_of(COMMAND | {"directory": "/etc"})


def test_which_runner_deploys_a_crate(tmp_path: Path) -> None:
    tables = {"first": settings_of(COMMAND | {"crates": ["sx9-*"]}), "rest": settings_of(COMMAND | {"crates": ["a*"]})}
    made = make_runners(tables, tmp_path, tmp_path, {})
    assert (made.of("sx9-vault").name, made.of("atlas").name) == ("first", "rest")
    with pytest.raises(NoRunner, match="no runner deploys portal"):
        made.of("portal")
    with pytest.raises(NoRunner):
        made.named("gone")


COMPOSE = {"kind": "compose", "file": "compose.yaml", "environment": ["PATH"]}


def test_compose(tmp_path: Path) -> None:
    made = make_runners({"c": settings_of(COMPOSE)}, tmp_path, tmp_path, ENVIRONMENT).named("c")
    begin = ("docker", "compose", "--file", f"{tmp_path}/compose.yaml", "--project-name", "atlas-51268")
    assert arguments(made, Step("start", NEW)) == (*begin, "up", "--detach", "--remove-orphans")
    assert arguments(made, Step("stop", NEW)) == (*begin, "down", "--remove-orphans")
    command = made.command(Step("start", NEW), target())
    assert command is not None
    assert command.environment == {
        "PATH": "/bin", "CRATE": "atlas", "VERSION": "2.0", "PORT": "51268", "PARAMETER_MOOD": "good",
    }  # fmt: skip
    assert made.actions == {"start", "stop"}


def _has_compose() -> bool:
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not _has_compose(), reason="docker compose is not here")
def test_compose_takes_the_file(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(
        'services: {atlas: {image: "example.org/atlas:${VERSION}", ports: ["${PORT}:80"]}}\n'
    )
    made = make_runners({"c": settings_of(COMPOSE)}, tmp_path, tmp_path, dict(os.environ)).named("c")
    command = made.command(Step("start", NEW), target())
    assert command is not None
    words = [*command.arguments[: command.arguments.index("up")], "config"]
    told = subprocess.run(words, env=dict(command.environment), capture_output=True, text=True, check=True).stdout
    assert "example.org/atlas:2.0" in told


def test_other_packages_offer_kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sky_runner.py").write_text(
        "from workbench.deploy.runner import Command, Runner, RunnerSettings\n"
        "class SkySettings(RunnerSettings):\n    region: str\n"
        "class SkyRunner(Runner):\n    Settings = SkySettings\n"
        "    actions = frozenset({'start', 'stop'})\n"
        "    def command(self, step, target):\n        return Command(('sky', self.settings.region), '/')\n"
    )
    info = tmp_path / "sky-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sky\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[workbench.runners]\nsky = sky_runner:SkyRunner\ncommand = sky_runner:SkyRunner\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    made = make_runners({"s": settings_of({"kind": "sky", "region": "north"})}, tmp_path, tmp_path, {})
    assert arguments(made.named("s"), Step("start", NEW)) == ("sky", "north")
    with pytest.raises(ValueError, match="region"):
        settings_of({"kind": "sky"})
    assert settings_of(COMMAND).kind == "command", "our own kinds cannot be taken over"


@pytest.mark.parametrize(("text", "message"), [
    ('runners.x = {kind = "magic"}', r"deploy.runners.x: kind: expected one of command, compose, found 'magic'"),
    ('runners.x = {kind = "command", start = ["a"]}', "deploy.runners.x: stop: Field required"),
    ('runners.x = {kind = "command", start = "rm -rf", stop = ["a"]}', "deploy.runners.x: start: Input should be a valid tuple"),
    ('runners.x = {kind = "command", start = [], stop = ["a"]}', "deploy.runners.x: start"),
    ('runners.x = {kind = "command", start = ["a"], stop = ["b"], shell = true}', "deploy.runners.x: shell"),
    ('runners.x = {kind = "command", start = ["a"], stop = ["b"], parameters.m.pattern = "("}', "no regular expression"),
    ("parallel = 0", "deploy.parallel"),
])  # fmt: skip
def test_wrong_settings_are_named(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "workbench.toml"
    file.write_text(f"[deploy]\n{text}\n")
    with pytest.raises(ConfigurationError, match=message):
        load_settings(file, {})


def test_runners_come_from_the_operator_not_from_the_fleet(tmp_path: Path) -> None:
    settings = DeploySettings.model_validate({"runners": {"x": COMMAND}})
    file = tmp_path / "fleet" / "workbench.toml"
    with pytest.raises(ConfigurationError, match="name it with --config if that is meant"):
        check_source(settings, file, [tmp_path / "fleet"], is_named=False)
    check_source(settings, file, [tmp_path / "fleet"], is_named=True)
    check_source(settings, tmp_path / "workbench.toml", [tmp_path / "fleet"], is_named=False)
    check_source(DeploySettings(), file, [tmp_path / "fleet"], is_named=False)
