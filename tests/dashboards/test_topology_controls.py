"""What the controls of the topology page ask for, and the words for it in the URL."""

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from workbench import Workbench
from workbench.dashboards import TopologyPage, slot_view
from workbench.dashboards.address import Address
from workbench.dashboards.session import Session
from workbench.dashboards.slot_view import SlotView
from workbench.dashboards.topology_controls import TopologyControls
from workbench.fleet.snapshot import Snapshot


def controls_at(search: str, snapshot: Snapshot) -> TopologyControls:
    controls = TopologyControls(snapshot, lambda is_kept: None)
    controls.read(Address(SimpleNamespace(search=search)), snapshot)
    return controls


def test_a_link_holds_all_that_is_asked(snapshot: Snapshot) -> None:
    search = (
        "?mode=path&focus=public-ingress&to=18104&q=a&class=gateway&colour=community&highlight=cycles"
        "&nodes=crate,port&edges=REFERENCES"
    )
    controls = controls_at(search, snapshot)
    assert controls.view(snapshot) == SlotView(
        ("crate", "port"), ("REFERENCES",), "a", "path", "crate:public-ingress", 0, "port:18104", "gateway"
    )
    assert (controls.coloring.value, controls.highlight.value) == ("community", "cycles")
    asked = "&".join(f"{key}={value}" for key, value in controls.query().items() if value)
    again = controls_at(f"?{asked}", snapshot)
    assert again.view(snapshot) == controls.view(snapshot)
    assert again.query() == controls.query()


@pytest.mark.parametrize(
    "search",
    [
        "?mode=sideways&colour=plaid&highlight=everything&class=nobility&hops=99&nodes=crate",
        "?mode=<script>&hops=-1&edges=DEPENDS_ON,BUILT_ON,REFERENCES",
        "?hops=1e3&colour=&q=",
    ],
)
def test_values_that_mean_nothing_are_as_if_absent(search: str, snapshot: Snapshot) -> None:
    controls = controls_at(search, snapshot)
    assert controls.view(snapshot) == SlotView()
    assert not any(controls.query().values())


def test_a_link_to_a_node_with_hops_shows_its_surroundings(snapshot: Snapshot) -> None:
    view = controls_at("?node=crate:public-ingress&hops=2", snapshot).view(snapshot)
    assert (view.mode, view.focus, view.hops) == ("around", "crate:public-ingress", 2)


def test_in_a_large_fleet_a_link_to_a_node_shows_its_surroundings(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slot_view, "MOST_NODES", 10)
    view = controls_at("?node=crate:public-ingress", snapshot).view(snapshot)
    assert (view.mode, view.focus, view.hops) == ("around", "crate:public-ingress", 1)
    controls = controls_at("", snapshot)
    assert controls.view(snapshot).mode == "by-class"
    controls.mode.value = "all"
    assert controls.query()["mode"] == "all"


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ("", ""),
        ("?mode=up", "name a node or select one"),
        ("?mode=path", "name two nodes or select them, one after the other"),
        ("?mode=path&focus=public-ingress", "name a node or select one"),
        ("?mode=up&focus=port-manger", 'no node is called "port-manger"; near are port-manager'),
        ("?mode=up&focus=port-manager", ""),
    ],
)
def test_what_is_missing_or_misspelled_is_said(search: str, words: str, snapshot: Snapshot) -> None:
    assert controls_at(search, snapshot).trouble(snapshot).startswith(words)
    assert bool(controls_at(search, snapshot).trouble(snapshot)) == bool(words)


def test_nodes_that_are_selected_become_the_ends_of_a_way(sample: Workbench) -> None:
    page = TopologyPage(sample)
    page.controls.mode.value = "path"
    page.select("crate:public-ingress")
    page.select("crate:port-manager")
    page.select("crate:console-web")
    assert (page.view.focus, page.view.target) == ("crate:public-ingress", "crate:port-manager")
    assert page.drawing is not None
    assert page.drawing.paint.chart.slice.way[0] == "crate:public-ingress"
    page.followers[0].stop()


def test_the_details_show_what_a_blast_radius_holds(sample: Workbench) -> None:
    page = TopologyPage(sample, address=Address(SimpleNamespace(search="?mode=up&focus=port-manager")))
    assert "Who needs port-manager" in page._details.object
    assert "mode=up" in page._details.object  # Its links keep the view.
    page.followers[0].stop()


def test_a_selected_group_leads_to_its_crates(sample: Workbench) -> None:
    page = TopologyPage(sample, address=Address(SimpleNamespace(search="?mode=by-class&node=group:class:gateway")))
    assert 'href="topology?class=gateway"' in page._details.object
    assert page.selected == "group:class:gateway"
    page.followers[0].stop()


def test_a_page_with_a_highlight_says_what_it_is(sample: Workbench) -> None:
    page = TopologyPage(sample, address=Address(SimpleNamespace(search="?highlight=cycles")))
    assert "1 cycle with 3 nodes" in page._legend.object
    page.followers[0].stop()


def test_what_is_slow_is_computed_off_the_event_loop() -> None:
    """In a server: on another thread than the loop's, and what comes of it is taken up in the session."""
    session, threads, taken = Session(), [], []

    def called(function: Any) -> None:
        taken.append(threading.current_thread())
        function()

    async def main() -> None:
        done = asyncio.Event()
        session._document = lambda: SimpleNamespace(add_next_tick_callback=called)  # type: ignore[assignment,return-value]
        session.compute(lambda: threads.append(threading.current_thread()), lambda _: done.set())
        assert not done.is_set()
        await asyncio.wait_for(done.wait(), 10)

    asyncio.run(main())
    assert threads[0] is not threading.current_thread()
    assert len(taken) == 1


def test_without_a_server_it_is_computed_at_once() -> None:
    taken: list[int] = []
    Session().compute(lambda: 7, taken.append)
    assert taken == [7]


def test_only_the_newest_question_is_drawn(sample: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    page = TopologyPage(sample)
    waiting: list[Any] = []
    monkeypatch.setattr(page._session, "compute", lambda draw, put: waiting.append((draw, put)))
    page.controls.classes.value = "gateway"
    page.controls.classes.value = "library"
    for draw, put in reversed(waiting):
        put(draw())
    assert page.drawing is not None
    assert page.drawing.paint.chart.view.classification == "library"
    page.followers[0].stop()
