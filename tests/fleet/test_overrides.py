"""Overrides: what the settings decide about a label outranks every rule, and says when it decides nothing."""

from workbench.fleet.manifest import parse_manifest
from workbench.fleet.plan import Override, PortPlan
from workbench.fleet.snapshot import Snapshot

from .conftest import MakeSnapshot


def plan_of(*overrides: Override) -> PortPlan:
    return PortPlan(overrides=overrides)


def test_an_override_makes_an_owner_of_a_reference(snapshot_of: MakeSnapshot) -> None:
    plan = plan_of(Override("SX9_Atlas", "Postgres", "owner", "it carries its own database"))
    snapshot = snapshot_of(plan, atlas="[ports]\npostgres = 18020")
    (claim,) = snapshot.at_port[18020]
    assert (claim.role, claim.of, claim.rule, claim.reason, claim.confidence) == (
        "owner",
        "atlas",
        "override",
        "it carries its own database",
        1.0,
    )
    assert [c.role for c in snapshot.at_port[50788]] == ["sister"]


def test_an_override_makes_a_reference_to_a_crate_by_its_former_name(snapshot_of: MakeSnapshot) -> None:
    plan = plan_of(Override("atlas", "http", "reference", "a proxy answers there", of="old-gate"))
    snapshot = snapshot_of(
        plan, atlas="[ports]\nhttp = 18020", gate='[ports]\nhttp = 18020\n[metadata]\ncloned_from = "old_gate"'
    )
    assert [(c.crate, c.role, c.of, c.resolved) for c in snapshot.at_port[18020]] == [
        ("atlas", "reference", "gate", True),
        ("gate", "owner", "gate", True),
    ]
    assert snapshot.findings == ()


def test_an_override_outranks_a_declared_sister(snapshot_of: MakeSnapshot) -> None:
    plan = plan_of(Override("atlas", "http_sister", "reference", "an old name", of="relay"))
    snapshot = snapshot_of(plan, atlas="[ports]\nhttp = 18020\nhttp_sister = 18030")
    assert [(c.role, c.of, c.resolved) for c in snapshot.at_port[18030]] == [("reference", "relay", False)]
    assert [c.rule for c in snapshot.at_port[50788]] == ["derived-sister"]


def test_a_crate_that_comes_later_is_what_an_override_means(snapshot_of: MakeSnapshot) -> None:
    plan = plan_of(Override("atlas", "http", "reference", "why", of="late"))
    snapshot = snapshot_of(plan, atlas="[ports]\nhttp = 18020")
    assert [item.kind for item in snapshot.findings] == ["reference-external"]
    late = parse_manifest("late/smart-crate.toml", b'[smart-crate]\nname = "late"\n[ports]\nhttp = 18020\n')
    assert snapshot.apply({late.path: late}).findings == ()


def test_an_override_that_decides_nothing_is_said(snapshot_of: MakeSnapshot) -> None:
    plan = plan_of(Override("ghost", "http", "owner", "why"), Override("atlas", "grpc", "owner", "why"))
    snapshot = snapshot_of(plan, atlas="[ports]\nhttp = 18020")
    assert [(item.code, item.message) for item in snapshot.findings] == [
        ("SC118", 'the override of "grpc" in atlas has no effect: it declares "http"'),
        ("SC118", 'the override of "http" in ghost has no effect: no crate bears that name'),
    ]
    path = "atlas/smart-crate.toml"
    changed = snapshot.apply({path: parse_manifest(path, b'[smart-crate]\nname = "atlas"\n[ports]\ngrpc = 18020\n')})
    assert [item.message for item in changed.findings] == [
        'the override of "http" in ghost has no effect: no crate bears that name'
    ]
    assert changed.apply({path: None}).findings == Snapshot(plan).findings == ()
