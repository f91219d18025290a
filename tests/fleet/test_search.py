"""Search over everything that has a name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench import Workbench
from workbench.config import sample_fleet
from workbench.fleet.search import HIT_KINDS, search
from workbench.fleet.snapshot import Snapshot

FLEET = Workbench.scan(sample_fleet()).snapshot


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("sx9-gateway-edge", "crate", "sx9-gateway-edge"),
        ("gateway-edge", "crate", "sx9-gateway-edge"),
        ("GATEWAY edge", "crate", "sx9-gateway-edge"),
        ("18001", "port", "18001"),
        ("nats", "service", "nats"),
    ],
)
def test_the_best_hit_comes_first(text: str, kind: str, name: str) -> None:
    assert search(FLEET, text)[kind][0].name == name  # type: ignore[index]


def test_a_finding_is_named_by_its_fingerprint() -> None:
    (hit,) = search(FLEET, "cache-warmer decoy")["finding"]
    assert hit.name == next(item.fingerprint for item in FLEET.findings if item.kind == "decoy-port")


@given(st.text(max_size=6), st.integers(1, 5))
def test_every_word_stands_in_every_hit(text: str, limit: int) -> None:
    found = search(FLEET, text, limit)
    assert tuple(found) == HIT_KINDS
    for hits in found.values():
        assert len(hits) <= limit
        for hit in hits:
            words = f"{hit.title} {hit.detail}".casefold()
            assert all(word in words for word in text.casefold().split())


def test_nothing_is_found_for_nothing() -> None:
    assert not any(search(FLEET, "  ").values())
    assert not any(search(Snapshot(), "a").values())


def test_all_crates_can_be_found() -> None:
    for crate in FLEET.crates:
        assert search(FLEET, crate.name)["crate"][0].title == crate.name
