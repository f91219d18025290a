"""The pages as objects: in a notebook, in every state of a fleet, and live."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from workbench import Workbench
from workbench.config import sample_fleet
from workbench.dashboards import (
    EventsPage,
    FindingsPage,
    FleetPage,
    HistoryPage,
    Pages,
    PortsPage,
    SqlPage,
    TopologyPage,
)
from workbench.dashboards.frame import pulse_markup
from workbench.dashboards.page import Page
from workbench.dashboards.session import Session
from workbench.dashboards.states import scanning_state
from workbench.fleet.snapshot import Snapshot

PAGES: tuple[type[Page], ...] = (FleetPage, PortsPage, TopologyPage, FindingsPage, EventsPage, SqlPage, HistoryPage)


@pytest.fixture(params=PAGES, ids=lambda page: page.title)
def make_page(request: pytest.FixtureRequest) -> Iterator[Callable[[Workbench], Page]]:
    made: list[Page] = []

    def make(wb: Workbench) -> Page:
        made.append(request.param(wb))
        return made[-1]

    yield make
    for page in made:
        for follower in page.followers:
            follower.stop()


def shown(page: Page) -> str:
    return repr(page._body)


def test_pages_show_themselves_without_a_server(sample: Workbench) -> None:
    pages = Pages(sample)
    for page in (
        pages.fleet(),
        pages.ports(),
        pages.topology(),
        pages.findings(),
        pages.events(),
        pages.sql(),
        pages.history(),
    ):
        bundle = page._repr_mimebundle_()
        assert bundle is None or bundle
        assert len(page._body) == 1


def test_an_empty_fleet_tells_how_to_add_a_root(fleet_dir: Path, make_page: Callable[[Workbench], Page]) -> None:
    page = make_page(Workbench.scan(fleet_dir))
    assert "There is no crate here yet" in page._state.object
    assert str(fleet_dir) in page._state.object


def test_a_fleet_of_nothing_but_broken_manifests_is_shown(
    fleet_dir: Path, write_manifest: Callable[..., Path], make_page: Callable[[Workbench], Page]
) -> None:
    write_manifest("broken", "[smart-crate\n")
    page = make_page(Workbench.scan(fleet_dir))
    assert page._state.object == ""


def test_the_first_scan_shows_its_progress() -> None:
    status = {"roots": ["/src"], "scan": {"phase": "reading", "directories": 7, "found": 1200, "read": 300}}
    assert "300 of 1,200 manifests read" in scanning_state(status)


def test_a_page_follows_the_fleet(
    followed: Workbench, write_manifest: Callable[..., Path], wait_for: Callable[..., None],
    make_page: Callable[[Workbench], Page],
) -> None:  # fmt: skip
    page = make_page(followed)
    write_manifest("beta")
    wait_for(lambda: {crate.name for crate in page.snapshot.crates} == {"alpha", "beta"})


def test_a_page_that_is_gone_is_no_longer_told(
    followed: Workbench, write_manifest: Callable[..., Path], wait_for: Callable[..., None]
) -> None:
    pages = Pages(followed)
    page = pages.fleet()
    assert pages._feed.followers == 1
    del page
    write_manifest("beta")
    import gc

    def is_forgotten() -> bool:
        gc.collect()
        return pages._feed.followers == 0 or followed._hub.log.listeners == 0

    write_manifest("gamma")
    wait_for(lambda: followed.summary()["crates"] == 3)
    followed._hub.refresh().result(10)
    write_manifest("delta")
    wait_for(is_forgotten)


def test_the_selection_survives_a_new_revision(
    followed: Workbench, write_manifest: Callable[..., Path], wait_for: Callable[..., None]
) -> None:
    page = FleetPage(followed)
    page.table.widget.selection = [0]
    assert page.selected == "alpha/smart-crate.toml"
    write_manifest("aaa")
    wait_for(lambda: len(page.table.frame) == 2)
    wait_for(lambda: page.table.selected == "alpha/smart-crate.toml")
    assert page.table.widget.selection == [1]
    page.followers[0].stop()


def test_equal_rows_are_not_sent_again(sample: Workbench) -> None:
    page = FleetPage(sample)
    before = page.table.widget.value
    page.refresh()
    assert page.table.widget.value is before
    page.followers[0].stop()


def test_a_port_is_looked_up(sample: Workbench) -> None:
    page = PortsPage(sample)
    page.lookup.value = 18104
    assert "reference-mismatch" in page._details.object
    page.select(50051)
    assert page.lookup.value == 50051
    assert "No sister port" in page._sister.object
    page.followers[0].stop()


def test_a_selected_node_can_be_focused(sample: Workbench) -> None:
    page = TopologyPage(sample)
    page.select("crate:public-ingress")
    page.controls.mode.value = "around"
    assert page.controls.focus.value == "crate:public-ingress"
    assert len(page.figure.nodes.data["index"]) < 10
    page.controls.mode.value = "all"
    assert len(page.figure.nodes.data["index"]) == 54
    page.followers[0].stop()


@pytest.mark.parametrize(
    ("watch", "words"),
    [
        ({"mode": "events", "directories": 3}, "live"),
        ({"mode": "polling", "error": "no watches left", "beat_seconds": 5.0}, "polling"),
        ({"mode": "off"}, "not followed"),
        ({"mode": "events", "directories": 3, "phase": "last-known"}, "last known"),
        ({"mode": "events", "directories": 3, "phase": "scanning"}, "scanning"),
    ],
)
def test_the_pulse_says_how_the_fleet_is_followed(watch: dict[str, Any], words: str) -> None:
    phase = watch.get("phase", "ready")
    status = {"watch": watch, "journal": {"error": None}, "status": phase, "scan": {"phase": "reading"}}
    wb = SimpleNamespace(
        status=lambda: status,
        summary=lambda: {"errors": 1, "warnings": 0},
        revision=7,
        taken_at=0.0,
        snapshot=Snapshot(),
    )
    text = pulse_markup(wb)  # type: ignore[arg-type]
    assert words in text
    assert "<b>1</b> error<" in text


def test_a_large_fleet_is_prepared_beside_the_event_loop_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.dashboards.page._QUICKLY_PREPARED", 0)
    waiting: list[tuple[Any, Any]] = []
    monkeypatch.setattr(Session, "compute", lambda _, compute, done: waiting.append((compute, done)))
    wb = Workbench.scan(sample_fleet())
    page = FindingsPage(wb)
    assert "Preparing this page" in page._state.object
    assert not wb.snapshot.has_derived("finding-rows")
    (compute, done), *others = waiting
    assert not others
    done(compute())
    assert wb.snapshot.has_derived("finding-rows")
    assert len(page.table.frame) == len(wb.snapshot.findings)
    again = FindingsPage(wb)
    assert len(waiting) == 1
    assert len(again.table.frame) == len(wb.snapshot.findings)
    for shown in (page, again):
        shown.followers[0].stop()


def test_what_nobody_looks_at_is_not_prepared(followed: Workbench, write_manifest: Any, wait_for: Any) -> None:
    page = FleetPage(followed)
    write_manifest("beta")
    wait_for(lambda: len(page.snapshot.crates) == 2)
    assert page.snapshot.has_derived("registry-frame")
    assert not page.snapshot.has_derived("slot-sketch")
    page.followers[0].stop()
