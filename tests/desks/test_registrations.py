"""Services that register: fresh, stale, gone, heard again, replaced, forgotten, and folded from their journal."""

import pytest

from workbench.desks.registrations import Patience, Registrations, ServiceEntry
from workbench.errors import TooManyServices, UnknownService
from workbench.fleet.observed import Registration

PATIENCE = Patience(stale_after=10, gone_after=30, most=2)


def states(book: Registrations) -> dict[str, str]:
    return {item.service_name: item.state for item in book.services}


def test_silence_makes_stale_then_gone_and_a_heartbeat_live_again() -> None:
    book = Registrations(patience=PATIENCE)
    (made,) = book.register(Registration("atlas", 18020), 1000, 0)
    assert (made.action, made.service.registered_at, made.seen_at) == ("registered", 1000, 1000)
    assert (book.revise(1009, 9), book.seconds_to_change(9)) == ([], 1)
    (entry,) = book.revise(1010, 10)
    assert (entry.action, entry.seen_at, states(book), book.seconds_to_change(10)) == (
        "stale",
        1000,
        {"atlas": "stale"},
        20,
    )
    (entry,) = book.revise(1030, 30)
    assert (entry.action, states(book), book.seconds_to_change(30)) == ("gone", {"atlas": "gone"}, None)
    book.beat("sx9-ATLAS", 1040, 40, {"load": 1})
    (entry,) = book.revise(1040, 40)
    assert (entry.action, entry.seen_at, states(book)) == ("live", 1040, {"atlas": "live"})
    assert book.pulse("atlas").metrics == {"load": 1}


def test_registering_again_replaces_and_the_same_again_is_a_heartbeat() -> None:
    book = Registrations(patience=PATIENCE)
    book.register(Registration("atlas", 18020), 1000, 0)
    book.report("atlas", "healthy")
    assert book.register(Registration("atlas", 18020), 1005, 5) == []
    assert (book.pulse("atlas").seen_at, book.service("atlas").status) == (1005, "healthy")
    (entry,) = book.register(Registration("atlas", 18021), 1006, 6)
    assert (entry.service.port, entry.service.registered_at, len(book)) == (18021, 1006, 1)


def test_unknown_services_and_a_full_book() -> None:
    book = Registrations(patience=PATIENCE)
    with pytest.raises(UnknownService, match="register first"):
        book.beat("atlas", 0, 0, {})
    book.register(Registration("a", 1), 0, 0)
    book.register(Registration("b", 2), 1, 1)
    with pytest.raises(TooManyServices):
        book.register(Registration("c", 3), 2, 2)
    book.beat("b", 29, 29, {})
    book.revise(30, 30)
    forgotten, made = book.register(Registration("c", 3), 30, 30)
    assert (forgotten.action, forgotten.service.service_name, made.action) == ("forgotten", "a", "registered")
    assert states(book) == {"b": "live", "c": "live"}


def test_the_journal_gives_the_services_back_stale_until_they_are_heard() -> None:
    book, entries = Registrations(patience=PATIENCE), list[ServiceEntry]()
    entries += book.register(Registration("a", 1), 1000, 0)
    entries += book.register(Registration("b", 2), 1001, 1)
    book.beat("b", 1020, 20, {})
    entries += book.revise(1030, 30)
    entries += book.register(Registration("c", 3), 1031, 31)
    again = Registrations(entries, PATIENCE, heard=500)
    again.revise(2000, 500)
    assert states(again) == {"b": "stale", "c": "stale"}
    assert (again.pulse("c").seen_at, again.seconds_to_change(500)) == (1031, 20)
    again.revise(2020, 520)
    assert states(again) == {"b": "gone", "c": "gone"}
