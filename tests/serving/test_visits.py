"""How long to give way to the visitors of pages."""

import pytest

from workbench.serving import visits
from workbench.serving.visits import Visits


class _Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    made = _Clock()
    monkeypatch.setattr(visits, "time", made)
    return made


def test_a_visit_is_given_way_to_and_for_a_moment_afterwards(clock: _Clock) -> None:
    seen = Visits()
    assert seen.pause() == 0
    with seen.visit():
        clock.now += 5.0
        assert seen.pause() == 1.5
    assert seen.pause() == 1.5
    clock.now += 1.0
    assert seen.pause() == 0.5
    clock.now += 1.0
    assert seen.pause() == 0


def test_a_visit_that_fails_ends_too(clock: _Clock) -> None:
    seen = Visits()
    with pytest.raises(ValueError, match="no page"), seen.visit():
        raise ValueError("no page")
    clock.now += 2.0
    assert seen.pause() == 0


def test_the_last_of_several_visits_counts(clock: _Clock) -> None:
    seen = Visits()
    with seen.visit():
        with seen.visit():
            clock.now += 1.0
        clock.now += 2.0
        assert seen.pause() == 1.5
    assert seen.pause() == 1.5


def test_visitors_one_upon_the_other_hold_nothing_up_for_ever(clock: _Clock) -> None:
    seen = Visits()
    paused = []
    for _ in range(150):
        with seen.visit():
            paused.append(seen.pause() > 0)
            clock.now += 1.0
    assert paused == [True] * 120 + [False] * 30
    clock.now += 2.0
    with seen.visit():
        assert seen.pause() == 1.5
