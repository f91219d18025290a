"""The desk of health: tells only changes, forgets nothing it has seen, and knows how things were before a restart."""

from tests.conftest import wait_for
from workbench.events import Draft, Event
from workbench.fleet.health import Evidence
from workbench.live.health_desk import HealthDesk

NOW = 1000.0


class Bench:
    """A desk without its thread, with a clock and evidence of the test's own."""

    def __init__(self) -> None:
        self.now = NOW
        self.found: dict[str, list[Evidence]] = {}
        self.told: list[Draft] = []
        self.desk = HealthDesk(lambda: self.found, self.told.extend, now=lambda: self.now)

    def say(self, **states: str) -> None:
        self.found = {
            crate: [Evidence("tcp-probe", state, self.now, 60.0, state)]  # type: ignore[arg-type]
            for crate, state in states.items()
        }
        self.desk.judge()

    @property
    def changes(self) -> list[tuple[str, str, str]]:
        return [(c["crate"], c["was"], c["state"]) for draft in self.told for c in draft.data["changes"]]


def test_only_changes_are_told() -> None:
    bench = Bench()
    bench.say(a="up", b="silent")
    bench.say(a="up", b="silent")
    bench.say(a="silent", b="silent")
    assert bench.changes == [("a", "unknown", "up"), ("b", "unknown", "silent"), ("a", "up", "unhealthy")]


def test_what_is_no_longer_seen_is_unknown_and_not_forgotten() -> None:
    bench = Bench()
    bench.say(a="up")
    bench.say()
    assert bench.desk.board["a"].state == "unknown"
    assert [turn.state for turn in bench.desk.record.turns("a")] == ["up", "unknown"]


def test_evidence_grows_old_by_itself() -> None:
    bench = Bench()
    bench.say(a="up")
    bench.now += 100
    bench.desk.judge()
    assert bench.desk.board["a"].state == "unknown"
    assert bench.changes[-1] == ("a", "up", "unknown")


def test_what_was_there_before_a_restart_and_is_silent_after_it_has_failed() -> None:
    first, second = Bench(), Bench()
    first.say(a="up", b="silent")
    second.found = {
        "a": [Evidence("tcp-probe", "silent", NOW, 60.0, "x")],
        "b": [Evidence("tcp-probe", "silent", NOW, 60.0, "x")],
    }
    second.desk.start([Event.of(draft, seq, 1, NOW - 10) for seq, draft in enumerate(first.told, 1)])
    wait_for(lambda: len(second.desk.board) == 2)
    second.desk.stop()
    assert {name: health.state for name, health in second.desk.board.items()} == {"a": "unhealthy", "b": "silent"}
    assert [turn.detail for turn in second.desk.record.turns("a")][1:] == [
        "the workbench did not run", "x; it was there before",
    ]  # fmt: skip
