"""Muted findings do not count, and are never gone."""

import pytest

from workbench.fleet.manifest import parse_manifest
from workbench.fleet.muting import Mute
from workbench.fleet.plan import PortPlan
from workbench.fleet.snapshot import Snapshot, Tally
from workbench.fleet.wire import check_model

from .conftest import MakeSnapshot

FLEET = {"sx9_a": "[ports]\nhttp = 8002\nrest = 8003", "b": "[ports]\nhttp = 8002"}


@pytest.mark.parametrize(
    ("mute", "left", "gone"),
    [
        (Mute("outside-block", "old"), 1, 3),
        (Mute("SC113", "old", crate="SX9_A"), 2, 2),
        (Mute("SC1", "old", port=8003), 3, 1),
        (Mute("SC113", "old", crate="b", port=8002), 3, 1),
        (Mute("owner-collision", "old", crate="b"), 3, 1),
    ],
)
def test_a_mute_takes_what_it_names(snapshot_of: MakeSnapshot, mute: Mute, left: int, gone: int) -> None:
    snapshot = snapshot_of(PortPlan(mutes=(mute,)), **FLEET)
    assert (len(snapshot.findings), len(snapshot.muted)) == (left, gone)
    assert (snapshot.tally.findings, snapshot.tally.muted) == (left, gone)
    assert {item.muted for item in snapshot.findings} <= {None}
    assert {item.muted for item in snapshot.muted} <= {"old"}


def test_a_muted_collision_is_no_error(snapshot_of: MakeSnapshot) -> None:
    snapshot = snapshot_of(PortPlan(mutes=(Mute("SC101", "one host each"), Mute("SC113", "old"))), **FLEET)
    assert snapshot.tally == Tally(manifests=2, crates=2, ports_owned=2, muted=4)
    assert (snapshot.findings, snapshot.collisions) == ((), ())
    assert [item["muted"] for item in check_model(snapshot, ())["muted"]] == ["one host each", "old", "old", "old"]


def test_a_finding_that_goes_is_no_longer_muted(snapshot_of: MakeSnapshot) -> None:
    snapshot = snapshot_of(PortPlan(mutes=(Mute("SC101", "one host each"),)), **FLEET)
    moved = snapshot.apply({"b/smart-crate.toml": parse_manifest("b/smart-crate.toml", b'[smart-crate]\nname = "b"\n')})
    assert (snapshot.tally.muted, moved.tally.muted, moved.muted) == (1, 0, ())


@pytest.mark.parametrize(
    ("mute", "said"),
    [
        (Mute("SC113", "old", crate="c"), 'the mute of "SC113" for c matches no finding'),
        (Mute("decoy-port", "old", port=18150), 'the mute of "decoy-port" on port 18150 matches no finding'),
        (Mute("SC119", "old"), 'the mute of "SC119" matches no finding'),
    ],
)
def test_a_mute_that_accepts_nothing_is_said(snapshot_of: MakeSnapshot, mute: Mute, said: str) -> None:
    snapshot = snapshot_of(PortPlan(mutes=(mute, Mute("SC1", "known"))), **FLEET)
    assert [(item.code, item.severity, item.message) for item in snapshot.findings] == [("SC119", "hint", said)]
    assert (snapshot.tally.findings, snapshot.tally.hints, snapshot.tally.muted) == (1, 1, 4)


def test_a_mute_is_of_use_as_long_as_it_accepts_anything(snapshot_of: MakeSnapshot) -> None:
    plan = PortPlan(mutes=(Mute("SC101", "one host each"), Mute("owner-collision", "said twice")))
    snapshot = snapshot_of(plan, a="[ports]\nhttp = 18020", b="[ports]\nhttp = 18020", c="[ports]\nhttp = 18020")
    both = [f'the mute of "{mute.kind}" matches no finding' for mute in plan.mutes]
    path = "{}/smart-crate.toml".format
    fewer = snapshot.apply({path("c"): None})
    alone = fewer.apply({path("b"): None})
    assert ([*snapshot.findings], [*fewer.findings]) == ([], [])
    assert [item.message for item in alone.findings] == sorted(both)
    assert alone.apply({path("b"): fewer.records[path("b")].manifest}).findings == ()
    assert alone.apply({path("a"): None}).findings == Snapshot(plan).findings == ()


def test_a_pattern_must_mean_something() -> None:
    with pytest.raises(ValueError, match='"SC9" is no code'):
        Mute("SC9", "why")
