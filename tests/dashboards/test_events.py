"""The rows of the event log."""

from collections.abc import Callable
from pathlib import Path

import pytest

from workbench import Workbench
from workbench.dashboards.event_rows import EventRows, EventsFilter, event_words, matching_events
from workbench.dashboards.events_page import EventsPage, event_details
from workbench.dashboards.links import Links
from workbench.events import Draft, Event, Topic

BAD = "<script>x</script>"


def event(kind: str, topic: Topic, data: dict[str, object], seq: int = 7) -> Event:
    return Event.of(Draft(kind, topic, data), seq, 3, 0.0)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"finding": {"severity": "error", "message": "two own 80"}}, "error: two own 80"),
        ({"port": 80, "claims": [{"crate": "web", "role": "owner"}]}, "port 80: web (owner)"),
        ({"port": 80, "claims": []}, "port 80: nobody claims it any more"),
        ({"count": 5000, "first": ["a", "b"]}, "5,000 at once: a, b"),
        ({"name": "web", "path": "w/smart-crate.toml", "crate": {}}, "web (w/smart-crate.toml)"),
        ({"crates": 1234, "errors": 1, "warnings": 2, "hints": 0}, "1,234 crates, 1 errors, 2 warnings"),
        ({"crate_name": "web", "port": 18001}, "web: port 18001"),
        ({"odd": [1]}, '{"odd":[1]}'),
        ({}, "some.event"),
    ],
)
def test_an_event_is_told_in_one_line(data: dict[str, object], words: str) -> None:
    assert event_words(event("some.event", "system", data)) == words


def test_a_long_line_is_cut() -> None:
    told = event_words(event("x", "system", {"count": 2, "first": ["y" * 500]}))
    assert len(told) == 240
    assert told.endswith("…")


def test_rows_are_newest_first_and_made_once(sample: Workbench) -> None:
    rows = EventRows(sample)
    frame = rows.frame()
    assert list(frame.index) == sorted(frame.index, reverse=True)
    assert rows.frame() is frame
    assert rows.event(int(frame.index[0])).type == "fleet.revision"  # type: ignore[union-attr]
    assert rows.event(10**9) is None
    assert list(matching_events(frame, EventsFilter("CRATES 54", "system"))["type"]) == ["fleet.revision"]
    assert matching_events(frame, EventsFilter(topic="mux")).empty


def test_details_are_escaped(sample: Workbench) -> None:
    text = event_details(event(BAD, "crates", {"name": BAD, "path": BAD, "port": 80}), Links())
    assert "<script" not in text
    assert 'href="ports?port=80"' in text


def test_a_list_that_holds_still_says_how_much_is_newer(
    followed: Workbench, write_manifest: Callable[..., Path], wait_for: Callable[..., None]
) -> None:
    page = EventsPage(followed)
    shown = len(page.table.frame)
    page.is_paused.value = ["hold still"]
    write_manifest("beta")
    wait_for(lambda: "newer" in page._count.object)
    assert len(page.table.frame) == shown
    page.is_paused.value = []
    assert "crate.added" in set(page.table.frame["type"])
    for follower in page.followers:
        follower.stop()
