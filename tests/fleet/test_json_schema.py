"""The JSON Schema agrees with our reader: what one accepts, the other does."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.config import sample_fleet
from workbench.fleet.json_schema import manifest_schema
from workbench.fleet.manifest import parse_manifest
from workbench.sources.scope import PRUNED, is_manifest_name

VALIDATOR = jsonschema.Draft202012Validator(manifest_schema())
SAMPLES = [
    path
    for path in sorted(sample_fleet().rglob("*.toml"))
    if is_manifest_name(path.name) and not PRUNED.intersection(path.relative_to(sample_fleet()).parts)
]


def is_valid_for_us(text: str) -> bool:
    manifest = parse_manifest("p", text.encode())
    codes = {item.code for item in manifest.diagnostics}
    return manifest.crate is not None and not codes & {"SC001", "SC002", "SC003", "SC004", "SC005", "SC117"}


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(manifest_schema())
    assert json.loads(json.dumps(manifest_schema())) == manifest_schema()


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: str(path.relative_to(sample_fleet())))
def test_samples_are_valid_for_both_or_for_neither(path: Path) -> None:
    text = path.read_text()
    try:
        document = tomli.loads(text)
    except tomli.TOMLDecodeError:
        assert not is_valid_for_us(text)
        return
    if parse_manifest("p", text.encode()).is_template:
        return  # neither valid nor invalid: it describes no crate
    assert VALIDATOR.is_valid(document) == is_valid_for_us(text), list(VALIDATOR.iter_errors(document))


_VALUES = st.sampled_from(["1", "0", "70000", "18020", "-1", "true", '"x"', '""', '"80"', '"70000"', '"00080"', "1.5", "[]", '["a"]', "[1]", "{}", "{ port = 1 }", "{ port = 0 }", '"20251208"'])  # fmt: skip
_KEYS = {
    "": ["name", "version", "class", "tesla_grade", "port"],
    "smart-crate": ["name", "version", "classification", "tesla_grade", "foundation", "port", "ports"],
    "smart_crate": ["name", "class"],
    "crate": ["name", "description"],
    "metadata": ["smart_crate_type", "tesla_grade", "cloned_from", "other"],
    "ports": ["http", "grpc"],
    "service": ["ports", "protocols", "capabilities"],
    "network": ["port", "protocols"],
    "qa": ["minimum_score", "automated_testing"],
    "deployment": ["strategy", "canary_percentage", "rollback_on_failure"],
    "security": ["slsa_level"],
}


@st.composite
def documents(draw: st.DrawFn) -> str:
    lines: list[str] = []
    for table, keys in _KEYS.items():
        if table and not draw(st.booleans()):
            continue
        lines += [f"[{table}]"] if table else []
        for key in keys:
            if draw(st.integers(0, 3)) == 0:
                lines.append(f"{key} = {draw(_VALUES)}")
    return "\n".join(lines)


@settings(max_examples=400, deadline=None)
@given(documents())
def test_the_schema_and_the_reader_agree(text: str) -> None:
    document: dict[str, Any] = tomli.loads(text)
    assert VALIDATOR.is_valid(document) == is_valid_for_us(text), (
        text,
        [e.message for e in VALIDATOR.iter_errors(document)],
    )
