"""The history of health: folded from events, honest about what nobody saw, bounded."""

from workbench.events import Event
from workbench.fleet.health import Health, Turn
from workbench.live.health_record import HealthRecord, health_drafts


def health(crate: str, state: str, since: float) -> Health:
    return Health(crate, state, since, "mux", since, "words")  # type: ignore[arg-type]


def test_what_was_told_is_what_is_restored() -> None:
    record, again = HealthRecord(), HealthRecord()
    turns = [health("a", "healthy", 10.0), health("b", "up", 11.0), health("a", "unhealthy", 12.0)]
    for turn in turns:
        record.note(turn)
    drafts = health_drafts([(turn, None) for turn in turns])
    again.restore(Event.of(draft, seq, 1, 20.0) for seq, draft in enumerate(drafts, 1))
    gap = Turn(20.0, "unknown", None, "the workbench did not run")
    assert again.turns("a") == (*record.turns("a"), gap)
    assert again.turns("b") == (*record.turns("b"), gap)
    assert again.availability("a", 0, 30).seconds == {
        "unhealthy": 8, "degraded": 0, "healthy": 2, "up": 0, "silent": 0, "unknown": 20,
    }  # fmt: skip


def test_many_turns_are_told_in_few_events_and_none_is_left_out() -> None:
    drafts = health_drafts([(health(f"c{n}", "up", 1.0), None) for n in range(450)])
    assert [len(draft.data["changes"]) for draft in drafts] == [100, 100, 100, 100, 50]
    assert {(draft.type, draft.topic) for draft in drafts} == {("health.changed", "health")}
    assert len({change["crate"] for draft in drafts for change in draft.data["changes"]}) == 450


def test_it_keeps_the_newest() -> None:
    record = HealthRecord(kept=3)
    for n in range(10):
        record.note(health("a", "up" if n % 2 else "silent", float(n)))
    assert [turn.at for turn in record.turns("a")] == [7.0, 8.0, 9.0]


def test_foreign_events_do_no_harm() -> None:
    from workbench.events import Draft

    record = HealthRecord()
    odd = {"changes": [{"crate": "a", "state": "marvellous", "at": 1}, {"crate": "a", "state": "up", "at": "now"}, {}]}
    record.restore([Event.of(Draft("health.changed", "health", odd), 1, 1, 5.0)])
    assert record.turns("a") == ()
