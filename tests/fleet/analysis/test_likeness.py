"""Orphans, twins and shared dependencies."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fleet.conftest import snapshot_of
from workbench.errors import InvalidRequest, UnknownCrate
from workbench.fleet.analysis.likeness import _is_one_letter_apart
from workbench.fleet.analysis.orphans import orphans
from workbench.fleet.analysis.sharing import shared_dependencies
from workbench.fleet.analysis.twins import twins
from workbench.fleet.snapshot import Snapshot


def test_orphans_have_a_kind(shop: Snapshot) -> None:
    snapshot = shop
    found = orphans(snapshot)
    assert [(item.crate, item.kind) for item in found.orphans] == [
        ("alone", "alone"), ("spare", "alone"), ("web", "uncalled-service"),
    ]  # fmt: skip
    assert found.explanation == "Nothing leans on 3 of 9 crates: 2 alone, 1 uncalled-service."
    library = orphans(snapshot_of(a="", b='[dependencies]\na = "a"'))
    assert [(item.crate, item.kind) for item in library.orphans] == [("b", "unused-library")]


def pairs(texts: Mapping[str, str], least: float = 0.0) -> dict[tuple[str, str], dict[str, float]]:
    found = twins(snapshot_of(**texts), least)
    return {tuple(sorted(p.crates)): {sign.rule: sign.score for sign in p.signs} for p in found.pairs}  # type: ignore[misc]


@pytest.mark.parametrize(
    ("one", "other", "score"),
    [
        ("ctas7-atlas-daemon", "sx9-atlas-daemon", 0.7),
        ("atlas-daemon", "atlas_daemon", 0.7),
        ("atlas-daemon", "atlas-daemon-v2", 0.6),
        ("atlas-daemon", "atlas-daemon-old", 0.6),
        ("atlas-daemon", "daemon-atlas", 0.5),
        ("atlas-daemon", "atlas-deamon", None),
        ("atlas-daemon", "atlas-daemn", 0.75),
        ("atlas-daemon", "atlus-daemon", 0.75),
        ("worker-1", "worker-2", None),
        ("worker-00017", "worker-00018", None),
        ("node1-relay", "node2-relay", None),
        ("gateway", "ledger", None),
        ("api", "apy", None),
    ],
)
def test_near_names(one: str, other: str, score: float | None) -> None:
    found = pairs({"a": f'[smart-crate]\nname = "{one}"', "b": f'[smart-crate]\nname = "{other}"'})
    expected = {tuple(sorted((one, other))): {"near-name": score}} if score is not None else {}
    assert found == expected


def test_the_other_rules_and_how_they_add_up() -> None:
    texts = {
        "left": '[ports]\nhttp = 18020\n[dependencies]\na = "lib-a"\nb = "lib-b"',
        "right": '[ports]\nhttp = 18020\n[dependencies]\na = "lib-a"\nb = "lib-b"',
        "heir": '[metadata]\ncloned_from = "left"',
        "lib_a": "", "lib_b": "", "x": "", "y": "",
    }  # fmt: skip
    assert pairs(texts) == {
        ("left", "right"): {"same-ports": 0.7, "same-dependencies": 0.5},
        ("heir", "left"): {"former-name": 0.6},
    }
    found = twins(snapshot_of(**texts), 0.7)
    assert [pair.score for pair in found.pairs] == [pytest.approx(1 - 0.3 * 0.5)]
    assert "both own 18020; both lean on lib-a, lib-b" in found.explanation
    same = twins(snapshot_of(a='[smart-crate]\nname = "n"', b='[smart-crate]\nname = "n"'))
    assert [(pair.score, pair.signs[0].rule) for pair in same.pairs] == [(1.0, "same-name")]
    with pytest.raises(InvalidRequest, match="from 0 to 1"):
        twins(snapshot_of(a=""), 2)


def test_what_the_whole_fleet_leans_on_makes_no_twins() -> None:
    crate = 'foundation = "core"\n[dependencies]\nbus = "bus"'
    everyone = dict.fromkeys("abcde", crate)
    assert pairs({"core": "", "bus": "", **everyone}) == {}


@given(st.text("ab", max_size=5), st.text("ab", max_size=5))
def test_one_letter_apart(one: str, other: str) -> None:
    edited = {one[:n] + one[n + 1 :] for n in range(len(one))}
    edited |= {one[:n] + c + one[n:] for n in range(len(one) + 1) for c in "ab"}
    edited |= {one[:n] + c + one[n + 1 :] for n in range(len(one)) for c in "ab"}
    if one != other:
        assert _is_one_letter_apart(one, other) == (other in edited)


def test_the_matrix_of_shared_dependencies() -> None:
    snapshot = snapshot_of(
        a='[dependencies]\nx = "x"\ny = "y"', b='[dependencies]\nx = "x"\ny = "y"\nz = "z"', c='[dependencies]\nz = "z"',
        x="", y="", z="",
    )  # fmt: skip
    found = shared_dependencies(snapshot)
    assert found.crates == ("a", "b", "c")
    assert found.matrix == ((2, 2, 0), (2, 3, 1), (0, 1, 1))
    assert list(found.rows()) == [("a", "b", 2, 2 / 3, ["x", "y"]), ("b", "c", 1, 1 / 3, ["z"])]
    assert shared_dependencies(snapshot, "c", "a").crates == ("c", "a")
    assert shared_dependencies(snapshot, most=1).crates == ("b",)
    assert "no two lean on the same" in shared_dependencies(snapshot, "a", "c").explanation
    with pytest.raises(UnknownCrate):
        shared_dependencies(snapshot, "nobody")
