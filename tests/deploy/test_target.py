"""From a manifest and a request to a checked target."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.deploy.runner import Runner, make_runners, settings_of
from workbench.deploy.target import DeployRequest, checked_version, seconds, target_of
from workbench.errors import InvalidRequest, InvalidVersion, NotDeployable
from workbench.fleet.manifest import parse_manifest
from workbench.fleet.plan import PortPlan
from workbench.fleet.snapshot import Snapshot


def runner(**table: Any) -> Runner:
    base = {"kind": "command", "start": ["a"], "stop": ["b"], "switch": ["c"]}
    return make_runners({"demo": settings_of(base | table)}, Path("/"), Path("/w"), {}).named("demo")


def made(text: str, request: DeployRequest | None = None, by: Runner | None = None) -> Any:
    snapshot = Snapshot().apply({"a/smart-crate.toml": parse_manifest("a/smart-crate.toml", text.encode())})
    (record,) = snapshot.records.values()
    return target_of(record, request or DeployRequest(), by or runner(), PortPlan(), "/fleet/a")


HEAD = '[smart-crate]\nname = "atlas"\nversion = "1.2.3"\n'
PORTS = "[ports]\nhttp = 18500\nadmin = 18501\n"
DEPLOYMENT = '[deployment]\nstrategy = "blue_green"\nhealth_check_interval = "30s"\nrollback_on_failure = false\ncanary_percentage = 5\n'


def test_what_a_manifest_says_is_taken() -> None:
    target = made(HEAD + PORTS + '[endpoints]\nhealth = "/well"\n' + DEPLOYMENT)
    assert (target.version, target.strategy, target.port, target.sister_port) == ("1.2.3", "blue-green", 18500, 51268)
    assert (target.gate.path, target.gate.interval, target.gate.timeout) == ("/well", 30.0, 180.0)
    assert (target.percentage, target.rollback_on_failure, target.can_switch) == (5, False, True)


def test_what_a_request_says_comes_first() -> None:
    own = runner(
        parameters={"mood": {"pattern": "[a-z]+", "default": "good"}},
        label="admin",
        health={"interval": 0.5, "timeout": 9},
    )
    target = made(HEAD + PORTS + DEPLOYMENT, DeployRequest("2.0", "canary", {"mood": "bad"}), own)
    assert (target.version, target.strategy, target.parameters, target.port) == (
        "2.0",
        "canary",
        (("mood", "bad"),),
        18501,
    )
    assert (target.gate.path, target.gate.interval, target.gate.timeout) == ("/health", 0.5, 9)
    assert made(HEAD + PORTS, by=own).parameters == (("mood", "good"),)


@pytest.mark.parametrize(("text", "message"), [
    (HEAD, "owns no port"),
    (HEAD + PORTS + '[deployment]\nstrategy = "big bang"\n', "is none of rolling, blue-green, canary"),
    (HEAD + PORTS + '[endpoints]\nhealth = "http://169.254.169.254/"\n', "no plain path"),
    (HEAD + PORTS + '[endpoints]\nhealth = "/../../x"\n', "no plain path"),
    (HEAD + PORTS + '[endpoints]\nhealth = "/x y"\n', "no plain path"),
    (HEAD.replace("atlas", "-rf /") + PORTS, "rename it"),
    (HEAD.replace("atlas", "../../etc") + PORTS, "rename it"),
])  # fmt: skip
def test_what_cannot_be_deployed(text: str, message: str) -> None:
    with pytest.raises(NotDeployable, match=message):
        made(text)


def test_a_label_that_the_crate_has_not() -> None:
    with pytest.raises(NotDeployable, match='no port "grpc"'):
        made(HEAD + PORTS, by=runner(label="grpc"))


@pytest.mark.parametrize("value", ["; reboot", "", "a" * 201, "-x"])
def test_parameters_fit_their_pattern(value: str) -> None:
    own = runner(parameters={"mood": {"pattern": "[a-z-]*[a-z]", "default": "good"}})
    with pytest.raises(InvalidRequest, match=r"parameters\.mood"):
        made(HEAD + PORTS, DeployRequest(parameters={"mood": value}), own)


@given(st.text(max_size=80))
def test_a_version_is_safe_or_refused(text: str) -> None:
    try:
        version = checked_version(text)
    except InvalidVersion:
        return
    assert version == text
    assert text.isascii()
    assert 1 <= len(text) <= 64
    assert text[0].isalnum()
    assert ".." not in text
    assert not set(text) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-")


def test_versions_that_people_use() -> None:
    for version in ("1", "1.2.3", "2.0.0-rc.1+build.5", "v3", "20251013-110000", "0a1b2c"):
        assert checked_version(version) == version
    with pytest.raises(InvalidVersion, match="names none"):
        checked_version(None)


@pytest.mark.parametrize(("declared", "expected"), [
    ("30s", 30), ("500ms", 0.5), ("2m", 120), (15, 15), ("1.5", 1.5), (None, 5), (True, 5), ("soon", 5), ("0s", 0.1),
    ("99m", 300), ("-5s", 5), ([], 5),
])  # fmt: skip
def test_durations(declared: object, expected: float) -> None:
    assert seconds(declared) == expected
