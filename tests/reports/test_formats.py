"""Reports for machines."""

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from tests.conftest import WriteManifest
from workbench.cli import main
from workbench.config import sample_fleet

SARIF = json.loads((Path(__file__).parents[1] / "fixtures" / "sarif-2.1.0.schema.json").read_text())


def check(*arguments: str) -> str:
    return CliRunner().invoke(main, ["check", *arguments], catch_exceptions=False).stdout


def test_sarif_is_valid_and_complete() -> None:
    report = json.loads(check("--format", "sarif", str(sample_fleet())))
    jsonschema.Draft4Validator(SARIF).validate(report)
    (run,) = report["runs"]
    findings = json.loads(check("--format", "json", str(sample_fleet())))["findings"]
    assert [result["ruleId"] for result in run["results"]] == [item["code"] for item in findings]
    assert len({result["partialFingerprints"]["finding/v1"] for result in run["results"]}) == len(findings)
    for result, item in zip(run["results"], findings, strict=True):
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == item["code"]
        region = result["locations"][0]["physicalLocation"]["region"]
        assert (region["startLine"], region["startColumn"]) == (item["sites"][0]["line"], item["sites"][0]["column"])
        assert len(result.get("relatedLocations", [])) == len(item["sites"]) - 1


def test_a_finding_keeps_its_fingerprint_when_lines_move(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    def fingerprints() -> list[str]:
        (run,) = json.loads(check("--format", "sarif", str(fleet_dir)))["runs"]
        return [result["partialFingerprints"]["finding/v1"] for result in run["results"]]

    write_manifest("a", '[smart-crate]\nname = "a"\n[ports]\nhttp = 443\n')
    before = fingerprints()
    write_manifest("a", '# a new first line\n[smart-crate]\nname = "a"\n[ports]\nhttp = 443\n')
    assert fingerprints() == before != []


def test_github_annotations_are_escaped(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a,b:c", '[smart-crate]\nname = "50%\\n::error::"\n[ports]\nhttp = 8002\n')
    (line,) = check("--format", "github", str(fleet_dir)).splitlines()
    assert line.startswith("::warning title=SC113 A port lies outside every block,file=")
    assert "a%2Cb%3Ac/smart-crate.toml,line=4,col=1::" in line
    assert "50%25%0A::error::" in line
    assert line.endswith("%0Afix: Move the port into the block of its purpose, or add a block to the plan.")


def test_paths_are_relative_to_the_current_directory(
    fleet_dir: Path, write_manifest: WriteManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_manifest("a", '[smart-crate]\nname = "a"\n[ports]\nhttp = 8002\n')
    assert f"file={fleet_dir}/a/smart-crate.toml" in check("--format", "github", str(fleet_dir))
    monkeypatch.chdir(fleet_dir.parent)
    assert "file=fleet/a/smart-crate.toml" in check("--format", "github", "fleet")
