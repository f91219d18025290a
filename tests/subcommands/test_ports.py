"""`workbench ports` as people type it."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.api.conftest import SECRET, LiveApi
from tests.conftest import WriteManifest
from workbench import Workbench
from workbench.cli import main
from workbench.hub import Hub


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["ports", *arguments], catch_exceptions=False)


@pytest.fixture
def fleet(fleet_dir: Path, write_manifest: WriteManifest) -> str:
    write_manifest("vault", '[smart-crate]\nname = "vault"\n[ports]\nhttp = 18010 # the API\nnats = 18013\n')
    return str(fleet_dir)


@pytest.fixture
def server(fleet: str, hub: Hub) -> Iterator[list[str]]:
    """The options that name a running server and its token."""
    hub.refresh().result(10)
    with LiveApi(hub) as live:
        yield ["--url", f"http://{live.base}", "--token", SECRET]


def test_free_ports(fleet: str) -> None:
    answer = run("free", fleet, "--block", "foundation and core", "--count", "12")
    assert (answer.exit_code, answer.stdout.split()) == (0, [str(p) for p in (*range(18000, 18010), 18011, 18012)])
    assert run("free", fleet).stdout == "15180\n"
    assert run("free", fleet, "--block", "Front-end mirror", "--count", "2").stdout == "25175\n"
    assert run("free", fleet, "--block", "Front-end mirror", "--count", "2").exit_code == 1
    answer = run("free", fleet, "--block", "Attic")
    assert answer.exit_code == 2
    assert answer.stderr.startswith('workbench: no block is named "Attic"; there are Command Center, ')


def test_the_map(fleet: str) -> None:
    lines = run("map", fleet).stdout.splitlines()
    at = lines.index("Foundation and core  18000-18099  1 owned, 98 free")
    assert lines[at + 1 : at + 3] == ["  18000  " + "." * 10 + "#..r" + "." * 36, "  18050  " + "." * 50]
    assert lines[-1].startswith("! collision  # owned")


def test_assign_list_and_release_through_a_server(server: list[str]) -> None:
    answer = run("assign", "vault", "--label", "metrics", "--key", "k", *server)
    assert (answer.exit_code, answer.stdout) == (0, "18000\n")
    assert run("assign", "vault", "--label", "metrics", "--key", "k", *server).stdout == "18000\n"
    made = json.loads(run("list", "--format", "json", *server).stdout)
    assert [(item["port"], item["crate_name"], item["label"]) for item in made] == [(18000, "vault", "metrics")]
    assert run("list", *server).stdout.startswith("18000  vault  metrics  20")
    assert run("release", "18000", "--id", "another", *server).exit_code == 2
    assert run("release", "18000", "--id", made[0]["id"], *server).stdout.startswith("released: 18000  vault  metrics")
    assert run("list", *server).stdout == ""
    assert "released 20" in run("list", "--history", *server).stdout


def test_what_the_server_refuses_is_one_clear_line(server: list[str]) -> None:
    answer = run("assign", "vault", "--preferred", "18010", *server)
    assert (answer.exit_code, answer.stderr) == (2, 'workbench: 18010 is claimed by vault ("http", owner)\n')
    answer = run("assign", "vault", *server[:3], "wrong")
    assert answer.exit_code == 2
    assert "the token is not known here" in answer.stderr


def test_no_server_and_no_workbench() -> None:
    answer = run("list", "--url", "http://127.0.0.1:1", "--token", "x")
    assert answer.exit_code == 2
    assert answer.stderr.startswith("workbench: no workbench answers at http://127.0.0.1:1: ")
    assert run("list", "--url", "nonsense", "--token", "x").exit_code == 2


def test_the_token_is_that_of_the_state_folder(
    server: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WORKBENCH_TOKEN", raising=False)
    monkeypatch.setenv("WORKBENCH_STATE", str(tmp_path))
    (tmp_path / "token").write_text(f"{SECRET}\n")
    (tmp_path / "token").chmod(0o600)
    assert run("assign", "vault", *server[:2]).stdout == "18000\n"


def test_assign_on_a_scan_writes_the_manifest(fleet: str) -> None:
    answer = run("assign", "vault", "--label", "metrics", "--write", fleet)
    assert (answer.exit_code, answer.stdout) == (0, "18000\n")
    assert answer.stderr == "vault/smart-crate.toml: [ports] metrics = 18000\n"
    text = (Path(fleet) / "vault/smart-crate.toml").read_text()
    assert text.endswith("http = 18010 # the API\nnats = 18013\nmetrics = 18000\n")
    assert run("assign", "vault", "--label", "grpc", "--write", fleet).stdout == "18001\n"
    assert run("assign", "stranger", "--write", fleet).exit_code == 2


def test_assign_through_a_server_and_write(fleet: str, server: list[str]) -> None:
    model = json.loads(run("assign", "vault", "--label", "grpc", "--write", fleet, "--format", "json", *server).stdout)
    assert (model["port"], model["actor"]) == (18000, "tester")
    assert "grpc = 18000\n" in (Path(fleet) / "vault/smart-crate.toml").read_text()


def test_a_patch_that_clears_every_collision(sample_copy: Path) -> None:
    answer = run("fix", str(sample_copy))
    assert answer.exit_code == 0
    assert answer.stderr.splitlines()[-1] == "8 moves clear 8 of 8 collisions"
    before = {path: path.read_text() for path in sample_copy.rglob("*.toml")}
    subprocess.run(["git", "apply", "-p1", "-"], cwd=sample_copy, input=answer.stdout, text=True, check=True)
    assert Workbench.scan(sample_copy).summary()["collisions"] == 0
    changed = [path for path, text in before.items() if path.read_text() != text]
    assert len(changed) == 8
    assert (
        "# the old system cannot be told another"
        in (sample_copy / "gateway/legacy-bridge/smart-crate.toml").read_text()
    )


def test_a_fleet_without_collisions_needs_no_patch(fleet: str) -> None:
    answer = run("fix", fleet)
    assert (answer.exit_code, answer.stdout, answer.stderr) == (0, "", "0 moves clear 0 of 0 collisions\n")


def test_free_here_leaves_out_what_is_in_use_and_says_so(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        block = f'[[ports.blocks]]\nname = "here"\nfirst = {port}\nlast = {min(port + 5, 65535)}\n'
        (tmp_path / "workbench.toml").write_text(block)
        (tmp_path / "smart-crate.toml").write_text('[smart-crate]\nname = "a"\n')
        plain = CliRunner().invoke(main, ["ports", "free", str(tmp_path)])
        result = CliRunner().invoke(main, ["ports", "free", str(tmp_path), "--here"])
    assert plain.stdout == f"{port}\n"
    assert f"left out: {port} is in use by" in result.stderr
    assert int(result.stdout) > port
