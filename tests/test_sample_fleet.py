"""The sample fleet shows every dialect, trap and finding, and nothing by accident."""

import pytest

from workbench.config import sample_fleet
from workbench.fleet.claims import decide_claims
from workbench.fleet.rules import COLLISION_KINDS, OBSERVED_CODES, RULES
from workbench.fleet.snapshot import Snapshot
from workbench.sources.discovery import Discovery
from workbench.sources.ingest import read_fleet

NOT_SHOWN = {"unreadable", "block-full", "unused-setting"}
"""Kinds that need a file system, a crowd or settings to show."""


@pytest.fixture(scope="module")
def fleet() -> Snapshot:
    return read_fleet(Discovery([sample_fleet()]), Snapshot())


def test_the_crates_that_other_parts_count_on_are_there(fleet: Snapshot) -> None:
    names = {crate.name for crate in fleet.crates}
    assert len(fleet.crates) >= 40
    assert names >= {"universal-telemetry", "xsd-environment", "port-manager", "statistical-analysis"}


def test_every_kind_of_finding_is_shown(fleet: Snapshot) -> None:
    kinds = {rule.kind for rule in RULES.values() if rule.code not in OBSERVED_CODES}
    assert {item.kind for item in fleet.findings} == kinds - NOT_SHOWN


def test_every_dialect_is_shown(fleet: Snapshot) -> None:
    assert {crate.dialect for crate in fleet.crates} == {"smart-crate", "smart_crate", "crate", "flat"}
    assert {entry.origin for crate in fleet.crates for entry in crate.entries} == {
        "ports", "service", "network", "integration", "header", "url"
    } - {"network"}  # fmt: skip


def test_every_rule_of_ownership_is_shown(fleet: Snapshot) -> None:
    rules = {claim.rule for claim in fleet.claims}
    shown = {
        "role-label", "own-label", "own-name", "own-table", "crate-name", "crate-name-and-role", "well-known-service",
        "integration", "url", "declared-sister", "derived-sister", "mirror-set",
    }  # fmt: skip
    assert rules >= shown


def test_the_collisions_are_the_intended_ones(fleet: Snapshot) -> None:
    assert [(item.kind, item.ports[0], item.crates) for item in fleet.collisions] == [
        ("owner-collision", 3000, ("kiosk-web", "public-map-web")),
        ("owner-collision", 18430, ("sx9-hazard-map", "ctas7-route-planner")),
        ("duplicate-in-crate", 15188, ("deploy-runner",)),
        ("sister-collision", 51268, ("ctas7-meridian-daemon", "profile-agent")),
        ("mirror-collision", 18121, ("sx9-pass-planner", "ground-station-link")),
        (
            "reference-hijacked",
            18001,
            ("legacy-bridge", "sx9-gateway-edge", "ctas7-field-gateway", "sx9-vision-inference", "foundation-core"),
        ),
        ("reserved-port", 18108, ("sx9-vision-inference",)),
        ("decoy-port", 18151, ("cache-warmer",)),
    ]
    assert {item.kind for item in fleet.collisions} == COLLISION_KINDS


def test_the_broken_manifests_are_the_intended_ones(fleet: Snapshot) -> None:
    broken = {
        path: {item.code for item in r.manifest.diagnostics} for path, r in fleet.records.items() if r.crate is None
    }
    assert broken == {
        "geo/contour-lab/smart-crate.toml": {"SC001"},
        "orbital/antenna-survey/smart-crate.toml": {"SC004"},
        "templates/service/smart-crate.toml": {"SC008"},
    }


def test_stale_copies_are_not_read(fleet: Snapshot) -> None:
    assert not [path for path in fleet.records if "archive/" in path or "target/" in path or "node_modules/" in path]
    assert list(sample_fleet().rglob("target/**/smart-crate.toml"))
    assert list(sample_fleet().rglob("node_modules/**/smart-crate.toml"))
    assert list(sample_fleet().rglob("smart-crate.toml.bak"))


def test_some_crates_are_founded_through_a_former_name(fleet: Snapshot) -> None:
    (core,) = [crate for crate in fleet.crates if crate.foundation == crate.name]
    through_alias = [crate for crate in fleet.crates if crate.foundation in core.aliases]
    assert len(through_alias) >= 5
    assert decide_claims(core, fleet.names, fleet.plan) == ()
