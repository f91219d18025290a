"""The documentation says what the code does."""

import re
import tomllib
from pathlib import Path

import pytest

from workbench.config import SETTINGS_FILE
from workbench.fleet.manifest import parse_manifest
from workbench.fleet.observed import Listener, Observed, Registration
from workbench.fleet.rules import COLLISION_KINDS, RULES
from workbench.fleet.snapshot import Snapshot
from workbench.settings import load_settings

DOCS = Path(__file__).parent.parent / "docs"
DIAGNOSTICS = (DOCS / "diagnostics.md").read_text()
SECTIONS = dict(re.findall(r"^## (SC\d+)\n(.*?)(?=^## |\Z)", DIAGNOSTICS, re.MULTILINE | re.DOTALL))
WITHOUT_FILE = {"SC002"}
"""Codes that no text of a manifest can show."""


def test_every_code_has_its_section_and_its_row() -> None:
    assert list(SECTIONS) == list(RULES)
    rows = re.findall(r"^\| \[(SC\d+)\]\(#(\w+)\) \| ([\w-]+)(\*?) \| (\w+) \| (.*) \|$", DIAGNOSTICS, re.MULTILINE)
    assert rows == [
        (rule.code, rule.code.lower(), rule.kind, "*" * (rule.kind in COLLISION_KINDS), rule.severity, rule.title)
        for rule in RULES.values()
    ]


@pytest.mark.parametrize("code", RULES)
def test_a_section_explains_its_rule(code: str) -> None:
    rule = RULES[code]
    assert f"**{rule.title}** ({rule.kind}, {rule.severity}). {rule.explanation}" in SECTIONS[code]
    assert "\nFix: " in SECTIONS[code]


def what_runs(text: str) -> Observed:
    given = tomllib.loads(text)
    return Observed(
        listeners=tuple(Listener(transport="tcp", addresses=("::",), **item) for item in given.get("listeners", ())),
        registrations=tuple(Registration(**item) for item in given.get("registrations", ())),
        sees_all=bool(given),
    )


@pytest.mark.parametrize("code", sorted(RULES.keys() - WITHOUT_FILE))
def test_an_example_causes_what_it_stands_for(tmp_path: Path, code: str) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", SECTIONS[code], re.DOTALL)
    (said,) = re.findall(r"```text\n(.*?)\n```", SECTIONS[code], re.DOTALL)
    parts = re.findall(r"^# (\S+\.toml)\n(.*?)(?=^# \S+\.toml$|\Z)", block, re.MULTILINE | re.DOTALL)
    files = {path: text for path, text in parts if path not in (SETTINGS_FILE, "runs.toml")}
    (tmp_path / SETTINGS_FILE).write_text(dict(parts).get(SETTINGS_FILE, ""))
    plan = load_settings(tmp_path / SETTINGS_FILE, {}).ports.plan()
    snapshot = Snapshot(plan).apply({path: parse_manifest(path, text.encode()) for path, text in files.items()})
    snapshot = snapshot.observe(what_runs(dict(parts).get("runs.toml", "")))
    found = {f"{item.severity}[{item.code}]: {item.message}": item.fix for item in snapshot.findings}
    assert said in found
    assert f"Fix: {found[said]}" in SECTIONS[code]


def test_every_rule_of_ownership_is_explained() -> None:
    from workbench.fleet import claims

    named = set(re.findall(r'Verdict\(\s*"([a-z-]+)"', Path(claims.__file__).read_text()))
    named |= {"url", "integration", "declared-sister"}
    explained = re.findall(r"^\| `([a-z-]+)` \|", (DOCS / "ports.md").read_text(), re.MULTILINE)
    assert set(explained) == named
    assert len(explained) == len(set(explained))


def test_every_rule_of_identity_is_explained() -> None:
    from workbench.fleet import identity

    named = set(re.findall(r'Identity\(\s*"([a-z-]+)"', Path(identity.__file__).read_text()))
    named |= set(identity._CONFIDENCE)
    text = (DOCS / "ports.md").read_text().split("## Who listens")[1].split("\n## ")[0]
    assert re.findall(r"^\| [0-9]+ \| `([a-z-]+)` \|", text, re.MULTILINE) == [
        "workbench", "registered-pid", "executable", "working-directory", "command-line", "process-name",
        "registered-port", "hidden", "forwarder", "no-evidence",
    ]  # fmt: skip
    assert len(named) == 10


def test_every_setting_is_documented() -> None:
    from workbench.settings import Settings

    text = (DOCS / "configuration.md").read_text()
    for section, field in Settings.model_fields.items():
        part = text.split(f"\n## {section}\n")[1].split("\n## ")[0]
        for key in field.annotation.model_fields:  # type: ignore[union-attr]
            assert re.search(rf"(`{key}`|\b{key} = |ports\.{key}[.\]])", part), f"{section}.{key}"


def test_every_setting_of_the_jupyter_extension_is_documented() -> None:
    from workbench.jupyter.extension import WorkbenchExtension

    own = {name for name, trait in vars(WorkbenchExtension).items() if getattr(trait, "metadata", {}).get("config")}
    text = (DOCS / "jupyter.md").read_text().split("## Which fleet")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == own
    assert own


def test_every_column_of_every_frame_is_documented() -> None:
    from workbench.fleet.tables import SNAPSHOT_TABLES
    from workbench.live.frames import LISTENER_COLUMNS, REGISTRATION_COLUMNS
    from workbench.tables.frames import EVENT_COLUMNS
    from workbench.tables.hub_tables import HISTORY_COLUMNS, TABLE_NAMES

    columns = {name: spec.columns for name, spec in SNAPSHOT_TABLES.items()} | {
        "events": EVENT_COLUMNS,
        "history": HISTORY_COLUMNS,
        "registrations": REGISTRATION_COLUMNS,
        "observed": LISTENER_COLUMNS,
    }
    parts = (DOCS / "notebooks.md").read_text().split("\n## Frames\n")[1].split("\n### ")[1:]
    told = {
        part.partition("\n")[0]: re.findall(r"^\| `(\w+)` \| (\w+) \| (.+) \|$", part, re.MULTILINE) for part in parts
    }
    assert told == {name: [(c.name, c.type, c.meaning) for c in columns[name]] for name in TABLE_NAMES}


def test_every_route_is_documented() -> None:
    from unittest.mock import Mock

    from api import routes

    text = (DOCS / "api.md").read_text()
    documented = set(re.findall(r"/[a-z][\w/:-]*(?:\.json)?", text))
    for pattern, *_ in routes(Mock()):
        route = re.sub(r"\(\?:.*?\)\?", "", str(pattern)).replace("\\.", ".")
        if route != "/api":
            shape = re.sub(r"\(.*?\)", ":x", route)
            assert shape in {re.sub(r":\w+", ":x", path) for path in documented}, route
