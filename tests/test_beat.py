"""The beat: when everything is compared with the disk again."""

import pytest

from workbench import beat
from workbench.beat import Beat


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(beat.time, "monotonic", lambda: now[0])
    return now


def test_the_first_is_due_at_once(clock: list[float]) -> None:
    assert (Beat(5).is_due, Beat(5).wait) == (True, 0)


@pytest.mark.parametrize(("seconds", "wait"), [(0.0, 5.0), (0.125, 5.0), (0.25, 10.0)])
def test_the_next_comes_later_the_longer_one_takes(clock: list[float], seconds: float, wait: float) -> None:
    following = Beat(5)
    following.compared(seconds)
    assert (following.is_due, following.wait) == (False, wait)
    clock[0] += wait
    assert (following.is_due, following.wait) == (True, 0)


def test_a_second_look_comes_soon_and_puts_nothing_off(clock: list[float]) -> None:
    following = Beat(5)
    following.compared()
    following.recheck()
    assert 0 < following.wait < 1
    clock[0] += following.wait / 2
    wait = following.wait
    following.recheck()
    assert following.wait == wait
