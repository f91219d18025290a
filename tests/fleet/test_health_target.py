"""Where crates tell of their health: only a path on their own ports, wherever a manifest tries to send us."""

import pytest

from workbench.fleet.health_target import HealthTarget, health_targets, where_served
from workbench.fleet.manifest import parse_manifest
from workbench.fleet.snapshot import Snapshot


def targets(endpoint: str, ports: str = "http_api = 18010") -> tuple[HealthTarget, ...]:
    text = f'[smart-crate]\nname = "a"\nversion = "1"\n[ports]\n{ports}\n[endpoints]\nhealth = {endpoint!r}\n'
    return health_targets(Snapshot().apply({"a/smart-crate.toml": parse_manifest("a/smart-crate.toml", text.encode())}))


def test_the_likeliest_port_comes_first() -> None:
    assert targets("/health", "grpc = 18011\nmetrics = 18012\nhttp_api = 18010\nws = 18013") == (
        HealthTarget("a", (18010, 18011, 18012), "/health"),
    )


def test_a_path_needs_no_slash() -> None:
    assert targets("healthz") == (HealthTarget("a", (18010,), "/healthz"),)


@pytest.mark.parametrize(
    "endpoint", ["http://evil.example/", "//evil.example/x", "/a b", "/" + "x" * 501, "/\u2200", "ftp://x"]
)
def test_what_is_no_path_is_not_asked_for(endpoint: str) -> None:
    assert targets(endpoint) == ()


def test_a_crate_that_serves_on_its_sister_port_is_asked_there_first() -> None:
    (target,) = targets("/health")
    assert tuple(where_served([target], {"a": 50778, "b": 1})) == (HealthTarget("a", (50778, 18010), "/health"),)
    assert tuple(where_served([target], {"a": 18010})) == tuple(where_served([target], {})) == (target,)
