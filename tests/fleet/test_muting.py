"""Muted findings do not count, and are never gone."""

import pytest

from workbench.fleet.manifest import parse_manifest
from workbench.fleet.muting import Mute
from workbench.fleet.plan import PortPlan
from workbench.fleet.snapshot import Tally
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
        (Mute("SC113", "old", crate="c"), 4, 0),
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


def test_a_pattern_must_mean_something() -> None:
    with pytest.raises(ValueError, match='"SC9" is no code'):
        Mute("SC9", "why")
