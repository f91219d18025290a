"""Repair: the fewest moves that leave no collision."""

import pytest
from hypothesis import given, settings

from workbench.fleet.free_ports import free_ports
from workbench.fleet.manifest import parse_manifest
from workbench.fleet.model import Manifest
from workbench.fleet.plan import PortPlan
from workbench.fleet.repair import propose_move, propose_moves
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.whatif import plan_changes

from .conftest import MakeSnapshot
from .test_ports_oracle import fleets, plans

Moves = list[tuple[str, str, int]]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"a": "[ports]\nhttp = 18020", "b": "[ports]\nhttp = 18020"}, [("b", "http", 18000)]),
        (
            {"a": "[ports]\nhttp = 18020", "b": "[ports]\nhttp = 18020", "c": "[ports]\nb = 18020"},
            [("a", "http", 18000)],
        ),
        ({"a": "[ports]\nhttp = 18020\nrest = 18020"}, [("a", "rest", 18000)]),
        ({"a": "[ports]\nhttp = 18152"}, [("a", "http", 18140)]),
        ({"a": "[ports]\nhttp = 18108"}, [("a", "http", 18100)]),
        ({"port_manager": "[ports]\nhttp = 18103", "z": "[ports]\nhttp = 18103"}, [("z", "http", 18100)]),
        ({"a": "[ports]\nhttp = 18120", "b": "[ports]\nhttp = 18121"}, [("b", "http", 18123)]),
        (
            {"a": "[ports]\nhttp = 18020", "b": "[ports]\nhttp = 18030\nhttp_sister = 50788"},
            [("b", "http_sister", 50798)],
        ),
        ({"a": "[ports]\nhttp = 18020", "b": "[ports]\nhttp = 50788\nrest = 18400"}, [("b", "http", 18401)]),
        ({"a": "[ports]\nc = 18001", "c": "", "d": "[ports]\nhttp = 18001"}, [("d", "http", 18000)]),
    ],
)
def test_one_move_clears_it(snapshot_of: MakeSnapshot, texts: dict[str, str], expected: Moves) -> None:
    snapshot = snapshot_of(**texts)
    moves = propose_moves(snapshot)
    assert [(move.crate, move.label, move.port) for move in moves] == expected
    assert plan_changes(snapshot, moves).snapshot.collisions == ()


def test_a_sound_fleet_needs_no_move(snapshot_of: MakeSnapshot) -> None:
    assert propose_moves(snapshot_of(a="[ports]\nhttp = 18020", b="[ports]\na = 18020")) == []


def test_what_stands_in_a_broken_manifest_stays(snapshot_of: MakeSnapshot) -> None:
    snapshot = snapshot_of(a="[ports]\nhttp = 18020", b="[ports]\nhttp = 18020")
    one = snapshot.apply({"b/smart-crate.toml": parse_manifest("b/smart-crate.toml", b"[")})
    assert [move.crate for move in propose_moves(one)] == ["a"]
    both = one.apply({"a/smart-crate.toml": parse_manifest("a/smart-crate.toml", b"[")})
    assert propose_moves(both) == []


@settings(max_examples=40, deadline=None)
@given(fleets(), plans)
def test_no_collision_is_left(manifests: dict[str, Manifest], plan: PortPlan) -> None:
    snapshot = Snapshot(plan).apply(manifests)
    moves = propose_moves(snapshot)
    result = plan_changes(snapshot, moves)
    assert result.snapshot.collisions == ()
    assert bool(moves) == bool(snapshot.collisions)
    assert len({(move.path, move.label, move.was) for move in moves}) == len(moves)


def test_a_free_port_has_its_companions_free_too(snapshot_of: MakeSnapshot) -> None:
    snapshot = snapshot_of(a="[ports]\nhttp = 18100\nc = 18101\nmetrics = 50870")
    assert list(free_ports(snapshot, 18099, 18112, frozenset({18105}))) == [
        18099, 18104, 18106, 18107, 18109, 18110, 18112
    ]  # fmt: skip
    assert list(free_ports(snapshot, 18139, 18144)) == [18139, 18140, 18141, 18142, 18143, 18144]
    taken = snapshot_of(a="[ports]\nhttp = 18142")
    assert list(free_ports(taken, 18139, 18144)) == [18139, 18141, 18143, 18144]


def test_a_proposal_clears_its_collision_and_tells_what_else_it_does(snapshot_of: MakeSnapshot) -> None:
    snapshot = snapshot_of(
        a="[ports]\nhttp = 18020", b="[ports]\nhttp = 18020", c="[ports]\nhttp = 18030", d="[ports]\nhttp = 18030"
    )
    first, second = snapshot.collisions
    proposal = propose_move(snapshot, second)
    assert proposal is not None
    assert (proposal.move.crate, proposal.move.label, proposal.move.port) == ("d", "http", 18000)
    assert proposal.result.vanished == (second,)
    assert proposal.result.snapshot.collisions == (first,)
    assert "-http = 18030\n+http = 18000" in proposal.result.patch()
    elsewhere = propose_move(snapshot, second, frozenset({18000, 18001}))
    assert elsewhere is not None
    assert elsewhere.move.port == 18002


def test_there_is_no_proposal_where_no_manifest_can_be_edited(snapshot_of: MakeSnapshot) -> None:
    whole = snapshot_of(a="[ports]\nhttp = 18151")
    (decoy,) = whole.collisions
    broken = whole.apply({"a/smart-crate.toml": parse_manifest("a/smart-crate.toml", b"[smart-crate")})
    assert broken.collisions == (decoy,)
    assert propose_move(broken, decoy) is None
