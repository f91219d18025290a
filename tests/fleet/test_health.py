"""The verdict on a crate: the worst that is fresh, contradictions, silence, and availability over time."""

from hypothesis import given
from hypothesis import strategies as st

from workbench.fleet.health import (
    SOURCES,
    STATES,
    Evidence,
    Health,
    Turn,
    availability,
    verdict,
)

NOW = 1000.0


def said(state: str, source: str = "http-probe", age: float = 1.0, fresh_for: float = 60.0) -> Evidence:
    return Evidence(source, state, NOW - age, fresh_for, f"{source} {state}")  # type: ignore[arg-type]


def test_without_evidence_nothing_is_claimed() -> None:
    assert verdict("a", (), NOW) == Health("a", "unknown", NOW, None, None, "nothing is known of it")


def test_the_best_source_is_named_with_its_age() -> None:
    found = verdict("a", [said("healthy", "mux", 3), said("healthy", "http-probe", 5), said("up", "listener")], NOW)
    assert (found.state, found.source, found.at, found.detail) == (
        "healthy", "http-probe", NOW - 5, "http-probe healthy",
    )  # fmt: skip


def test_the_worst_counts_and_the_other_is_told() -> None:
    found = verdict("a", [said("healthy"), said("unhealthy", "mux")], NOW)
    assert (found.state, found.source) == ("unhealthy", "mux")
    assert found.detail == "mux unhealthy; but http-probe says healthy: http-probe healthy"


def test_old_evidence_does_not_count_and_is_told_as_such() -> None:
    found = verdict("a", [said("healthy", age=500)], NOW)
    assert (found.state, found.source, found.at) == ("unknown", "http-probe", NOW - 500)
    assert found.detail == "last known healthy by http-probe, 500 s ago: http-probe healthy"


def test_healthy_where_nobody_answers_is_not_believed() -> None:
    found = verdict("a", [said("healthy", "mux"), said("silent", "tcp-probe")], NOW)
    assert found.state == "degraded"
    assert found.detail == "mux healthy; but tcp-probe says silent: tcp-probe silent"


def test_silence_is_no_failure_until_it_was_there() -> None:
    never = verdict("a", [said("silent", "tcp-probe")], NOW)
    assert never.state == "silent"
    up = verdict("a", [said("up", "tcp-probe")], NOW, never)
    gone = verdict("a", [said("silent", "tcp-probe")], NOW + 1, up)
    assert (gone.state, gone.since) == ("unhealthy", NOW + 1)
    still = verdict("a", [said("silent", "tcp-probe")], NOW + 2, gone)
    assert (still.state, still.since) == ("unhealthy", NOW + 1)


EVIDENCE = st.builds(
    Evidence, st.sampled_from(SOURCES), st.sampled_from(STATES), st.floats(0, NOW), st.floats(0, NOW), st.just("x")
)


@given(st.lists(EVIDENCE, max_size=6))
def test_healthy_needs_a_fresh_source_and_none_that_says_worse(evidence: list[Evidence]) -> None:
    found = verdict("a", evidence, NOW)
    fresh = {item.state for item in evidence if item.is_fresh(NOW)}
    if found.state == "healthy":
        assert "healthy" in fresh
        assert not fresh & {"unhealthy", "degraded", "silent"}
        assert found.source is not None
        assert found.at is not None
    assert (found.state == "unknown") == (not fresh - {"unknown"})


TURNS = st.lists(st.tuples(st.floats(0, 100), st.sampled_from(STATES)), max_size=8).map(
    lambda pairs: [Turn(at, state, None, "") for at, state in sorted(pairs, key=lambda pair: pair[0])]
)


@given(TURNS, st.floats(0, 50), st.floats(50, 100))
def test_times_add_up_to_the_window(turns: list[Turn], start: float, end: float) -> None:
    found = availability(turns, start, end)
    assert abs(sum(found.seconds.values()) - (end - start)) < 1e-6
    assert all(value >= 0 for value in found.seconds.values())
    assert found.share is None or -1e-9 <= found.share <= 1 + 1e-9


def test_unknown_time_is_neither_good_nor_bad() -> None:
    turns = [Turn(10, "healthy", None, ""), Turn(40, "unhealthy", None, ""), Turn(50, "unknown", None, "")]
    found = availability(turns, 0, 100)
    assert found.seconds == {
        "unhealthy": 10, "degraded": 0, "healthy": 30, "up": 0, "silent": 0, "unknown": 60,
    }  # fmt: skip
    assert (found.known_seconds, found.share) == (40, 0.75)
    assert availability([], 0, 100).share is None
