"""`workbench doctor`: what it finds sound, what it finds wrong, and what it says to do."""

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.api.conftest import LiveApi
from workbench import doctor
from workbench.cli import main
from workbench.doctor import Check, Patient, examine, worst
from workbench.hub import Hub, HubOptions
from workbench.sections.deploy import DeploySettings
from workbench.store.database import STATE_FILE, Store


def of(checks: list[Check], subject: str) -> list[Check]:
    return [check for check in checks if check.subject == subject]


@pytest.fixture
def patient(tmp_path: Path) -> Patient:
    (tmp_path / "fleet").mkdir()
    return Patient([tmp_path / "fleet"], tmp_path / "state")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["doctor", *arguments], catch_exceptions=False)


def test_a_sound_host(patient: Patient, tmp_path: Path) -> None:
    checks = examine(patient)
    assert worst(checks) != "error"
    assert of(checks, "state file") == [Check("state file", "ok", "there is none yet")]
    assert of(checks, "root") == [Check("root", "ok", str(tmp_path / "fleet"))]
    assert not patient.state.exists(), "nothing is written"
    assert [check.verdict for check in of(checks, "duckdb")] == ["ok"]


def test_a_root_that_is_not_there(tmp_path: Path) -> None:
    (check,) = of(examine(Patient([tmp_path / "no"], tmp_path)), "root")
    assert (check.verdict, check.fix) == ("error", "name a directory that exists and can be read")


def test_a_state_file_is_told_and_left_alone(patient: Patient) -> None:
    (patient.roots[0] / "smart-crate.toml").write_text('[smart-crate]\nname = "a"\n')
    with Hub(patient.roots, HubOptions(watch=False), Store(patient.state)) as hub:
        assert hub.wait_ready(10)
    before = (patient.state / STATE_FILE).read_bytes()
    (check,) = of(examine(patient), "state file")
    assert check.verdict == "ok"
    assert "1 revisions, 1 events" in check.message
    assert (patient.state / STATE_FILE).read_bytes() == before


def test_a_damaged_state_file(patient: Patient) -> None:
    patient.state.mkdir()
    (patient.state / STATE_FILE).write_bytes(b"no database" * 1000)
    (check,) = of(examine(patient), "state file")
    assert check.verdict == "error"
    assert STATE_FILE in check.message


def test_a_state_file_of_a_newer_workbench(patient: Patient) -> None:
    store = Store(patient.state)
    store.open()
    store.connection.execute("INSERT INTO versions VALUES (9999)")
    store.close()
    (check,) = of(examine(patient), "state file")
    assert (check.verdict, check.fix) == ("error", "use that, or another --state folder")


def test_secrets_that_others_can_read(patient: Patient) -> None:
    patient.state.mkdir()
    for name, mode in (("token", 0o644), ("cookie-secret", 0o600)):
        (patient.state / name).write_text("x")
        (patient.state / name).chmod(mode)
    shared, own = of(examine(patient), "secret")
    assert (shared.verdict, shared.fix) == ("error", f"chmod 600 {patient.state / 'token'}")
    assert own.verdict == "ok"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_state_folder_that_cannot_be_written(patient: Patient) -> None:
    patient.state.mkdir(mode=0o500)
    (check,) = of(examine(patient), "state folder")
    assert check.verdict == "error"


def test_ports(patient: Patient) -> None:
    hub = Hub(patient.roots, HubOptions(watch=False))
    hub.scan_once()
    with socket.create_server(("127.0.0.1", 0)) as stranger, LiveApi(hub) as ours:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            unused = free.getsockname()[1]
        ports = (unused, ours.port, stranger.getsockname()[1])
        checks = of(examine(Patient(patient.roots, patient.state, ports=ports)), "port")
    assert [check.verdict for check in checks] == ["ok", "ok", "error"]
    assert [check.message.split(" ", 1)[1] for check in checks[:2]] == ["is free", "is a running workbench's"]
    assert checks[2].fix == "stop what listens there, or choose another"


def test_the_mux(patient: Patient) -> None:
    hub = Hub(patient.roots, HubOptions(watch=False))
    hub.scan_once()
    with LiveApi(hub) as mux:
        url = f"http://127.0.0.1:{mux.port}"
        (there,) = of(examine(Patient(patient.roots, patient.state, mux=url)), "mux")
    (gone,) = of(examine(Patient(patient.roots, patient.state, mux=url)), "mux")
    assert (there, gone.verdict) == (Check("mux", "ok", f"{url} answers"), "warning")
    assert of(examine(patient), "mux") == []


def test_limits(patient: Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "max_user_watches").write_text("8192\n")
    (tmp_path / "max_user_instances").write_text("4096\n")
    monkeypatch.setattr(doctor, "_INOTIFY", tmp_path)
    watches, instances = of(examine(patient), "file events")
    assert (watches.verdict, instances.verdict) == ("warning", "ok")
    assert watches.fix.startswith("sysctl fs.inotify.max_user_watches=65536")


def test_a_look_that_fails_is_an_error_of_its_own(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Patient) -> list[Check]:
        raise OSError("no such device")

    monkeypatch.setitem(doctor._LOOKS, "limits", broken)
    assert examine(patient)[-1] == Check("limits", "error", "no such device")


def test_the_command(patient: Patient, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        common = (str(patient.roots[0]), "--state", str(patient.state), "--ws-port", "0", "--port", str(port))
        text, machine = run(*common), run(*common, "--format", "json")
    assert (text.exit_code, machine.exit_code) == (1, 1)
    assert f"{port} cannot be listened on" in text.stdout
    told = json.loads(machine.stdout)
    assert told["verdict"] == "error"
    assert {"subject", "verdict", "message", "fix"} == told["checks"][0].keys()
    assert (
        run(str(patient.roots[0]), "--state", str(patient.state), "--ws-port", "0", "--port", str(port)).exit_code == 0
    )
    (tmp_path / "fleet" / "workbench.toml").write_text("[server]\nprot = 1\n")
    assert run(str(patient.roots[0])).exit_code == 2


def deploying(folder: Path, **table: Any) -> Patient:
    """A patient whose settings name one runner."""
    file = folder / "workbench.toml"
    settings = DeploySettings.model_validate({"runners": {"one": table}})
    return Patient([folder], folder / "state", runners=lambda: settings.options(file.parent, folder / "state").runners)


def program(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return f"./{path.name}" if path.name != "docker" else str(path)


def test_a_runner_whose_programs_are_there(tmp_path: Path) -> None:
    run = program(tmp_path / "run", "exit 1")
    patient = deploying(tmp_path, kind="command", start=[run, "{port}"], stop=["sh", "-c", "x"], switch=["{python}"])
    assert of(examine(patient), "runner") == [Check("runner", "ok", "one: its programs are there")]


def test_a_runner_whose_program_is_not_there(tmp_path: Path) -> None:
    patient = deploying(tmp_path, kind="command", start=["./run", "{port}"], stop=["no-such-program"])
    (check,) = of(examine(patient), "runner")
    assert (check.verdict, check.message) == (
        "warning",
        f"one: there is no program {tmp_path}/run, no-such-program",
    )


@pytest.mark.parametrize(
    ("text", "verdict", "message"),
    [
        ("echo Docker Compose version v2.30", "ok", "one: its programs are there"),
        ("echo >&2; echo docker: unknown command: docker compose >&2; exit 1", "warning", "compose version` fails: docker: unknown command: docker compose"),
        ("exit 3", "warning", "fails: it says nothing"),
    ],
)  # fmt: skip
def test_docker_without_compose(tmp_path: Path, text: str, verdict: str, message: str) -> None:
    docker = program(tmp_path / "docker", text)
    (check,) = of(examine(deploying(tmp_path, kind="compose", file="compose.yaml", docker=docker)), "runner")
    assert check.verdict == verdict
    assert check.message.endswith(message)


def test_a_file_of_the_fleet_has_nothing_run(tmp_path: Path) -> None:
    docker = program(tmp_path / "docker", f"touch {tmp_path}/ran")
    runners = f'[deploy.runners.one]\nkind = "compose"\nfile = "compose.yaml"\ndocker = "{docker}"\n'
    (tmp_path / "workbench.toml").write_text(runners)
    told = json.loads(run("--state", str(tmp_path / "state"), "--format", "json", str(tmp_path)).output)
    (check,) = [item for item in told["checks"] if item["subject"] == "runners"]
    assert check["verdict"] == "error"
    assert "name it with --config if that is meant" in check["message"]
    assert not (tmp_path / "ran").exists()
    run("--config", str(tmp_path / "workbench.toml"), "--state", str(tmp_path / "state"), str(tmp_path))
    assert (tmp_path / "ran").exists()
