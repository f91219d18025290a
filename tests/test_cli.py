"""The command line as people and CI use it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.conftest import WriteManifest
from workbench.cli import main
from workbench.config import sample_fleet


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)


def test_check_of_a_sound_fleet_succeeds(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a", '[smart-crate]\nname = "a"\n[ports]\nhttp = 8002\n')
    answer = run("check", str(fleet_dir))
    assert answer.exit_code == 0
    assert answer.stdout == (
        'warning[SC113]: port 8002 ("http" of a) lies outside every block\n'
        "  --> a/smart-crate.toml:4:1\n"
        "    4 | http = 8002\n"
        "      | ^^^^\n"
        "  = fix: Move the port into the block of its purpose, or add a block to the plan.\n"
        "\n"
        "1 crate in 1 manifest: 0 errors, 1 warning, 0 hints\n"
    )


def test_check_fails_on_errors_and_names_every_side(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a", '[smart-crate]\nname = "a"\n[ports]\nhttp = 18020\n')
    write_manifest("b", '[smart-crate]\nname = "b"\n[service]\nports = ["80", "18020"]\n')
    answer = run("check", str(fleet_dir))
    assert answer.exit_code == 1
    assert (
        "error[SC101]: port 18020 is owned by a and b\n"
        "  --> a/smart-crate.toml:4:1\n"
        "    4 | http = 18020\n"
        "      | ^^^^\n"
        "  --> b/smart-crate.toml:4:16\n"
        '    4 | ports = ["80", "18020"]\n'
        "      |                ^^^^^^^\n"
        "  = fix: Keep 18020 in a and move b to a free port.\n"
    ) in answer.stdout


def test_check_as_json_is_the_contract(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a", '[smart-crate]\nname = "a"\n[ports]\nhttp = -1\n')
    answer = run("check", "--format", "json", str(fleet_dir))
    assert answer.exit_code == 1
    report = json.loads(answer.stdout)
    assert list(report) == ["revision", "crates", "findings", "muted", "summary"]
    assert report["crates"] == 1
    assert report["findings"] == [
        {
            "code": "SC117",
            "kind": "invalid-port",
            "severity": "error",
            "crates": ["a"],
            "ports": [],
            "sites": [{"crate": None, "path": "a/smart-crate.toml", "line": 4, "column": 1, "key": "ports.http"}],
            "message": "ports.http: a port must be from 1 to 65535, not -1",
            "explanation": "A port is a whole number from 1 to 65535; the entry is left out, the rest of the crate is kept.",
            "fix": "Write a whole number from 1 to 65535.",
            "muted": None,
        }
    ]


def test_hints_are_shown_when_asked_for(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a", "name = 'a'\n")
    assert "hint[SC009]" not in run("check", str(fleet_dir)).stdout
    assert "hint[SC009]" in run("check", "--severity", "hint", str(fleet_dir)).stdout


def test_muted_findings_are_counted_and_fail_nothing(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a", '[smart-crate]\nname = "a"\n[ports]\nhttp = 18108\n')
    (fleet_dir / "workbench.toml").write_text('[[ports.mute]]\nkind = "reserved-port"\nreason = "agreed"\n')
    answer = run("check", str(fleet_dir))
    assert (answer.exit_code, answer.stdout) == (0, "1 crate in 1 manifest: 0 errors, 0 warnings, 0 hints, 1 muted\n")
    report = json.loads(run("check", "--format", "json", str(fleet_dir)).stdout)
    assert (report["findings"], report["summary"]["muted"]) == ([], 1)
    assert [(item["kind"], item["muted"]) for item in report["muted"]] == [("reserved-port", "agreed")]


def test_scan_lists_the_crates_also_when_some_are_broken(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a", '[smart-crate]\nname = "a"\nversion = "1.2.3"\n[ports]\nhttp = 18020\n')
    write_manifest("b", "broken")
    answer = run("scan", str(fleet_dir))
    assert answer.exit_code == 0
    assert answer.stdout.splitlines()[0].split() == ["a", "1.2.3", "-", "http=18020"]
    assert answer.stdout.splitlines()[-1] == "1 crate in 2 manifests: 1 error, 0 warnings, 0 hints"
    report = json.loads(run("scan", "--format", "json", str(fleet_dir)).stdout)
    assert report["crates"] == [
        {
            "name": "a",
            "version": "1.2.3",
            "classification": None,
            "path": "a/smart-crate.toml",
            "ports": {"http": 18020},
        }
    ]


def test_an_empty_root_says_so(fleet_dir: Path) -> None:
    answer = run("scan", str(fleet_dir))
    assert answer.exit_code == 0
    assert "no crates: no smart-crate.toml or *.smartcrate.toml was found" in answer.stdout
    assert run("check", str(fleet_dir)).exit_code == 0


def test_a_root_that_does_not_exist_is_one_clear_line(tmp_path: Path) -> None:
    for command in ("scan", "check"):
        answer = run(command, str(tmp_path / "absent"))
        assert answer.exit_code == 2
        assert answer.stderr == f"workbench: {tmp_path / 'absent'}: no such directory\n"


def test_demo_and_paths_exclude_each_other(tmp_path: Path) -> None:
    answer = run("serve", "--demo", str(tmp_path))
    assert answer.exit_code == 2
    assert "either --demo or PATHs" in answer.stderr


def test_help_tells_a_newcomer_what_to_type() -> None:
    text = run("--help").stdout
    for command in ("scan", "check", "serve"):
        assert f"workbench {command} ~/src" in text
        assert run(command, "--help").exit_code == 0
    assert "Exit codes:" in run("check", "--help").stdout
    assert "workbench check ~/src            what is wrong, for people and for CI\n" in text
    assert "\\b" not in text


def test_strange_bytes_in_a_manifest_do_not_reach_the_terminal(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a", '[smart-crate]\nname = "a"\nversion = 3 # \x1b[31m\u202e\n')
    assert "\x1b" not in run("check", str(fleet_dir)).stdout
    assert "\u202e" not in run("check", str(fleet_dir)).stdout


def test_check_imports_neither_panel_nor_duckdb_nor_pandas() -> None:
    """A checker that runs on every change must start quickly."""
    code = f"""
import sys
from workbench.cli import main
try:
    main(["check", {str(sample_fleet())!r}])
except SystemExit as end:
    heavy = {{"panel", "bokeh", "duckdb", "pandas", "pyarrow", "networkx", "tornado"}}
    print(end.code, sorted(heavy & set(sys.modules)))
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines()[-1] == "1 []"


def test_a_sound_fleet_is_checked_without_pydantic_and_without_settings(
    fleet_dir: Path, write_manifest: WriteManifest
) -> None:
    """Both take longer to import than a small fleet to check."""
    write_manifest("a", '[smart-crate]\nname = "a"\n[ports]\nhttp = 18010\n')
    code = f"""
import sys
from workbench.cli import main
try:
    main(["check", {str(fleet_dir)!r}])
except SystemExit as end:
    print(end.code, sorted({{"pydantic", "workbench.settings", "asyncio"}} & set(sys.modules)))
"""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("WORKBENCH_")}
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=plain)
    assert answer.stdout.splitlines()[-1] == "0 []"


@pytest.mark.parametrize(("manifest", "code"), [('[smart-crate]\nname = "a"\n', 0), ("name = ", 1)])
def test_a_process_ends_with_the_code_and_all_that_it_said(
    fleet_dir: Path, write_manifest: WriteManifest, manifest: str, code: int
) -> None:
    write_manifest("a", manifest)
    asked = ["check", "--format", "json", str(fleet_dir)]
    done = subprocess.run([sys.executable, "-m", "workbench", *asked], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, "")
    assert json.loads(done.stdout) == json.loads(run(*asked).stdout)


def test_a_process_whose_reader_went_away_says_nothing(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a")
    asked = [sys.executable, "-m", "workbench", "scan", str(fleet_dir)]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
        assert process.wait(20) in (0, 1)


def test_roots_of_a_named_settings_file_are_relative_to_it(tmp_path: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a")
    config = tmp_path / "elsewhere.toml"
    config.write_text('[discovery]\nroots = ["fleet"]\n')
    assert json.loads(run("scan", "--format", "json", "--config", str(config)).stdout)["roots"] == [
        str(tmp_path / "fleet")
    ]
    assert (
        run("scan", "--config", str(tmp_path / "absent.toml")).stderr
        == f"workbench: {tmp_path / 'absent.toml'}: no such file\n"
    )
